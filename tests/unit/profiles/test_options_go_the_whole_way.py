"""Every option that a profile may carry comes through check, compiler and the device's look to the Reader."""

import copy

import pytest

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import links, sound
from protocols.meters.points import BY_ALIAS, BY_NO
from station.profiles import check, files, options
from station.profiles.cross import SECRETS
from station.profiles.reading import Session
from station.profiles.simulated import Line, Meter

DOCUMENTS = {}  # one of each link, without what it says of itself
for _name in files.catalogue():
    _document = files.read(files.found(_name).read_bytes())
    DOCUMENTS[_document["link"]] = {**_document, "options": {}, "controls": {}}

SUCH = {int: [2], bool: [True, False], str: ["20"], list: [["1-0:16.7.0*255"], []]}
NUMBERS = {"frame": 64, "max_pdu": 128, "baud": 300, "client": 48, "address_size": 4}
TABLE = [
    (link, name, value)
    for link in links.LINKS
    for name, kind in links.reader(link).OPTIONS.items()
    if kind is not bytes and name not in SECRETS
    for value in ([NUMBERS[name]] if name in NUMBERS else kind if isinstance(kind, tuple) else SUCH[kind])
]


def _with(link, **given):
    """What was recorded with other options is left out."""
    document = copy.deepcopy(DOCUMENTS[link]) | {"options": given}
    document["tests"] = [test for test in document["tests"] if "exchanges" not in test] or [_test(document)]
    return document


def _test(document):
    meter = Meter(document)
    request = meter.profile.request(0)
    answer = meter.answers()[request]
    points = {BY_NO[no][2]: value for no, value in meter.profile.decode(0, answer).items()}
    if isinstance(answer, bytes):
        return {"name": "simulated", "read": request, "data": answer.hex(), "points": points}
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in answer.items()}
    return {"name": "simulated", "read": request, "values": values, "points": points}


def test_each_kind_of_option_is_in_the_table():
    kinds = {tuple if isinstance(k, tuple) else k for link in links.LINKS
             for k in links.reader(link).OPTIONS.values()}  # fmt: skip
    assert kinds == {*SUCH, bytes, tuple}
    assert ("sml", "unsigned", ["1-0:16.7.0*255"]) in TABLE


@pytest.mark.parametrize(("link", "name", "value"), TABLE)
def test_an_option_reaches_the_reader(link, name, value):
    document = _with(link, **{name: value})
    assert [str(problem) for problem in check.problems(document)] == []
    ready = sound.checked(cbor.decode(compiling.encoded(document)))
    assert ready.options == {name: value}
    assert links.reader(link).Reader(document["address"], options.for_test(link, ready.options))


def test_a_power_that_is_sent_without_its_zero_byte_is_positive():
    document = _with("sml")
    no = BY_ALIAS["power_dw"][0]
    shown = {}
    for codes in ([], ["1-0:16.7.0*255"]):
        document["options"] = {"unsigned": codes}
        meter = Meter(document, {no: -100})
        line = Line(meter.server)
        session = Session(meter.profile, line, meter.address, clock=line.clock)
        shown[len(codes)] = session.read([no]).values[no]
    # The simulated meter sends tenths of a watt in four bytes.
    assert shown == {0: -100, 1: (1 << 32) - 100}


@pytest.mark.parametrize("value", [["x" * 600], ["x", 1], "x", {"a": "x"}, None, 1.5])
def test_what_no_device_takes_is_told_by_check_with_its_path(value):
    (problem,) = check.problems(_with("sml", unsigned=value))
    assert problem.path in ("options", "options/unsigned")
    assert "a gap" not in str(problem)
