"""Profiles that look right and would show the wrong thing, or fail later, are told by `check`."""

import copy

import pytest

from protocols.meters import links
from station.profiles import check, files
from station.profiles.simulated import Meter, SimulationError

DOCUMENTS = {document["link"]: document for document in
             (files.read(files.found(name).read_bytes()) for name in files.catalogue())}  # fmt: skip
DLT645 = files.read(files.found("dlt645-2007-3p").read_bytes())
MODBUS = files.read(files.found("schneider-iem3155").read_bytes())
STATE = {"at": 0, "type": "u16", "point": "relay_state"}


def _told(document):
    return {problem.path: str(problem) for problem in check.problems(document)}


def _with(link, **fields):
    return {**copy.deepcopy(DOCUMENTS[link]), **fields}


def _reading(part, request="3:0x0300:1", **more):
    document = copy.deepcopy(MODBUS)
    document["reads"].append({"req": request, "parts": [part], **more})
    document["slow"] = [*document.get("slow", ()), request]
    return document, f"reads/{len(document['reads']) - 1}"


# ---- fields


@pytest.mark.parametrize(
    ("field", "value", "good"),
    [("bit", 15, True), ("bit", 16, False), ("bits", [8, 8], True), ("bits", [8, 9], False),
     ("bits", [16, 0], False), ("bits", [0, 0], False)],
)  # fmt: skip
def test_bits_are_inside_their_field(field, value, good):
    document, path = _reading({**STATE, field: value})
    assert (f"{path}/parts/0/{field}" in _told(document)) is not good
    assert bool(_told(document)) is not good


@pytest.mark.parametrize(("at", "good"), [(0, True), (2, False), (1, False)])
def test_a_field_ends_inside_the_registers_asked_for(at, good):
    document, path = _reading({**STATE, "at": at})
    assert (not _told(document)) is good
    assert good or "ends behind byte 2, all that 3:0x0300:1 brings" in _told(document)[path]


PAIR = {"at": 0, "type": "u16", "points": ["relay_state", "valve_state"]}


@pytest.mark.parametrize(
    ("singles", "wrong"),
    [(["3:0x0300:1", "3:0x0301:1"], []), (["3:0x0301:1", "3:0x0300:1"], [0, 1]),
     (["3:0x0300:1", "3:0x0301:2"], [1]), (["4:0x0300:1"], [0]), (["3:768:1"], [])],
)  # fmt: skip
def test_the_nth_single_brings_the_nth_field(singles, wrong):
    document, path = _reading(PAIR, "3:0x0300:2", fallback=singles)
    assert sorted(_told(document)) == [f"{path}/fallback/{n}" for n in wrong]


def test_a_single_replaces_one_field_only():
    document = copy.deepcopy(DLT645)
    blocks = [read for read in document["reads"] if read["req"] in ("0201FF00", "0202FF00")]
    blocks[1]["fallback"] = blocks[0]["fallback"]
    assert any("already" in text for text in _told(document).values())


def test_a_test_proves_something():
    document = copy.deepcopy(MODBUS)
    document["tests"] = [{"name": "empty", "read": document["reads"][0]["req"], "data": "", "points": {}}]
    assert {"tests/0/points", "tests"} <= set(_told(document))
    document["tests"] = [*MODBUS["tests"], {"name": "cut", "read": document["reads"][0]["req"], "data": "00",
                                            "points": {}}]  # fmt: skip
    assert _told(document) == {}


# ---- what the reader has


def test_every_reader_says_what_it_takes():
    for link in links.LINKS:
        module = links.reader(link)
        assert isinstance(module.OPTIONS, dict)
        assert all(hasattr(module.Reader, "control") for _name in module.CONTROLS)


@pytest.mark.parametrize(
    ("link", "options", "path"),
    [("sml", {"unsigned": 5}, "unsigned"), ("sml", {"unsigned": [5]}, "unsigned"),
     ("sml", {"unsinged": []}, "unsinged"), ("dlt645-2007", {"wakeup": "4"}, "wakeup"),
     ("dlt645-2007", {"wakeup": 10**12}, "wakeup"), ("dlt645-2007", {"wakeup": -1}, "wakeup"),
     ("dlt645-2007", {"wakeup": True}, "wakeup"), ("dlms", {"transport": "udp"}, "transport"),
     ("dlms", {"system_title": "4D4D4D0000BC614E"}, "system_title"), ("cjt188", {"type": 10}, "type"),
     ("iec62056-21", {"mode": "E"}, "mode"), ("modbus", {"x": 1}, "x")],
)  # fmt: skip
def test_options_are_those_of_the_reader(link, options, path):
    assert f"options/{path}" in _told(_with(link, options=options))


def test_options_of_the_right_kind_are_taken():
    assert _told({**copy.deepcopy(DLT645), "options": {"wakeup": 4}}) == {}


VERIFY = {"read": "04000503", "point": "relay_state", "value": 0}


@pytest.mark.parametrize(
    ("name", "control", "path"),
    [("trpi", {"fields": {}}, "controls/trpi"), ("trip", {"fields": {"n2": 0}}, "controls/trip"),
     ("trip", {"fields": {"nn": 0}, "valid_min": 5}, "controls/trip/fields/nn"),
     ("trip", {"fields": {"level": "2"}, "valid_min": 5}, "controls/trip/fields/level"),
     ("trip", {"fields": {"valid_until": [26, 1, 1, 0, 0, 0]}}, "controls/trip/fields/valid_until"),
     ("x", {"req": "0400", "data": "00"}, "controls/x")],
)  # fmt: skip
def test_controls_are_driven_to_the_first_thing_sent(name, control, path):
    assert path in _told({**copy.deepcopy(DLT645), "controls": {name: {**control, "verify": VERIFY}}})


def test_controls_that_can_be_sent_are_taken():
    good = {"trip": {"fields": {"level": 2}, "valid_min": 5, "verify": VERIFY},
            "x": {"req": "04000503", "data": "00", "verify": VERIFY}}  # fmt: skip
    assert _told({**copy.deepcopy(DLT645), "controls": good}) == {}


def test_a_reader_without_controls_has_none():
    for control in ({"fields": {}}, {"req": "1", "data": "00"}):
        shown = DOCUMENTS["sml"]["reads"][0]
        point = (shown["parts"][0].get("points") or [shown["parts"][0]["point"]])[0]
        verify = {"read": shown["req"], "point": point, "value": 0}
        assert "controls/trip" in _told(_with("sml", controls={"trip": {**control, "verify": verify}}))


def test_what_no_server_can_hold_is_a_simulation_error():
    document = _with("mbus", address="1")
    for part in document["reads"][0]["parts"]:
        part.pop("wire", None)
    with pytest.raises(SimulationError, match="no meter of mbus"):
        Meter(document)
    with pytest.raises(SimulationError, match="no meter of modbus"):
        Meter(_with("modbus"), address="x")
