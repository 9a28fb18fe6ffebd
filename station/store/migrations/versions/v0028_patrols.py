"""Batch patrols: what a person reads now of many meters."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _json(name: str, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=nullable)


def _index(table: str, columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{columns.replace(' ', '_')}"), table, columns.split())


def upgrade() -> None:
    op.create_table(
        "patrols",
        _int("id"),
        _text("author"),
        _text("doer"),
        _int("unit"),
        _json("items"),
        _json("chosen"),
        _int("within_s"),
        _text("state"),
        _int("version"),
        _int("round"),
        _int("begun_s"),
        _int("until_s"),
        _int("after_event"),
        _int("ended_s", nullable=True),
        _int("seen_s", nullable=True),
        _int("created_s"),
        _text("once"),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_patrols_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_patrols")),
        sa.UniqueConstraint("once", name=op.f("uq_patrols_once")),
    )
    for columns in ("unit id", "state", "author id"):
        _index("patrols", columns)
    op.create_table(
        "patrol_points",
        _int("patrol"),
        _int("no"),
        _text("device"),
        _int("meter"),
        _text("address"),
        _int("item"),
        _text("state"),
        _text("reason"),
        _json("value", nullable=True),
        _int("quality", nullable=True),
        _int("value_s", nullable=True),
        _int("command", nullable=True),
        _int("asked_s", nullable=True),
        _int("doubt"),
        _int("again_s"),
        sa.ForeignKeyConstraint(["patrol"], ["patrols.id"], name=op.f("fk_patrol_points_patrol")),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_patrol_points_device")),
        sa.PrimaryKeyConstraint("patrol", "no", name=op.f("pk_patrol_points")),
        sqlite_with_rowid=False,
    )
    _index("patrol_points", "patrol state")


def downgrade() -> None:
    op.drop_table("patrol_points")
    op.drop_table("patrols")
