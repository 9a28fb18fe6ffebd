"""Tables of the clean-up of accounts: campaigns, the accounts that each lists, what units said of them."""

from sqlalchemy import Column, ForeignKey, Index, Table, Text

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit

cleanups = Table(
    "cleanups",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form: a second press finds the first campaign
    of_unit(),  # it and all below
    integer("days"),  # unused for so many
    text("note"),  # to the units
    text("author"),
    integer("begun_s"),
    integer("due_s"),  # exclusive: until then the units answer
    Column("closed_by", Text),
    maybe("closed_s"),  # null: under way
    Index(None, "unit", "id"),
    Index(None, "closed_s"),
)

# The list as it was made; it never grows.
cleanup_accounts = Table(
    "cleanup_accounts",
    metadata,
    Column("cleanup", Int, ForeignKey("cleanups.id"), primary_key=True),
    Column("user", Text, ForeignKey("users.name"), primary_key=True),
    of_unit(),  # of the person when the list was made: it answers
    maybe("last_login_s"),  # at that time
    text("reply", server_default=""),  # store.cleanup.REPLIES
    text("remark", server_default=""),
    integer("changes", server_default="0"),  # of reply or remark: two editors notice each other
    Column("replied_by", Text),
    maybe("replied_s"),
    Column("outcome", Text),  # store.cleanup.STATES at the end of the campaign
    Index(None, "cleanup", "unit"),
    sqlite_with_rowid=False,
)

cleanup_replies = Table(
    "cleanup_replies",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),
    Column("cleanup", Int, ForeignKey("cleanups.id"), nullable=False),
    of_unit(),  # the nearest one above all that it is about
    text("file"),  # its name; "": said on the page
    text("author"),
    integer("t_s"),
    integer("rows"),  # accounts in it
    integer("changed"),  # of them now said otherwise than before
    Index(None, "cleanup", "id"),
)

# A second person let a keeper give a new password to somebody with strong roles: once, and for a while.
reset_leaves = Table(
    "reset_leaves",
    metadata,
    Column("proposal", Int, ForeignKey("proposals.id"), primary_key=True),
    Column("user", Text, ForeignKey("users.name"), nullable=False),
    text("keeper"),
    integer("until_s"),  # exclusive
    maybe("used_s"),
    Index(None, "user", "keeper"),
    sqlite_with_rowid=False,
)
