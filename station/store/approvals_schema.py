"""Tables of the two-person rule: what was proposed, by whom, to whom, and what became of it."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table, Text

from station.store.columns import Int, integer, maybe, metadata, text
from station.store.org_schema import of_unit

SECONDS = ("approved", "emergency", "policy")  # a second person, nobody yet, a rule of the house

proposals = Table(
    "proposals",
    metadata,
    integer("id", primary_key=True),
    text("token", unique=True),  # of the form: a second press finds the first proposal
    text("kind"),  # station.approvals.kinds.KINDS
    text("operation"),  # station.approvals.policy.OPERATIONS
    of_unit(),  # the nearest one above all that is affected
    Column("content", JSON, nullable=False),
    text("hash"),  # SHA-256 of content, kind and affected list
    integer("affected"),
    Column("flags", JSON, nullable=False),  # {flag: how many of the affected}
    text("author"),
    text("reason"),
    text("ticket"),
    integer("drafted_s"),
    integer("expires_s"),  # exclusive
    text("state"),  # station.approvals.machine.MOVES
    integer("emergency", server_default="0"),
    Column("approver", Text),
    maybe("decided_s"),
    text("remark", server_default=""),  # of who decided
    maybe("started_s"),
    maybe("ended_s"),
    text("why", server_default=""),  # it came to nothing: key of station.errors
    Column("result", JSON(none_as_null=True)),
    Column("reviewer", Text),  # of an emergency, afterwards
    maybe("reviewed_s"),
    text("review", server_default=""),
    Index(None, "state", "id"),
    Index(None, "author", "id"),
)

proposal_targets = Table(
    "proposal_targets",
    metadata,
    Column("proposal", Int, ForeignKey("proposals.id"), primary_key=True),
    integer("unit", primary_key=True),
    text("target", primary_key=True),  # a device, or a person by name
    text("name"),
    text("flags"),  # station.approvals.flags.FLAGS with spaces
    text("state"),  # waiting, done, failed
    maybe("command"),
    text("why", server_default=""),  # key of station.errors
    Index(None, "proposal", "state"),
    sqlite_with_rowid=False,
)
