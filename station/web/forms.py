"""Commands that are a list of fields: one table row a field, one shape a kind of value.

A shape turns what stands in the form into the contract's value; the terminal's own rules judge the whole
(`controls.build`). Forms with pictures or figures of their own stand in `drafts`.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import Connection
from werkzeug.datastructures import MultiDict

from protocols.meters.points import BY_ALIAS
from protocols.uplink import archive_rows, messages
from protocols.uplink.codes import APPEND, CONTROLS, REMOTE
from station import controls
from station.area import requests
from station.errors import FieldError, Invalid

Form = MultiDict[str, str]
HALF_HOUR_S = 1800
EPOCH_DAY = date(1970, 1, 1)
MONEY = re.compile(r"[+-]?[0-9]{1,12}(\.[0-9]{1,4})?")
REGISTER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,3})?")
WHOLE = re.compile(r"[+-]?[0-9]{1,12}")
CLOCK = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")


class Row(NamedTuple):
    field: str
    shape: str  # of SHAPES
    first: str = ""  # what a fresh form shows
    least: int = 0
    most: int = 0


_LOOP = (
    Row("rounds", "rounds"),
    Row("alarm_s", "minutes_list", "5", 1, 60),
    Row("slide_s", "minutes", "1", 1, 60),
    Row("safety_w", "kw", "0", 0, 1_000_000),
    Row("post_trip_s", "seconds", "120", 1, 600),
    Row("group", "group", "1"),
)
_OF_METER = (Row("meter", "count", "", 1, archive_rows.MOST), Row("address", "address"))
AREA = (  # those of a concentrator
    "meter_order",
    "meter_switch",
    "meter_guarantee",
    "meter_replaced",
    "search",
    "patrol",
    "forward",
    "resend",
)
FORMS: dict[str, tuple[Row, ...]] = {
    "release": (Row("control", "control"), Row("group", "group", "1")),
    "factory_rest": (
        Row("setpoint_w", "kw", "", 1, 1_000_000),
        Row("days", "days"),
        Row("start_min", "clock", "22:00"),
        Row("duration_s", "half_hours", "16"),
        *_LOOP,
    ),
    "business_stop": (
        Row("setpoint_w", "kw", "", 1, 1_000_000),
        Row("from_day", "day"),
        Row("until_day", "last_day"),
        *_LOOP,
    ),
    "down_float": (
        Row("float_pct", "percent", "-20", -79, 79),
        Row("duration_s", "half_hours", "2"),
        Row("freeze_s", "minutes", "10", 5, 60),
        *_LOOP,
    ),
    "month_energy": (
        Row("setpoint_wh", "kwh", "", 1, 1_000_000_000),
        Row("float_pct", "percent", "0", -79, 79),
        Row("alarm_pct", "percent", "80", 1, 100),
        Row("rounds", "rounds"),
        Row("group", "group", "1"),
    ),
    "period_enable": (
        Row("periods", "eight", "1"),
        Row("scheme", "scheme", "0"),
        Row("group", "group", "1"),
    ),
    "exclusion": (Row("on", "switch", "1"),),
    "fee_order": (
        Row("order", "count", "", 1, 0xFFFFFFFF),
        Row("flag", "flag", str(APPEND)),
        Row("value_yuan_e4", "yuan"),
        Row("alarm_yuan_e4", "yuan", "0"),
        Row("trip_yuan_e4", "yuan", "0"),
        Row("rounds", "rounds"),
        Row("group", "group", "1"),
    ),
    "auto_release": (),
    "reminder": (Row("on", "switch", "1"), Row("hours", "hours"), Row("text", "text", "", 0, 200)),
    "message": (
        Row("slot", "eight_one", "1"),
        Row("important", "switch", "0"),
        Row("text", "text", "", 0, 66),  # 200 bytes of Chinese
    ),
    "profile": (Row("op", "profile_op", "3"), Row("slot", "four_one", "1")),  # a package comes otherwise
    "meter_order": (
        *_OF_METER,
        Row("order", "count", "", 1, 0xFFFFFFFF),
        Row("flag", "flag", str(APPEND)),
        Row("fee", "fee", "1"),
        Row("value", "balance"),
    ),
    "meter_switch": (*_OF_METER, Row("want", "want", "2")),
    "meter_guarantee": (*_OF_METER, Row("on", "switch", "1")),
    "meter_replaced": (
        *_OF_METER,
        Row("new_address", "address"),
        Row("old_wh", "register"),
        Row("new_wh", "register", "0"),
    ),
    "search": (Row("line", "line", "0"),),
    "patrol": (
        Row("point", "point", str(BY_ALIAS["energy_import_wh"][0]), 1, 65535),
        Row("first", "count", "1", 1, archive_rows.MOST),
        Row("last", "count", str(archive_rows.MOST), 1, archive_rows.MOST),
        Row("group", "perhaps", "", 1, 255),
        Row("within_s", "minutes", "60", requests.WITHIN_S[0] // 60, requests.WITHIN_S[1] // 60),
    ),
    "forward": (
        Row("line", "own_line"),
        Row("data", "hex"),
        Row("wait_ms", "millis", "2000", 1, requests.WAIT_MOST_MS),
        Row("urgent", "switch", "0"),
    ),
    "resend": (
        Row("kind", "freeze", str(messages.DAILY)),
        Row("from_s", "local_day"),
        Row("until_s", "local_day"),
        Row("meter", "perhaps", "", 1, archive_rows.MOST),
    ),
    "meter_change": (
        Row("metering_point", "eight_one", "1"),
        Row("old_wh", "kwh", "", 0, 1_000_000_000),
        Row("new_wh", "kwh", "0", 0, 1_000_000_000),
    ),
}


def build(c: Connection, kind_name: str, form: Form, device: Mapping[str, Any]) -> dict[str, Any]:
    """Params of the kind; Invalid lists every field that is wrong."""
    problems: list[FieldError] = []
    params: dict[str, Any] = {}
    for row in FORMS[kind_name]:
        try:
            params[row.field] = SHAPES[row.shape](form, row)
        except Invalid as invalid:
            problems.extend(invalid.errors)
    if not problems and kind_name == "business_stop" and params["until_day"] <= params["from_day"]:
        problems.append(FieldError("until_day", "end_before_start"))
    if problems:
        raise Invalid(*problems)
    params = {name: value for name, value in params.items() if value is not None}
    if kind_name == "resend":
        for name in ("from_s", "until_s"):
            params[name] = requests.label_s(params[name], device["utc_offset_s"])
    return controls.build(c, device["device"], kind_name, params, device["rounds"])


def first_values(kind_name: str, rounds: int, next_order: int) -> list[tuple[str, str]]:
    """What a fresh form shows; the customer's rounds are proposed whole, hours are those of a working day."""
    values = [(row.field, row.first) for row in FORMS[kind_name] if row.first]
    values += [("rounds", str(n + 1)) for n in range(rounds)]
    values += [("hours", str(hour)) for hour in range(8, 20)]
    values += [("days", "7"), ("order", str(next_order))]
    return values


