"""Tables of the work round people: who moves from which unit to which, and what they ask the help desk."""

from sqlalchemy import JSON, Column, ForeignKey, Index, LargeBinary, Table, Text, UniqueConstraint

from station.store.columns import integer, maybe, metadata, text
from station.store.org_schema import of_unit

transfers = Table(
    "transfers",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form: a second press finds the first application
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    of_unit("from_unit"),
    of_unit("to_unit"),
    of_unit("above_unit"),  # the nearest one above both
    text("reason"),
    text("author"),
    integer("opened_s"),
    integer("due_s"),  # half a working day later
    text("state"),  # station.access.transfers.STATES
    Column("left_by", Text),  # who agreed for the unit that is left
    maybe("left_s"),
    Column("above_by", Text),  # who agreed for the unit above both
    maybe("above_s"),
    Column("refused_by", Text),
    text("remark", server_default=""),
    maybe("ended_s"),
    Index(None, "state", "id"),
    Index(None, "user", "id"),
)

tickets = Table(
    "tickets",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),
    Column("author", Text, ForeignKey("users.name"), nullable=False),
    of_unit(),  # of the author when it was written
    text("kind"),  # station.access.tickets.KINDS
    text("text"),
    integer("opened_s"),
    text("state"),  # station.access.tickets.STATES
    Column("solver", Text),
    maybe("taken_s"),
    maybe("solved_s"),
    text("solution", server_default=""),
    Index(None, "state", "id"),
    Index(None, "author", "id"),
    Index(None, "unit", "id"),
)

# A second factor of a person: codes that change every 30 s.
second_factors = Table(
    "second_factors",
    metadata,
    Column("user", Text, ForeignKey("users.name"), primary_key=True),
    Column("secret", LargeBinary, nullable=False),  # sealed (station.seal)
    integer("since_s"),
    integer("step"),  # of the last code that was taken: none at or before it is taken again
    sqlite_with_rowid=False,
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("user", Text, ForeignKey("users.name"), primary_key=True),
    text("hash", primary_key=True),  # SHA-256, hexadecimal
    maybe("used_s"),
    sqlite_with_rowid=False,
)

# Whom the provider of single sign-on means: a person here is one of its people, by its number, not by name.
sso_links = Table(
    "sso_links",
    metadata,
    Column("user", Text, ForeignKey("users.name"), primary_key=True),
    text("issuer"),
    text("sub"),  # number of the person there
    text("name_there"),  # as it was when they were linked
    integer("since_s"),
    UniqueConstraint("issuer", "sub"),
    sqlite_with_rowid=False,
)

kept_forms = Table(
    "kept_forms",
    metadata,
    integer("id", primary_key=True),
    Column("person", Text, ForeignKey("users.name"), nullable=False),
    integer("at_s"),
    text("path"),  # address it was sent to
    text("page"),  # address of the page that shows it; empty: none does
    Column("fields", JSON, nullable=False),  # [[name, text]] in the order of the form, no secret among them
    integer("lacks"),  # 1: a password or a file was left out
    UniqueConstraint("person", "path"),
)

passwords = Table(
    "passwords",
    metadata,
    integer("id", primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    text("hash"),  # as in users
    integer("at_s"),
    Index(None, "user", "id"),
)

# Log-ins to the pages: a session is open while its row has no end.
web_sessions = Table(
    "web_sessions",
    metadata,
    integer("id", primary_key=True),
    text("hash", unique=True),  # SHA-256 of the secret in the cookie, hexadecimal
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    integer("since_s"),
    integer("seen_s"),  # last sign of the person, a minute true
    text("address"),
    text("browser"),
    maybe("ended_s"),
    text("why", server_default=""),  # of station.access.sessions.ENDS
    Index(None, "user", "ended_s"),
)
