"""Collection: counts of each closed day, devices with holes, what came late, what was asked for again."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFERS = {"unit": "org_units.id", "device": "devices.device", "task": "collection_tasks.id"}


def _int(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def _table(name: str, key: str, *columns: sa.Column, **more: object) -> None:
    refers = [
        sa.ForeignKeyConstraint([c.name], [REFERS[c.name]], name=op.f(f"fk_{name}_{c.name}"))
        for c in columns
        if c.name in REFERS
    ]
    primary = sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{name}"))
    op.create_table(name, *columns, *refers, primary, **more)  # type: ignore[arg-type]


def _index(table: str, columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{columns.replace(' ', '_')}"), table, columns.split())


def upgrade() -> None:
    op.add_column("collection_tasks", _int("counted_day", nullable=True))
    _table(
        "collection_days",
        "task day unit",
        _int("task"),
        _int("day"),
        _int("unit"),
        _int("expected"),
        _int("in_time", nullable=True),
        _int("came"),
        sqlite_with_rowid=False,
    )
    _table(
        "collection_holes",
        "task day device",
        _int("task"),
        _int("day"),
        _text("device"),
        _int("unit"),
        _int("expected"),
        _int("came"),
        sqlite_with_rowid=False,
    )
    _index("collection_holes", "device day")
    _table("collection_late", "device utc_day", _text("device"), _int("utc_day"), sqlite_with_rowid=False)
    _table(
        "collection_asks",
        "id",
        _int("id"),
        _text("device"),
        _int("kind"),
        _int("meter"),
        _int("from_s"),
        _int("until_s"),
        _int("priority"),
        _text("author"),
        _int("made_s"),
        _int("command", nullable=True),
        _text("state"),
    )
    _index("collection_asks", "device made_s")
    _index("collection_asks", "state priority id")


def downgrade() -> None:
    for table in ("asks", "late", "holes", "days"):
        op.drop_table(f"collection_{table}")
    with op.batch_alter_table("collection_tasks") as table:
        table.drop_column("counted_day")
