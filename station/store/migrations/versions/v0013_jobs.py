"""Periodic work: the jobs there are, and their runs."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str, **more: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, **more)  # type: ignore[arg-type]


def upgrade() -> None:
    op.create_table(
        "jobs",
        _text("name"),
        _int("every_s", nullable=True),
        _int("at_min", nullable=True),
        _int("wanted_s", nullable=True),
        _text("wanted_by", server_default=""),
        _text("token", server_default=""),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_jobs")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "job_runs",
        _int("id"),
        _text("job"),
        _text("author"),
        _int("start_s"),
        _int("end_s", nullable=True),
        _text("result"),
        _int("rows", nullable=True),
        _text("error", server_default=""),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job_runs")),
    )
    op.create_index(op.f("ix_job_runs_job_id"), "job_runs", ["job", "id"])
    op.create_index(op.f("ix_job_runs_start_s"), "job_runs", ["start_s"])


def downgrade() -> None:
    op.drop_table("job_runs")
    op.drop_table("jobs")
