"""What a profile says of the line is something a device can do."""

import json
import struct

import pytest

from protocols.meters import compile as compiling
from protocols.meters import interpret, links, sound, types
from station.profiles import files, schema

GOOD = compiling.compiled(files.read(files.found("abb-b23").read_bytes()))


def _why(key, value):
    with pytest.raises(sound.ProfileError) as refused:
        sound.checked({**GOOD, key: value})
    return refused.value.args[0]


@pytest.mark.parametrize("form", ["8N1", "8E1", "7E1", "7O2", "8N2"])
def test_formats_of_a_line(form):
    assert sound.checked({**GOOD, interpret.SERIAL: [9600, form, 500, 30, 3]}).serial[1] == form


@pytest.mark.parametrize("form", ["zzz", "", "8N", "8N11", "9N1", "8X1", "8N3", "N81", 8, None, b"8N1"])
def test_what_is_no_format(form):
    assert _why(interpret.SERIAL, [9600, form, 500, 30, 3]).startswith("serial: ")


def test_links_are_those_of_the_table():
    for link in links.LINKS:
        assert sound.checked({**GOOD, interpret.LINK: link}).link == link
    assert _why(interpret.LINK, "modbus2").startswith("link: ")


@pytest.mark.parametrize(
    "options",
    [
        {"a": {}},
        {"a": [[]]},
        {"a": None},
        {1: "a"},
        {"a": "x" * 513},
        {"a": b"x" * 513},
        {str(n): n for n in range(200)},
    ],
    ids=["a map", "nested lists", "null", "no name", "long text", "long bytes", "many"],
)
def test_options_are_few_and_plain(options):
    assert _why(interpret.OPTIONS, options).startswith("options: ")


def test_options_of_every_plain_kind():
    options = {"a": 1, "b": "x", "c": b"x", "d": True, "e": ["x", 1]}
    assert sound.checked({**GOOD, interpret.OPTIONS: options}).options == options


POWER, ENERGY, EXPORT = 8, 320, 384


def _shown_as(no, kind):
    """The rows with another kind where point `no` stands, whatever it is."""
    rows = bytearray(GOOD[interpret.ROWS])
    struct.pack_into(interpret.ROW, rows, 0, no, 0, kind, 4, 0, 0)
    return {**GOOD, interpret.ROWS: bytes(rows)}


@pytest.mark.parametrize("no", [POWER, ENERGY, EXPORT])
@pytest.mark.parametrize("kind", [types.HEX, types.ASCII, types.MBUS_TIME])
def test_what_a_device_calculates_with_is_no_text_and_no_time(no, kind):
    with pytest.raises(sound.ProfileError, match=r"^rows/0: shows as text or time"):
        sound.checked(_shown_as(no, kind))
    assert sound.checked(_shown_as(1, kind)), "another point may be"


@pytest.mark.parametrize(
    ("key", "most", "above", "where"),
    [
        (interpret.SERIAL, [115200, "8N1", 15000, 2000, 5], [115200, "8N1", 15001, 2000, 5], "serial/2"),
        (interpret.SERIAL, [300, "8N1", 1, 1, 1], [300, "8N1", 500, 2001, 1], "serial/3"),
        (interpret.SERIAL, [300, "8N1", 1, 1, 1], [115201, "8N1", 500, 20, 1], "serial/0"),
        (interpret.SERIAL, [300, "8N1", 1, 1, 1], [9600, "8N1", 500, 20, 6], "serial/4"),
        (interpret.OPTIONS, {"baud": 115200}, {"baud": 299}, "options/baud"),
        (interpret.OPTIONS, {"baud": 300}, {"baud": "300"}, "options/baud"),
        (interpret.FAST, bytes(range(8)), bytes(range(9)), "fast"),
        (interpret.FAST, b"\0\1", b"\0\0", "fast"),
        (interpret.SLOW, bytes(64), bytes(65), "slow"),
        (interpret.CURVE, [8] * 32, [8] * 33, "curve"),
        (interpret.DAILY, [8] * 32, [8] * 33, "daily"),
        (interpret.KEYS, "k\n" * 127 + "k", "k\n" * 128 + "k", "keys"),
    ],
)
def test_how_long_a_profile_may_hold_the_line_and_the_device(key, most, above, where):
    assert sound.checked({**GOOD, key: most})
    assert _why(key, above).startswith(where + ": ")


def test_the_catalogue_is_within_the_bounds():
    for path in sorted(schema.CATALOGUE.glob("*.json")):
        assert sound.checked(compiling.compiled(json.loads(path.read_text(encoding="utf-8"))))