def _refused(row: Row, key: str, **facts: Any) -> Invalid:
    return Invalid(FieldError(row.field, key, facts))


def _whole(text: str, row: Row) -> int:
    if not WHOLE.fullmatch(text):
        raise _refused(row, "not_a_number" if text else "needed")
    number = int(text)
    if not row.least <= number <= row.most:
        raise _refused(row, "out_of_range", least=row.least, most=row.most)
    return number


def _times(factor: int) -> Callable[[Form, Row], int]:
    return lambda form, row: factor * _whole(form.get(row.field, "").strip().replace(",", ""), row)


def _choice(least: int, most: int) -> Callable[[Form, Row], int]:
    return lambda form, row: _whole(form.get(row.field, ""), row._replace(least=least, most=most))


def _mask(least: int, most: int, empty_ok: bool = False) -> Callable[[Form, Row], int]:
    """Boxes with numbers from `least` on; the first is bit 0."""

    def read(form: Form, row: Row) -> int:
        bounded = row._replace(least=least, most=most)
        numbers = {_whole(text, bounded) for text in form.getlist(row.field)}
        if not numbers and not empty_ok:
            raise _refused(row, "no_rounds" if row.field == "rounds" else "needed")
        return sum(1 << (number - least) for number in numbers)

    return read


def _minutes_list(form: Form, row: Row) -> list[int]:
    return [60 * _whole(text.strip(), row) for text in form.get(row.field, "").split(",")]


