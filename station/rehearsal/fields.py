"""Fields of commands and parameters as people write them, read by their name: the schemas own what exists.

The plain form holds integers, lists and texts; bytes stand as hex text.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from firmware.control import checks
from protocols.uplink import codes, messages, parameters
from station.rehearsal import units
from station.rehearsal.tree import Node

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TRUTH = {"no": 0, "0": 0, "off": 0, "yes": 1, "1": 1, "on": 1}
_FLAGS = {"append": codes.APPEND, "refresh": codes.REFRESH}
_HALF_HOUR_S = 1800
ANY_ROUND = 32  # a round that a terminal does not have is its answer, not a mistake of the scenario
_SUFFIXES = (  # the first that fits; _yuan_e4 before shorter ones
    ("_yuan_e4", units.MONEY),
    ("_wh", units.ENERGY),
    ("_w", units.POWER),
    ("_pct", units.PERCENT),
)


def whole(node: Node, name: str) -> int:
    """An integer in the unit that the field's name ends in."""
    if name.endswith("_s"):
        return units.duration(node)
    for suffix, known in _SUFFIXES:
        if name.endswith(suffix):
            return units.whole(node, known)
    return units.whole(node)


def mask(node: Node, first: int, last: int) -> int:
    """`[1, 2]` numbers first..last, `all`, or the mask itself as a whole number."""
    if node.value == "all":
        return (1 << (last - first + 1)) - 1
    if isinstance(node.value, str):
        return units.whole(node)
    out = 0
    for item in node.items():
        number = units.whole(item)
        if not first <= number <= last:
            item.fail(f"{number} is not in {first}..{last}")
        out |= 1 << (number - first)
    return out


def rounds(node: Node) -> int:
    return mask(node, 1, ANY_ROUND)


def truth(node: Node) -> int:
    return _TRUTH[node.word(_TRUTH)]


def _days(node: Node) -> int:
    if isinstance(node.value, str):
        return units.whole(node)
    return sum({1 << DAYS.index(item.word(DAYS)) for item in node.items()})


def _hours(node: Node) -> int:
    """A mask, or a list of `8` and `8-18`: from the start of 8 to the start of 18."""
    if isinstance(node.value, str):
        return units.whole(node)
    out = 0
    for item in node.items():
        first, dash, end = item.text().partition("-")
        low = int(first) if first.isdecimal() else 99
        high = low + 1 if not dash else int(end) if end.isdecimal() else 0
        if not low < high <= 24:
            item.fail(f"{item.value!r} is not an hour 0..23 or hours such as 8-18")
        out |= (1 << high) - (1 << low)
    return out


def _start_min(node: Node) -> int:
    seconds = units.clock_s(node.text())
    if seconds is None:
        return units.whole(node)
    if seconds % 60:
        node.fail("whole minutes only")
    return seconds // 60


def _day(node: Node) -> int:
    return units.whole(node) if node.text().isdecimal() else units.local_day(node)


def _half_hours(node: Node, bits: int, rest: int) -> str:
    """Hex of 48 codes from `{"08:00-12:00": 1}`; a span may cross midnight; what is not named is `rest`."""
    if isinstance(node.value, str):
        if len(node.value) != 12 * bits or any(c not in "0123456789abcdef" for c in node.value):
            node.fail(f'{12 * bits} hex digits 0-9 a-f, or spans such as "08:00-12:00": 1')
        return node.value
    table: list[int | None] = [None] * 48
    for span, item in node.entries().items():
        code = units.whole(item)
        if not 0 <= code < 1 << bits:
            item.fail(f"{code} is not in 0..{(1 << bits) - 1}")
        for at in _slots(item, span):
            if table[at] is not None:
                item.fail(f"{span} meets another span")
            table[at] = code
    number = sum((rest if code is None else code) << (bits * at) for at, code in enumerate(table))
    return number.to_bytes(6 * bits, "little").hex()


