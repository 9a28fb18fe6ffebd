"""Any value of a description of protocols/lines/dlt698/axdr.py."""

from typing import Any

from hypothesis import strategies as st

from protocols.lines.dlt698 import apdu, axdr, floats
from protocols.lines.refused import Refused

SIZES = {f"{letter}{bits}": (letter == "i", bits) for letter in "iu" for bits in (8, 16, 32, 64)}
SIZES |= {"oad": (False, 32)} | dict.fromkeys(apdu.MEANINGS, (False, 8))
SHORT = st.binary(max_size=9)


def reason(call):
    """Of the refusal that ends the call, None when it ends well."""
    try:
        call()
    except Refused as error:
        return error.reason
    return None


def _number(name):
    signed, bits = SIZES[name]
    half = 1 << bits - 1
    return st.integers(-half, half - 1) if signed else st.integers(0, 2 * half - 1)


def _real(bits, width):
    return st.integers(0, 2**bits - 1).map(lambda raw: floats.decode(raw, width))


def _leaf(tag):
    return st.tuples(st.just(tag), values(axdr.DATA[tag]))


_NESTED = (axdr.ARRAY, axdr.STRUCTURE, 0x58, 0x5A, 0x5C)
PLAIN = st.sampled_from([tag for tag in axdr.DATA if tag not in _NESTED]).flatmap(_leaf)
DATA = st.recursive(
    PLAIN, lambda inner: st.tuples(st.sampled_from(_NESTED[:2]), st.lists(inner, max_size=4)), max_leaves=8
)


@st.composite
def _records(draw):
    columns = draw(st.lists(values(axdr.CSD), min_size=1, max_size=3))
    rows = st.lists(st.tuples(*[DATA] * len(columns)).map(list), max_size=3)
    result = draw(st.one_of(st.tuples(st.just(0), st.integers(0, 255)), st.tuples(st.just(1), rows)))
    return draw(_number("oad")), columns, result


_NAMED: dict[str, Any] = {
    "null": st.none(),
    "bool": st.booleans(),
    "octets": SHORT,
    "text": st.text("".join(map(chr, range(256))), max_size=9),
    "utf8": st.text(st.characters(codec="utf-8"), max_size=6),
    "bits": SHORT.flatmap(
        lambda data: st.tuples(st.integers(max(0, len(data) * 8 - 7), len(data) * 8), st.just(data))
    ),
    "float32": _real(32, floats.SINGLE),
    "float64": _real(64, floats.DOUBLE),
    "bytes8": st.binary(min_size=8, max_size=8),
    "bytes16": st.binary(min_size=16, max_size=16),
    "bytes32": st.binary(min_size=32, max_size=32),
    "data": DATA,
    "record": _records(),
}


def values(kind) -> Any:
    if isinstance(kind, str):
        return _number(kind) if kind in SIZES else _NAMED[kind]
    if isinstance(kind, tuple):
        return st.tuples(*map(values, kind))
    if isinstance(kind, list):
        return st.lists(st.deferred(lambda: values(kind[0])), max_size=3)
    if isinstance(kind, axdr.Option):
        return st.none() | values(kind.kind)
    return st.sampled_from(sorted(kind)).flatmap(lambda n: st.tuples(st.just(n), values(kind[n])))


@st.composite
def apdus(draw, services=tuple(apdu.SERVICES)):
    service = draw(st.sampled_from(services))
    tail, kinds = apdu.SERVICES[service]
    kind = draw(st.sampled_from(sorted(kinds)))
    rest = draw(values(tail or ()))
    return apdu.Apdu(
        service,
        kind,
        None if tail is None else draw(st.integers(0, 255)),
        draw(values(kinds[kind])),
        rest[0] if len(rest) > 1 else None,
        rest[-1] if rest else None,
    )
