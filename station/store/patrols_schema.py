"""Tables of batch patrols: what a person reads now of many meters. Rules: station/collection/patrols.py."""

from sqlalchemy import JSON, Column, ForeignKey, Index, Table

from station.store.columns import Int, integer, maybe, metadata, of_device, text
from station.store.org_schema import of_unit

patrols = Table(
    "patrols",
    metadata,
    integer("id", primary_key=True),
    text("author"),
    text("doer"),  # who began the round, and so sends its commands
    of_unit(),  # its devices stood in this unit and those below
    Column("items", JSON, nullable=False),  # [point number of protocols.meters.points], rising
    Column("chosen", JSON, nullable=False),  # how the points were chosen, for who reads it later
    integer("within_s"),  # of each round
    text("state"),  # store.patrols.STATES
    integer("version"),  # another one after each act of a person and at the end
    integer("round"),  # 1, and one more each time the failed ones are asked again
    integer("begun_s"),  # of the round
    integer("until_s"),
    integer("after_event"),  # id of the last event that was here when the round began
    maybe("ended_s"),
    maybe("seen_s"),  # when its author looked at what came
    integer("created_s"),
    text("once", unique=True),  # of the form that made it
    Index(None, "unit", "id"),
    Index(None, "state"),
    Index(None, "author", "id"),
)

# A point is one item of one meter, read once a round.
patrol_points = Table(
    "patrol_points",
    metadata,
    Column("patrol", Int, ForeignKey("patrols.id"), primary_key=True),
    integer("no", primary_key=True),  # 1.. in the order of device, meter and item
    of_device(),
    integer("meter"),  # row of a concentrator's archive; 0: the terminal itself
    text("address"),  # of the meter when it was chosen
    integer("item"),
    text("state"),  # store.patrols.POINT_STATES
    text("reason"),  # why it failed: station.collection.patrol_step.REASONS; "" otherwise
    Column("value", JSON(none_as_null=True)),
    maybe("quality"),  # protocols.meters.points.QUALITIES
    maybe("value_s"),  # when it was read; null: the clock of the device was not set
    maybe("command"),  # by which it was asked last
    maybe("asked_s"),
    integer("doubt"),  # 1: the concentrator ran another archive than the station wants when it was asked
    integer("again_s"),  # it is not asked before
    Index(None, "patrol", "state"),
    sqlite_with_rowid=False,
)
