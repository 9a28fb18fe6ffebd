"""Imports with their rows and faults; documents, their uploads and the search in their text."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _int(name: str, nullable: bool = False, default: str | None = None) -> sa.Column[int]:
    return sa.Column(name, INT, nullable=nullable, server_default=default)


def _text(name: str, default: str | None = None) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False, server_default=default)


def _index(table: str, *columns: str) -> None:
    op.create_index(op.f(f"ix_{table}_{'_'.join(columns)}"), table, list(columns))


def _unit(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f(f"fk_{table}_unit"))


def _import(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["import"], ["imports.id"], name=op.f(f"fk_{table}_import"))


def upgrade() -> None:
    _imports()
    _documents()


def _imports() -> None:
    op.create_table(
        "imports",
        _int("id"),
        _text("token"),
        _text("target"),
        _int("unit"),
        _text("name"),
        _text("form"),
        _text("digest"),
        _text("hash", ""),
        _text("state"),
        _text("why", ""),
        _text("author"),
        _text("doer", ""),
        _int("read_s"),
        _int("begun_s", True),
        _int("ended_s", True),
        *(_int(name, default="0") for name in ("fresh", "changed", "same", "wrong")),
        *(_int(name, default="0") for name in ("at", "done", "skipped", "undone", "kept")),
        _unit("imports"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_imports")),
        sa.UniqueConstraint("token", name=op.f("uq_imports_token")),
    )
    _index("imports", "unit", "id")
    _index("imports", "digest")
    _index("imports", "state")
    op.create_table(
        "import_rows",
        _int("import"),
        _int("line"),
        _text("kind"),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON()),
        sa.Column("after", sa.JSON(), nullable=False),
        _text("state"),
        _text("why", ""),
        _import("import_rows"),
        sa.PrimaryKeyConstraint("import", "line", name=op.f("pk_import_rows")),
        sqlite_with_rowid=False,
    )
    _index("import_rows", "import", "kind", "line")
    _index("import_rows", "import", "state", "line")
    op.create_table(
        "import_faults",
        _int("id"),
        _int("import"),
        _int("line"),
        _text("column"),
        _text("value"),
        _text("key"),
        sa.Column("args", sa.JSON(), nullable=False),
        _import("import_faults"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_faults")),
    )
    _index("import_faults", "import", "line")


def _documents() -> None:
    op.create_table(
        "documents",
        _int("id"),
        _text("token"),
        _text("subject"),
        _text("key"),
        _int("unit"),
        _text("name"),
        _text("title"),
        _text("tags"),
        _text("sha256"),
        _int("bytes"),
        _text("type"),
        _text("author"),
        _int("added_s"),
        _int("version", default="1"),
        _int("removed_s", True),
        _int("read_s", True),
        _unit("documents"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_documents")),
        sa.UniqueConstraint("token", name=op.f("uq_documents_token")),
    )
    _index("documents", "unit", "id")
    _index("documents", "subject", "key", "id")
    _index("documents", "sha256")
    _index("documents", "read_s", "id")
    op.create_table(
        "uploads",
        _text("token"),
        _text("author"),
        _text("subject"),
        _text("key"),
        _int("unit"),
        _text("name"),
        _text("title"),
        _text("tags"),
        _int("bytes"),
        _text("sha256", ""),
        _int("changed_s"),
        _unit("uploads"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_uploads")),
        sqlite_with_rowid=False,
    )
    _index("uploads", "changed_s")
    # Three characters at a time, so that Chinese is found without a dictionary of its words.
    op.execute("CREATE VIRTUAL TABLE document_search USING fts5(title, tags, name, body, tokenize='trigram')")


def downgrade() -> None:
    for table in ("document_search", "uploads", "documents", "import_faults", "import_rows", "imports"):
        op.drop_table(table)
