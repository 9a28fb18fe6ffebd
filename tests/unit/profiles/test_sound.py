"""What a profile says of the line is something a device can do."""

import pytest

from protocols.meters import compile as compiling
from protocols.meters import interpret, links, sound
from station.profiles import files

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
