"""Archives: records of customers and things, their history, links, swaps and findings."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
REFERS = {"unit": "org_units.id", "device": "devices.device"} | dict.fromkeys(
    ("record", "target", "old", "new", "point"), "archive_records.id"
)


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable, server_default=default)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.JSON(), nullable=False)


def _table(name: str, key: str, *columns: sa.Column[Any], unique: str = "", **more: Any) -> None:
    refers = [
        sa.ForeignKeyConstraint([c.name], [REFERS[c.name]], name=op.f(f"fk_{name}_{c.name}"))
        for c in columns
        if c.name in REFERS
    ]
    once = [
        sa.UniqueConstraint(*each.split(), name=op.f(f"uq_{name}_{each.replace(' ', '_')}"))
        for each in unique.split(",")
        if each
    ]
    primary = sa.PrimaryKeyConstraint(*key.split(), name=op.f(f"pk_{name}"))
    op.create_table(name, *columns, *refers, *once, primary, **more)


def _index(table: str, columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{columns.replace(' ', '_')}"), table, columns.split())


def upgrade() -> None:
    _table(
        "archive_records",
        "id",
        _int("id"),
        _text("kind"),
        _text("number"),
        _int("unit"),
        _text("name", default=""),
        _text("state"),
        _json("facts"),
        _text("address", nullable=True),
        _text("device", nullable=True),
        _int("capacity_kva", nullable=True),
        _int("score"),
        _text("token"),
        _int("version"),
        _int("created_s"),
        unique="kind number,token",
    )
    for columns in ("unit number", "score number", "state number", "address", "capacity_kva"):
        _index("archive_records", f"kind {columns}")
    _index("archive_records", "device")
    _table(
        "archive_changes",
        "id",
        _int("id"),
        _int("record"),
        _int("from_day"),
        _int("recorded_s"),
        _text("author"),
        _text("reason"),
        _json("changed"),
        _int("late"),
        _int("settled_s", nullable=True),
        _text("settled_by", nullable=True),
    )
    _index("archive_changes", "record from_day id")
    open_late = sa.text("late = 1 AND settled_s IS NULL")
    op.create_index("ix_archive_changes_late", "archive_changes", ["id"], sqlite_where=open_late)
    _table(
        "archive_links",
        "record role from_day",
        _int("record"),
        _text("role"),
        _int("from_day"),
        _int("until_day", nullable=True),
        _int("target"),
        sqlite_with_rowid=False,
    )
    _index("archive_links", "target role")
    _table(
        "archive_words",
        "kind word record",
        _text("kind"),
        _text("word"),
        _int("record"),
        sqlite_with_rowid=False,
    )
    _index("archive_words", "record")
    _swaps_and_findings()


def _swaps_and_findings() -> None:
    _table(
        "archive_swaps",
        "id",
        _int("id"),
        _text("token"),
        _text("kind"),
        _int("unit"),
        _int("old"),
        _int("new"),
        _int("point", nullable=True),
        _int("day"),
        _int("last_wh", nullable=True),
        _int("final_wh", nullable=True),
        _int("initial_wh", nullable=True),
        _int("ratio_before"),
        _int("ratio_after"),
        _text("reason"),
        _text("author"),
        _int("done_s"),
        unique="token",
    )
    _index("archive_swaps", "old")
    _index("archive_swaps", "new")
    _table(
        "archive_findings",
        "id",
        _int("id"),
        _text("rule"),
        _int("record"),
        _int("unit"),
        _text("detail"),
        _int("opened_s"),
        _int("gone_s", nullable=True),
        _int("known_s", nullable=True),
        _text("known_by", nullable=True),
        _text("why", default=""),
        _int("version", default="1"),
    )
    _index("archive_findings", "rule record")
    _index("archive_findings", "record")
    still = sa.text("gone_s IS NULL")
    op.create_index("ix_archive_findings_open", "archive_findings", ["id"], sqlite_where=still)


def downgrade() -> None:
    for table in ("findings", "swaps", "words", "links", "changes", "records"):
        op.drop_table(f"archive_{table}")
