"""Tables of the API: tokens, and the answers kept for idempotency keys."""

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, Table, Text

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

# Where another system wants to be told what happens. It sees what its token sees.
api_webhooks = Table(
    "api_webhooks",
    metadata,
    integer("id", primary_key=True),
    Column("token", Int, ForeignKey("tokens.id"), nullable=False),
    text("url"),
    text("stream"),  # station.webhooks.deliver.STREAMS
    Column("secret", LargeBinary, nullable=False),  # sealed; signs what is sent
    integer("after"),  # id of the stream up to which the other system has all
    integer("made_s"),
    integer("next_s"),  # not before
    integer("failures", server_default="0"),  # in a row
    text("error", server_default=""),  # of the last
    maybe("failing_s"),  # since when; null: not
    maybe("told_s"),  # when something was taken last
    maybe("stopped_s"),
    Index(None, "token"),
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
