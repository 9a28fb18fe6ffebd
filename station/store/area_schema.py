"""Tables of concentrators; `schema` has the rest, and the conventions."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, Table

from station.store.columns import Int, metadata
from station.store.columns import integer as _int
from station.store.columns import maybe as _maybe_int
from station.store.columns import of_device as _device
from station.store.columns import text as _text

# The archive of a concentrator as it is wanted; what runs there is told by its hash.
area_rows = Table(
    "area_rows",
    metadata,
    _device(primary_key=True),
    _int("meter", primary_key=True),  # its row, and its metering point in readings
    _text("address"),  # 12 digits
    _int("slot"),
    _int("line"),
    _int("phase"),
    _int("flags"),
    _int("multiplier"),
    _int("tariff"),
    _int("group"),
    _text("name"),  # of the customer; stays here
)

# Ways of an archive into a concentrator; the fields behind `state` are those of station.area.load.
area_loads = Table(
    "area_loads",
    metadata,
    _int("id", primary_key=True),
    _device(),
    _text("author"),
    _int("begun_s"),
    _int("until_s"),
    _int("changed_s"),
    Column("rows", LargeBinary, nullable=False),
    _text("state"),
    _int("total"),
    _int("done"),
    _maybe_int("command"),  # the one whose end is awaited
    _int("failures"),
    _int("anew"),
    _int("doubt"),
    _int("again_s"),
    _text("why"),
    Index(None, "device", "id"),
    Index(None, "state"),
)


def _told(name: str, *columns: Column | Index) -> Table:
    """Records of a kind of protocols.uplink.area, each once by its place in the ledger."""
    return Table(
        name,
        metadata,
        Column("stream_id", Int, ForeignKey("streams.id"), primary_key=True),
        _int("seq", primary_key=True),
        _device(),
        _int("t_s"),
        *columns,
        sqlite_with_rowid=False,
    )


area_absents = _told(
    "area_absents",
    _int("duty"),
    _int("first_s"),
    _int("last_s"),
    _int("meter"),  # 0: of all
    _int("read"),
    _int("reason"),  # protocols.uplink.area.OUTCOMES
    Index(None, "device", "last_s"),
)
area_founds = _told(
    "area_founds",
    _int("line"),
    Column("address", LargeBinary, nullable=False),
    _int("state"),  # protocols.uplink.area.FOUNDS
    _int("phase"),
    Index(None, "device", "t_s"),
)
area_replies = _told(
    "area_replies",
    _int("command"),
    Column("data", LargeBinary, nullable=False),
    _int("took_ms"),
    _maybe_int("reason"),  # protocols.uplink.area.OUTCOMES; missing: by the data
    Index(None, "device", "command"),
)
area_reads = _told(
    "area_reads",
    _int("command"),
    _int("meter"),
    _int("reason"),
    Column("values", LargeBinary, nullable=False),  # CBOR {point number: value}
    Index(None, "device", "command"),
)
area_ledgers = _told(
    "area_ledgers",
    _int("meter"),
    _int("day_s"),
    _int("fee"),
    _maybe_int("remaining"),  # 10^-4 yuan with `fee`, else Wh
    _int("tier_wh"),
    _int("charged_wh"),
    _maybe_int("differs_wh"),
    _int("order"),
    _int("cut"),
    Index(None, "device", "meter", "day_s"),
)
area_routes = _told(
    "area_routes",
    _int("meter"),
    _int("phase"),  # 1..3, 0 unknown
    _int("hops"),
    _int("success_e3"),
    _int("signal"),
    Index(None, "device", "meter", "t_s"),
)

meter_orders = Table(
    "meter_orders",
    metadata,
    _device(primary_key=True),
    _int("meter", primary_key=True),
    _int("order", primary_key=True),  # number, strictly increasing per meter
    _int("command"),
    _text("address"),
    _int("flag"),  # codes.APPEND or codes.REFRESH
    _int("value"),  # 10^-4 yuan with `fee`, else Wh
    _int("fee"),
    _int("created_s"),
    ForeignKeyConstraint(["device", "command"], ["commands.device", "commands.command"]),
)
