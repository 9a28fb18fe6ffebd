"""A session reads what is wanted, falls back to singles, repeats what is mute, and sends a control once."""

import copy

import pytest

from protocols import cbor
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import compile as compiling
from protocols.meters import interpret
from protocols.meters.points import BY_ALIAS
from station.profiles import files
from station.profiles.reading import Session
from station.profiles.simulated import Line, Meter

DOCUMENT = files.read(files.found("dlt645-2007-3p").read_bytes())


def no(alias):
    return BY_ALIAS[alias][0]


class Faulty(Line):
    """`spoil(number, request, reply)` gives what arrives."""

    def __init__(self, server, spoil):
        super().__init__(server)
        self._spoil = spoil

    def write(self, data):
        super().write(data)
        self._waiting = self._spoil(len(self.heard), data, self._waiting)
        self._listening = False


def _session(values=None, spoil=None, document=DOCUMENT):
    meter = Meter(document, values)
    line = Faulty(meter.server, spoil or (lambda _number, _request, reply: reply))
    return meter, line, Session(meter.profile, line, meter.address, clock=line.clock)


def _asked(line):
    return [dlt645.di_of(dlt645.Framer().feed(request)[0]) for request, _answer in line.heard]


def test_only_the_reads_that_are_needed():
    _meter, line, session = _session()
    reading = session.read([no("voltage_b_dv"), no("voltage_c_dv"), no("frequency_chz")])
    assert _asked(line) == [0x0201FF00, 0x02800002]
    assert reading.values[no("voltage_b_dv")] == _meter.values[no("voltage_b_dv")]
    assert reading.failed == {}


def test_a_refused_block_is_read_by_its_singles():
    meter, line, session = _session()
    block = meter.server.store.pop("0201FF00")
    reading = session.read([no("voltage_a_dv")])
    assert _asked(line)[-3:] == [0x02010100, 0x02010200, 0x02010300]
    assert [reading.values[no(f"voltage_{c}_dv")] for c in "abc"] == [
        meter.values[no(f"voltage_{c}_dv")] for c in "abc"
    ]
    assert reading.failed == {}
    assert len(block) == 6


def test_a_single_that_is_refused_too_is_named_and_the_others_are_read():
    meter, _line, session = _session()
    del meter.server.store["0201FF00"], meter.server.store["02010200"]
    reading = session.read([no("voltage_a_dv")])
    assert no("voltage_b_dv") not in reading.values
    assert no("voltage_c_dv") in reading.values
    assert reading.failed == {"02010200": "refused no_such_data"}


def test_a_mute_block_is_asked_again_but_not_by_singles():
    def lost(_number, request, reply):
        return b"" if dlt645.di_of(dlt645.Framer().feed(request)[0]) == 0x0201FF00 else reply

    _meter, line, session = _session(spoil=lost)
    reading = session.read([no("voltage_a_dv")])
    assert _asked(line) == [0x0201FF00] * DOCUMENT["serial"]["tries"]
    assert reading.failed == {"0201FF00": "mute"}
    assert reading.values == {}


def test_a_lost_answer_costs_one_repeat():
    _meter, line, session = _session(spoil=lambda number, _request, reply: b"" if number == 1 else reply)
    assert session.read([no("frequency_chz")]).failed == {}
    assert len(line.heard) == 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda _number, request, reply: request + reply,
        lambda _number, _request, reply: b"\x00\x68\xff\x16" + reply,
        lambda _number, _request, reply: (
            dlt645_meter.reply("999999999999", 0x11, 0x02800002, b"\0\0") + reply
        ),
        lambda _number, _request, reply: (
            dlt645_meter.reply("123456789012", 0x11, 0x02800001, b"\0\0\0") + reply
        ),
    ],
    ids=["echo", "noise", "foreign", "late"],
)
def test_what_is_no_answer_is_passed_over(spoil):
    meter, line, session = _session(spoil=spoil)
    assert session.read([no("frequency_chz")]).values == {
        no("frequency_chz"): meter.values[no("frequency_chz")]
    }
    assert len(line.heard) == 1


