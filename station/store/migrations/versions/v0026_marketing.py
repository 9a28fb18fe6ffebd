"""Marketing: what the outside system says of its records, what was agreed, its files."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _json(name: str, default: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False, server_default=default)


def _unit(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f(f"fk_{table}_unit"))


def upgrade() -> None:
    name = "marketing_records"
    op.create_table(
        name,
        _int("id"),
        _text("kind"),
        _text("number"),
        _int("unit"),
        _text("name", default=""),
        sa.Column("theirs", sa.JSON()),
        *(_json(each, "{}") for each in ("since", "agreed", "kept", "differs")),
        _text("state"),
        *(_int(each) for each in ("open", "same", "compared")),
        *(_int(each, nullable=True) for each in ("from_day", "ours_version")),
        _int("seen_s"),
        *(_int(each, nullable=True) for each in ("opened_s", "later_s")),
        _text("why", default=""),
        _text("settled_by", nullable=True),
        _int("settled_s", nullable=True),
        _int("version"),
        _unit(name),
        sa.UniqueConstraint("kind", "number", name=op.f(f"uq_{name}_kind_number")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_kind_unit_state"), name, ["kind", "unit", "state"])
    op.create_index(f"ix_{name}_open", name, ["id"], sqlite_where=sa.text("open = 1"))
    name = "marketing_files"
    op.create_table(
        name,
        _int("id"),
        *(_text(each) for each in ("digest", "kind", "form")),
        _int("unit"),
        *(_text(each) for each in ("name", "author", "state")),
        _int("begun_s"),
        _int("ended_s", nullable=True),
        *(_int(each, default="0") for each in ("new", "same", "taken", "kept", "conflict", "wrong", "ours")),
        _json("faults", "[]"),
        _unit(name),
        sa.UniqueConstraint("digest", name=op.f(f"uq_{name}_digest")),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_kind_ended_s"), name, ["kind", "ended_s"])
    name = "marketing_looks"
    op.create_table(
        name,
        _text("name"),
        _int("bytes"),
        _int("changed_ns"),
        sa.PrimaryKeyConstraint("name", name=op.f(f"pk_{name}")),
    )


def downgrade() -> None:
    for table in ("looks", "files", "records"):
        op.drop_table(f"marketing_{table}")
