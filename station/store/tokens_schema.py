"""Tables of the API: tokens, and the answers kept for idempotency keys."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit

tokens = Table(
    "tokens",
    metadata,
    integer("id", primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),  # in whose name it acts
    text("name"),  # of the system that has it
    Column("functions", JSON, nullable=False),  # [key of station.access.roles]
    of_unit(),  # top of the subtree it is confined to
    text("hash"),  # SHA-256 of the secret, hexadecimal
    integer("created_s"),
    integer("until_s"),  # exclusive
    maybe("revoked_s"),
    maybe("used_s"),
    text("used_from", server_default=""),
    Index(None, "user", "id"),
)

api_answers = Table(
    "api_answers",
    metadata,
    Column("token", Int, ForeignKey("tokens.id"), primary_key=True),
    text("key", primary_key=True),  # Idempotency-Key
    text("request"),  # SHA-256 of method, path and body
    integer("status"),
    Column("body", JSON, nullable=False),
    integer("t_s"),
    Index(None, "t_s"),
    sqlite_with_rowid=False,
)