def _date(form: Form, row: Row) -> date:
    try:
        return date.fromisoformat(form.get(row.field, ""))
    except ValueError:
        raise _refused(row, "not_a_date") from None


def _day(form: Form, row: Row) -> int:
    return (_date(form, row) - EPOCH_DAY).days


def _clock(form: Form, row: Row) -> int:
    found = CLOCK.fullmatch(form.get(row.field, ""))
    if not found:
        raise _refused(row, "not_a_time")
    return 60 * int(found[1]) + int(found[2])


def _yuan(form: Form, row: Row) -> int:
    text = form.get(row.field, "").strip().replace(",", "")
    if not MONEY.fullmatch(text):
        raise _refused(row, "not_money" if text else "needed")
    return int(Decimal(text).scaleb(4))


def _text(form: Form, row: Row) -> str:
    text = form.get(row.field, "").strip()
    if len(text) > row.most:
        raise _refused(row, "too_long", most=row.most)
    return text


def _address(form: Form, row: Row) -> bytes:
    try:
        return archive_rows.address(form.get(row.field, "").strip())
    except ValueError:
        raise _refused(row, "bad_meter_address") from None


def _hex(form: Form, row: Row) -> bytes:
    text = "".join(form.get(row.field, "").split())
    if not text:
        raise _refused(row, "needed")
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise _refused(row, "not_hex") from None


def _perhaps(form: Form, row: Row) -> int | None:
    """A number, or nothing where nothing is entered."""
    text = form.get(row.field, "").strip()
    return _whole(text, row) if text else None


def _register(form: Form, row: Row) -> int:
    """kWh as a meter shows it, in Wh."""
    text = form.get(row.field, "").strip().replace(",", "")
    if not REGISTER.fullmatch(text):
        raise _refused(row, "not_a_register" if text else "needed")
    return int(Decimal(text).scaleb(3))


def _balance(form: Form, row: Row) -> int:
    """Yuan to 10^-4 yuan, or kWh to Wh: the field `fee` says which."""
    scaled = _yuan(form, row)
    if form.get("fee") == "1":
        return scaled
    if scaled % 10:
        raise _refused(row, "not_money")
    return scaled // 10


SHAPES: dict[str, Callable[[Form, Row], Any]] = {
    "kw": _times(1000),
    "kwh": _times(1000),
    "minutes": _times(60),
    "seconds": _times(1),
    "count": _times(1),
    "percent": _times(1),
    "half_hours": lambda form, row: HALF_HOUR_S * _choice(1, 48)(form, row),
    "minutes_list": _minutes_list,
    "rounds": _mask(1, 8),
    "days": _mask(1, 7),
    "eight": _mask(1, 8),
    "hours": _mask(0, 23, empty_ok=True),
    "group": _choice(1, 8),
    "eight_one": _choice(1, 8),
    "four_one": _choice(1, 4),
    "profile_op": _choice(2, 3),  # of the command: drop what came, roll back
    "scheme": _choice(0, 2),
    "switch": _choice(0, 1),
    "flag": _choice(0, 255),
    "fee": _choice(0, 1),
    "want": _choice(0, 2),
    "line": _choice(0, archive_rows.MODULE),
    "own_line": _choice(1, archive_rows.MODULE),
    "point": _choice(1, 65535),
    "freeze": _choice(messages.DAILY, messages.MONTHLY),
    "millis": _times(1),
    "perhaps": _perhaps,
    "hex": _hex,
    "register": _register,
    "local_day": _date,
    "address": _address,
    "balance": _balance,
    "control": _choice(REMOTE + 1, max(no for no, _name in CONTROLS.items())),
    "day": _day,
    "last_day": lambda form, row: _day(form, row) + 1,  # the contract names the day after
    "clock": _clock,
    "yuan": _yuan,
    "text": _text,
}
UNITS = {
    "kw": "kW",
    "kwh": "kWh",
    "minutes": "min",
    "register": "kWh",
    "millis": "ms",
    "seconds": "s",
    "percent": "%",
    "minutes_list": "min",
    "yuan": "yuan",
}