def test_an_answer_of_another_shape_is_told():
    meter, _line, session = _session()
    meter.server.store["02800002"] = b"\x01\x02\x03"
    assert session.read([no("frequency_chz")]).failed == {
        "02800002": "the answer is not what the profile describes"
    }


def test_progress_counts_all_reads():
    _meter, _line, session = _session()
    told = []
    session.read([no("voltage_a_dv"), no("frequency_chz")], lambda *args: told.append(args))
    assert told == [(0, 2, "0201FF00"), (1, 2, "02800002"), (2, 2, "")]


def test_a_meter_that_drips_noise_for_ever_ends():
    meter = Meter(DOCUMENT)

    class Noise(Line):
        def read(self, timeout_s):
            self._now_s += 0.5
            return b"\x55"

    line = Noise(meter.server)
    session = Session(meter.profile, line, meter.address, clock=line.clock)
    assert session.read([no("frequency_chz")]).failed == {"02800002": "mute"}


# ---- controls

FIELDS = {"password": "000000", "operator": "00000001"}


def _valid(_minutes):
    return (2026, 11, 22, 10, 35, 0)


def _sent(line):
    return sum(dlt645.Framer().feed(request)[0].control == dlt645.CONTROL for request, _answer in line.heard)


def test_a_trip_is_sent_once_and_read_back():
    meter, line, session = _session()
    done = session.control("trip", FIELDS, _valid)
    assert (done.done, done.answer, done.shown) == (True, "", 0)
    assert meter.server.relay_open
    assert _sent(line) == 1


def test_a_trip_whose_answer_is_lost_is_not_repeated_but_read_back():
    def lost(_number, request, reply):
        return b"" if dlt645.Framer().feed(request)[0].control == dlt645.CONTROL else reply

    _meter, line, session = _session(spoil=lost)
    done = session.control("trip", FIELDS, _valid)
    assert (done.done, done.answer) == (True, "mute")
    assert _sent(line) == 1


def test_a_trip_that_does_nothing_is_told_after_its_time():
    meter, line, session = _session()
    meter.server.guaranteed = True
    done = session.control("trip", FIELDS, _valid)
    assert not done.done
    assert done.answer.startswith("refused")
    assert done.shown == 1
    assert _sent(line) == 1
    assert line.clock() >= DOCUMENT["controls"]["trip"]["verify"]["within_s"]


def test_a_wrong_password_changes_nothing():
    meter, _line, session = _session()
    assert not session.control("trip", FIELDS | {"password": "999999"}, _valid).done
    assert not meter.server.relay_open


@pytest.mark.parametrize(
    ("name", "control", "done", "answer"),
    [("dlms-landisgyr-e350", "disconnect", True, ""), ("cjt188-water", "valve_close", True, ""),
     ("dlt698-3p", "trip", False, "refused")],
)  # fmt: skip
def test_controls_of_other_protocols(name, control, done, answer):
    """The simulated 698 meter has no methods: it says so, and nothing happened."""
    document = files.read(files.found(name).read_bytes())
    meter = Meter(document)
    line = Line(meter.server)
    session = Session(meter.profile, line, meter.address, clock=line.clock)
    told = session.control(control, {})
    assert (told.done, told.answer.split(" ")[0], told.shown) == (done, answer, 0 if done else 1)


def test_a_register_that_is_written_is_read_back():
    document = copy.deepcopy(files.read(files.found("abb-b23").read_bytes()))
    document["reads"].append(
        {"req": "3:0x6300:1", "parts": [{"at": 0, "type": "u16", "point": "relay_state"}]}
    )
    document["controls"] = {
        "trip": {"req": "6:0x6300", "data": "0000",
                 "verify": {"read": "3:0x6300:1", "point": "relay_state", "value": 0}}
    }  # fmt: skip
    meter, line, session = _session(document=document)
    done = session.control("trip", {})
    assert (done.done, done.shown) == (True, 0)
    assert [request[1] for request, _answer in line.heard] == [6, 3]
    assert isinstance(interpret.Profile(cbor.decode(compiling.encoded(document))).controls["trip"][1], bytes)
    assert meter.server.store[(1, 3)][0x6300] == 0