def _slots(node: Node, span: str) -> list[int]:
    first, _dash, last = span.partition("-")
    from_s, until_s = units.clock_s(first), units.clock_s(last, last_h=24)
    if from_s is None or until_s is None or from_s % _HALF_HOUR_S or until_s % _HALF_HOUR_S:
        node.fail(f"{span!r} is not a span of half hours such as 08:00-12:00")
    count = (until_s - from_s) // _HALF_HOUR_S % 48 or 48
    return [(from_s // _HALF_HOUR_S + at) % 48 for at in range(count)]


def _control(node: Node) -> int:
    numbers = {word: no for no, word in codes.CONTROLS.items() if no != codes.REMOTE}
    return numbers[node.word(numbers)]


_BY_NAME: dict[str, Callable[[Node], Any]] = {
    "rounds": rounds,
    "periods": lambda node: mask(node, 1, 8),
    "days": _days,
    "hours": _hours,
    "start_min": _start_min,
    "from_day": _day,
    "until_day": _day,
    "control": _control,
    "flag": lambda node: _FLAGS[node.word(_FLAGS)],
    "on": truth,
    "direct": truth,
}


def _field(name: str, kind: str, node: Node, bits: int, rest: int) -> Any:
    """`kind` is the letter of the schema; `bits` and `rest` of its half hours."""
    if name in _BY_NAME:
        return _BY_NAME[name](node)
    if kind == "b":
        return _half_hours(node, bits, rest)
    if name == "schemes":
        return [[whole(item, "_w") for item in row.items()] for row in node.items()]
    if kind == "l":
        return [whole(item, name) for item in node.items()]
    return whole(node, name)


def command(kind: int, node: Node) -> dict[str, Any]:
    """The parameters of a command by field name, in the ranges that a terminal takes."""
    schema = list(messages.rows(messages.COMMANDS[kind]))
    allowed = [row[1] for row in schema]
    if "until_day" in allowed:
        allowed.append("last_day")
    given = node.fields(allowed) if node.value is not None else {}
    values = {
        name: _field(name, letter, given[name], bits=2, rest=0)
        for _key, name, letter, _need in schema
        if name in given
    }
    if "last_day" in given:
        if "until_day" in given:
            given["last_day"].fail("until_day says the same: the first day after the last")
        values["until_day"] = _day(given["last_day"]) + 1
    missing = [name for _key, name, _letter, need in schema if need and name not in values]
    if missing:
        node.fail(f"{', '.join(missing)} missing; fields: {', '.join(allowed)}")
    if checks.params(kind, _as_sent(values), ANY_ROUND) == checks.BAD_PARAMS:
        _name_what_is_wrong(kind, node, given, values)
    return values


def _as_sent(values: dict[str, Any]) -> dict[str, Any]:
    return values | {"codes": bytes.fromhex(values["codes"])} if "codes" in values else values


def _name_what_is_wrong(kind: int, node: Node, given: dict[str, Node], values: dict[str, Any]) -> NoReturn:
    """A terminal only answers bad_params; its table of ranges tells more."""
    for row in ",".join(checks.KINDS[kind]).split(","):
        name, letter, low, high = row.split(" ")
        value = values.get(name, int(low))
        for each in value if isinstance(value, list) else [value]:
            if letter[0] in "ul" and not int(low) <= each <= int(high):
                given.get(name, node).fail(f"{each} is not in {low}..{high}")
    node.fail("a terminal refuses these parameters: reserved codes, empty lists, or fields that do not agree")


def section(name: str, node: Node) -> dict[str, Any]:
    """The values of one section of terminal parameters, checked as the terminal checks them."""
    number = next(no for no, word in parameters.SECTIONS.items() if word == name)
    schema = {row[1]: row for row in parameters.rows(number)}
    given = node.fields(list(schema))
    values = {field: _field(field, schema[field][2], item, bits=4, rest=1) for field, item in given.items()}
    try:
        parameters.read(number, parameters.write(number, _as_sent(values)))
    except parameters.ParameterError as error:
        field = str(error).split(" ", 1)[0]
        low, high = schema[field][3:5]
        given[field].fail(f"{error}; allowed: {low}..{high}")
    return values
