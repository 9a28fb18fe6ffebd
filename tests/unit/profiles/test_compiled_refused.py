"""A device takes no compiled profile in which an answer could meet something unusable, and says where."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, sound
from protocols.meters.sound import ProfileError
from station.profiles import files

GOOD = compiling.compiled(files.read(files.found("dlt645-2007-3p").read_bytes()))
ROWS = GOOD[interpret.ROWS]


def _with(key, value):
    return {**GOOD, key: value}


def _row(**changes):
    row = dict(
        zip(
            ("no", "at", "kind", "width", "shift", "extra"),
            struct.unpack_from(interpret.ROW, ROWS),
            strict=True,
        )
    )
    return _with(interpret.ROWS, struct.pack(interpret.ROW, *{**row, **changes}.values()) + ROWS[7:])


MALFORMED = {
    "no map": ([1], "profile"),
    "nothing": (None, "profile"),
    "another format": (_with(interpret.FORMAT, 2), "format"),
    "id a number": (_with(interpret.ID, 5), "id"),
    "id empty": (_with(interpret.ID, ""), "id"),
    "rev 0": (_with(interpret.REV, 0), "rev"),
    "rev true": (_with(interpret.REV, True), "rev"),
    "link a number": (_with(interpret.LINK, 1), "link"),
    "serial short": (_with(interpret.SERIAL, [9600, "8N1"]), "serial"),
    "speed 0": (_with(interpret.SERIAL, [0, "8N1", 1, 1, 1]), "serial/0"),
    "options a list": (_with(interpret.OPTIONS, []), "options"),
    "requests bytes": (_with(interpret.REQUESTS, b"x"), "requests"),
    "too many requests": (_with(interpret.REQUESTS, "\n" * 300), "requests"),
    "counts short": (_with(interpret.COUNTS, b"\1"), "counts"),
    "ends short": (_with(interpret.ENDS, b""), "ends"),
    "rows cut off": (_with(interpret.ROWS, ROWS[:-1]), "rows"),
    "rows text": (_with(interpret.ROWS, "x"), "rows"),
    "point 0": (_row(no=0), "rows/0"),
    "unknown type": (_row(kind=60), "rows/0"),
    "no bytes": (_row(width=0), "rows/0"),
    "100 bytes": (_row(width=100), "rows/0"),
    "a shift of 10**100": (_row(shift=100), "rows/0"),
    "no such extra": (_row(extra=200), "rows/0"),
    "a key without keys": (_row(kind=0x80), "rows/0"),
    "a decoded field by offset": (_row(kind=40, width=0, shift=0), "rows/0"),
    "extras none": (_with(interpret.EXTRAS, []), "extras"),
    "extras of numbers": (_with(interpret.EXTRAS, [1]), "extras/0"),
    "an empty fill": (_with(interpret.EXTRAS, [[[b""], 0, 0, [], ""]]), "extras/0"),
    "half a map": (_with(interpret.EXTRAS, [[[], 0, 0, [1], ""]]), "extras/0"),
    "bits of a text": (_with(interpret.EXTRAS, [[[], 0, 80, [], ""]]), "extras/0"),
    "singles of nothing": (_with(interpret.SINGLES, [b""]), "singles/0"),
    "singles unknown": (_with(interpret.SINGLES, [b"\0\xf0"]), "singles/0"),
    "more singles than rows": (_with(interpret.SINGLES, [b"\1\2\3\4"]), "singles/0"),
    "fast unknown": (_with(interpret.FAST, b"\xf0"), "fast"),
    "nothing to read": ({**_with(interpret.SLOW, b""), interpret.FAST: b""}, "slow"),
    "freeze of one": (_with(interpret.FREEZE, b"\0"), "freeze"),
    "power a text": (_with(interpret.POWER, "power_dw"), "power"),
    "curve a text": (_with(interpret.CURVE, "x"), "curve"),
    "daily of texts": (_with(interpret.DAILY, ["x"]), "daily"),
    "controls a list": (_with(interpret.CONTROLS, []), "controls"),
    "a control of nothing": (_with(interpret.CONTROLS, {"trip": []}), "controls"),
    "a control read back by none": (_with(interpret.CONTROLS, {"a": ["", {}, 0, 250, 1, 1, 1]}), "controls"),
}  # fmt: skip


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_is_refused_with_its_place(what):
    document, where = MALFORMED[what]
    with pytest.raises(ProfileError) as refused:
        sound.checked(document)
    assert refused.value.args[0].startswith(where + ": ")


@pytest.mark.parametrize("key", GOOD)
def test_every_part_is_wanted(key):
    with pytest.raises(ProfileError):
        sound.checked({at: part for at, part in GOOD.items() if at != key})


_junk = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**10), 10**10) | st.text(max_size=9) | st.binary(max_size=40),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(max_size=4) | st.integers(0, 30), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


def _use(document):
    """What is taken can meet any answer."""
    try:
        ready = sound.checked(document)
    except ProfileError:
        return
    for index in range(ready.size):
        ready.decode(index, bytes(range(200)))
        ready.decode(index, {"0": 5, "1": "x", "": None})
        ready.singles(index)


@given(st.sampled_from(list(GOOD)), _junk)
def test_junk_in_a_part_is_refused_or_usable(key, junk):
    _use(_with(key, junk))


@given(st.integers(0, len(ROWS) - 1), st.integers(0, 255))
def test_a_changed_row_is_refused_or_usable(at, byte):
    _use(_with(interpret.ROWS, ROWS[:at] + bytes([byte]) + ROWS[at + 1 :]))


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_usable(data):
    try:
        document = cbor.decode(data)
    except cbor.CborError:
        return
    _use(document)
