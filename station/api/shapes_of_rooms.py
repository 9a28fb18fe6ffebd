"""What goes in and out of the doors to collection, field work, alarms and webhooks; laws as in shapes.py."""

from marshmallow import Schema, fields, validate

from station.api.shapes import NAME, Page, maybe, whole
from station.fieldwork import machine
from station.store import alarms, collection, fieldwork
from station.webhooks.deliver import STREAMS

KINDS = ("daily", "monthly", "curve")


def one_of(choices: tuple[str, ...], **more: object) -> fields.String:
    return fields.String(validate=validate.OneOf(choices), **more)  # type: ignore[arg-type]


def one_device() -> fields.String:
    return fields.String(load_default="", validate=NAME, metadata={"description": "one device; empty: all"})


class Following(Page):
    after = whole(load_default=0, metadata={"description": "`next` of the last page"})


# ---- collection


class TasksQuery(Following):
    pass


class TaskFacts(Schema):
    name = fields.String(required=True, validate=NAME)
    kind = one_of(KINDS, required=True)
    unit = whole(required=True, metadata={"description": "devices of it and below"})
    point_type = one_of(collection.POINT_TYPES, required=True)
    first = whole(required=True, metadata={"description": "metering points from here"})
    last = whole(required=True, metadata={"description": "to here"})
    items = fields.List(
        fields.String(validate=NAME),
        required=True,
        validate=validate.Length(1, 64),
        metadata={"description": "aliases of points, as energy_import_wh"},
    )
    from_s = whole(required=True)
    until_s = whole(load_default=None, allow_none=True)
    every = whole(required=True, metadata={"description": "days, months, or minutes of a curve"})
    priority = whole(load_default=5)
    supplements = whole(load_default=3)


class TaskChange(TaskFacts):
    version = whole(required=True)


class Task(Schema):
    id = fields.Integer()
    version = fields.Integer()
    name = fields.String()
    kind = fields.String()
    unit = fields.Integer()
    point_type = fields.String()
    first = fields.Integer()
    last = fields.Integer()
    items = fields.List(fields.String())
    from_s = fields.Integer()
    until_s = maybe(fields.Integer)
    every = fields.Integer()
    priority = fields.Integer()
    supplements = fields.Integer()
    origin = fields.String()
    author = fields.String()


class Tasks(Schema):
    items = fields.List(fields.Nested(Task))
    next = maybe(fields.Integer, "give it as `after`; null: this was the last page")


class Counted(Schema):
    day = fields.Date()
    expected = fields.Integer(metadata={"description": "slots"})
    in_time = maybe(fields.Integer, "here when the day was closed; null: not known")
    came = fields.Integer(metadata={"description": "here by now"})


class Counts(Schema):
    items = fields.List(fields.Nested(Counted))


class HolesQuery(Schema):
    day = fields.Date(required=True)
    device = one_device()


class Hole(Schema):
    device = fields.String()
    metering_point = fields.Integer()
    t_s = fields.Integer(metadata={"description": "label of the slot"})
    items = fields.List(fields.String())


class Holes(Schema):
    items = fields.List(fields.Nested(Hole))
    total = fields.Integer()


class Supplement(HolesQuery):
    pass


class Supplemented(Schema):
    slots = fields.Integer(metadata={"description": "so many are being asked for"})


# ---- field work


class WorksQuery(Following):
    list = one_of(fieldwork.LISTS, load_default="open")


class WorkDraft(Schema):
    kind = one_of(machine.KINDS, required=True)
    unit = whole(required=True)
    device = fields.String(load_default="", validate=NAME)
    subject = fields.String(required=True, validate=validate.Length(1, machine.SUBJECT_CHARS))
    priority = whole(1, 3, load_default=2)
    due_s = whole(required=True)


class Step(Schema):
    t_s = fields.Integer()
    author = fields.String()
    move = fields.String()
    remark = fields.String()


class Work(Schema):
    id = fields.Integer()
    version = fields.Integer()
    kind = fields.String()
    state = fields.String()
    unit = fields.Integer()
    device = maybe(fields.String)
    subject = fields.String()
    priority = fields.Integer()
    due_s = fields.Integer()
    assignee = maybe(fields.String)
    deputy = maybe(fields.String)
    author = fields.String()
    drafted_s = fields.Integer()
    changed_s = fields.Integer()
    steps = fields.List(fields.Nested(Step), metadata={"description": "of a single order"})


class Works(Schema):
    items = fields.List(fields.Nested(Work))
    next = maybe(fields.Integer, "give it as `after`; null: this was the last page")


# ---- alarms


class AlarmsQuery(Following):
    state = one_of(tuple(each for each in alarms.STATES if each != "mine"), load_default="open")
    severity = whole(0, 4, load_default=0, metadata={"description": "1 critical to 4 notice; 0 all"})
    device = one_device()


class Acknowledge(Schema):
    version = whole(required=True)


class Alarm(Schema):
    id = fields.Integer()
    version = fields.Integer()
    device = maybe(fields.String)
    unit = fields.Integer(attribute="unit_now")
    kind = fields.String()
    severity = fields.Integer()
    state = fields.String()
    from_s = fields.Integer()
    opened_s = fields.Integer()
    last_s = fields.Integer()
    cleared_s = maybe(fields.Integer)
    repeats = fields.Integer()
    assignee = maybe(fields.String)
    cause = fields.String()


class Alarms(Schema):
    items = fields.List(fields.Nested(Alarm))
    next = maybe(fields.Integer, "give it as `after`; null: this was the last page")


# ---- webhooks


class WebhookDraft(Schema):
    url = fields.String(required=True, validate=validate.Length(max=499))
    stream = one_of(tuple(STREAMS), required=True)
    secret = fields.String(
        required=True,
        validate=validate.Length(max=200),
        metadata={"description": "whsec_ and the base64 of 24 to 64 bytes; never shown again"},
    )


class Webhook(Schema):
    id = fields.Integer()
    url = fields.String()
    stream = fields.String()
    after = fields.Integer(metadata={"description": "the other system has taken all up to this id"})
    failures = fields.Integer(metadata={"description": "in a row"})
    error = fields.String(metadata={"description": "of the last try"})
    failing_s = maybe(fields.Integer)
    told_s = maybe(fields.Integer, "when something was taken last")
    stopped_s = maybe(fields.Integer)


class Webhooks(Schema):
    items = fields.List(fields.Nested(Webhook))
