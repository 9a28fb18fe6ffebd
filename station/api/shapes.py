"""What goes in and out. Names are those of the store; units stand in them or beside them."""

from marshmallow import Schema, fields, validate

MOST = 2**63 - 1
NAME = validate.Length(max=64)


def whole(least: int = 0, most: int = MOST, **more: object) -> fields.Integer:
    return fields.Integer(strict=False, validate=validate.Range(least, most), **more)  # type: ignore[arg-type]


def maybe(kind: type[fields.Field], text: str = "") -> fields.Field:
    return kind(allow_none=True, metadata={"description": text} if text else {})


class Page(Schema):
    limit = whole(1, 200, load_default=50)


class Unit(Schema):
    id = fields.Integer()
    parent = fields.Integer(allow_none=True)
    level = fields.String()
    code = fields.String()
    name = fields.String()
    closed_s = fields.Integer(allow_none=True)


class Units(Schema):
    items = fields.List(fields.Nested(Unit))


class DeviceQuery(Page):
    queue = fields.String(load_default="all", metadata={"description": "one of the queues of the overview"})
    q = fields.String(load_default="", validate=NAME, metadata={"description": "part of id, name or address"})
    unit = whole(load_default=0, metadata={"description": "only at this unit and below"})
    after = fields.String(load_default="", validate=NAME, metadata={"description": "`next` of the last page"})


class Device(Schema):
    device = fields.String()
    name = fields.String()
    kind = fields.Function(lambda d: "concentrator" if d["area"] is not None else "terminal")
    unit = fields.Integer()
    meter_address = fields.String()
    multiplier = fields.Integer()
    rounds = fields.Integer()
    utc_offset_s = fields.Integer()
    online = fields.Boolean()
    last_seen_s = maybe(fields.Integer)
    alarms = fields.List(fields.String())
    power_w = maybe(fields.Integer)
    setpoint_w = maybe(fields.Integer)
    tripped = maybe(fields.Integer, "mask of relay rounds that are ordered open")
    open = maybe(fields.Integer, "mask of relay rounds that are measured open; null: unknown")
    remaining_wh = maybe(fields.Integer)
    guarantee = maybe(fields.Integer, "0 off, 1 on, 2 unreadable")
    firmware = maybe(fields.String)
    board = maybe(fields.String)


class Devices(Schema):
    items = fields.List(fields.Nested(Device))
    next = maybe(fields.String, "give it as `after`; null: this was the last page")


class CurveQuery(Schema):
    day = fields.Date(required=True, metadata={"description": "local day of the device"})
    point = fields.String(load_default="power_dw", validate=NAME, metadata={"description": "alias or OBIS"})
    metering_point = whole(1, 5000, load_default=1)


class DaysQuery(CurveQuery):
    days = whole(1, 400, load_default=31)
    point = fields.String(load_default="energy_import_wh", validate=NAME)


class Value(Schema):
    t_s = fields.Integer(metadata={"description": "begin of the quarter hour, or label of the freeze"})
    value = maybe(fields.Integer, "null: missing, never filled in")
    quality = maybe(fields.String, "measured, backfilled, estimated, manual, suspect")


class Values(Schema):
    device = fields.String()
    point = fields.String()
    obis = fields.String()
    unit = fields.String()
    scale = fields.Integer(metadata={"description": "value x 10^scale is in `unit`"})
    items = fields.List(fields.Nested(Value))


class Meter(Schema):
    meter = fields.Integer()
    address = fields.String()
    name = fields.String()
    line = fields.Integer()
    phase = fields.Integer()
    flags = fields.Integer()
    multiplier = fields.Integer()


class Meters(Schema):
    items = fields.List(fields.Nested(Meter))


class EventsQuery(Page):
    after = whole(load_default=0, metadata={"description": "`next` of the last page; 0 from the first"})


class Event(Schema):
    id = fields.Integer()
    device = fields.String()
    name = fields.String()
    t_s = maybe(fields.Integer)
    received_s = fields.Integer()
    data = fields.Dict(keys=fields.String())


class Events(Schema):
    items = fields.List(fields.Nested(Event))
    next = fields.Integer(metadata={"description": "give it as `after`, now or later"})


class Order(Schema):
    kind = fields.String(
        required=True, validate=NAME, metadata={"description": "as `loadkeeper command send`"}
    )
    fields_ = fields.Dict(keys=fields.String(), data_key="fields", attribute="fields", load_default=dict)
    valid_s = whole(1, 86_400, load_default=300, metadata={"description": "how long the device may do it"})
    note = fields.String(load_default="", validate=validate.Length(max=200))


class Command(Schema):
    device = fields.String()
    command = fields.Integer()
    kind = fields.String(attribute="kind_name")
    state = fields.String()
    reason = maybe(fields.String)
    tripped = maybe(fields.Integer)
    open = maybe(fields.Integer)
    remaining_wh = maybe(fields.Integer)
    created_s = fields.Integer()
    deadline_s = fields.Integer()
    done_s = maybe(fields.Integer)


class Proposal(Order):
    devices = fields.List(
        fields.String(validate=NAME), required=True, validate=validate.Length(min=1, max=1000)
    )
    why = fields.String(required=True, validate=validate.Length(min=1, max=200))
    ticket = fields.String(load_default="", validate=validate.Length(max=60))


class Proposed(Schema):
    id = fields.Integer()
    state = fields.String()
    operation = fields.String()
    affected = fields.Integer()
    expires_s = fields.Integer()
    progress = fields.Dict(keys=fields.String(), values=fields.Integer())


class MarketingRecord(Schema):
    values = fields.Dict(
        keys=fields.String(),
        required=True,
        metadata={"description": "by column of the file, `@ROLE` a number; null: they have none"},
    )
    unit = fields.String(load_default="", validate=NAME, metadata={"description": "code; of a new record"})
    from_day = fields.Date(load_default=None, allow_none=True)
    whole = fields.Boolean(
        load_default=False, metadata={"description": "all that they know of it; else only what is new"}
    )


class MarketingItem(MarketingRecord):
    class Meta:
        exclude = ("whole",)

    number = fields.String(required=True, validate=NAME)


class MarketingBatch(Schema):
    items = fields.List(fields.Nested(MarketingItem), required=True, validate=validate.Length(min=1, max=200))
    whole = fields.Boolean(load_default=False)


class MarketingOutcome(Schema):
    number = fields.String()
    outcome = fields.String(metadata={"description": "new, same, taken, kept, conflict"})


class MarketingOutcomes(Schema):
    items = fields.List(fields.Nested(MarketingOutcome))
