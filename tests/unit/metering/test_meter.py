"""One meter: blocks where it knows them, singles where not; a dead one costs little and comes back."""

import pytest

from firmware.metering.meter import BACKOFF_MAX_MS
from protocols.meters.points import BY_ALIAS
from protocols.meters.readers.dlt645_read import PIECES_MAX
from tests.unit.metering.bench import MUTE, PROFILE, REFUSED, Rig

VOLTS = [BY_ALIAS[f"voltage_{phase}_dv"][0] for phase in "abc"]
BLOCK, A, B, C = 0x0201FF00, 0x02010100, 0x02010200, 0x02010300
SINGLES = {"02010100": b"\x01\x22", "02010200": b"\x02\x22", "02010300": b"\x03\x22"}


def test_a_block_is_one_exchange():
    rig = Rig(**{"0201FF00": b"\x01\x22\x02\x22\x03\x22"})
    assert rig.read(BLOCK) == dict(zip(VOLTS, (2201, 2202, 2203), strict=True))
    assert rig.bus.asked == [(2, BLOCK, None)]


def test_a_refused_block_is_read_by_singles_and_never_asked_again():
    rig = Rig(**SINGLES)
    wanted = dict(zip(VOLTS, (2201, 2202, 2203), strict=True))
    assert rig.read(BLOCK) == wanted
    assert rig.bus.dis() == [BLOCK, BLOCK, A, B, C]
    for _ in range(3):
        rig.bus.asked.clear()
        assert rig.read(BLOCK) == wanted
        assert rig.bus.dis() == [A, B, C]


def test_a_refused_single_is_left_out_and_never_asked_again():
    rig = Rig(**{**SINGLES, "02010200": REFUSED})
    assert rig.read(BLOCK) == {VOLTS[0]: 2201, VOLTS[2]: 2203}
    rig.bus.asked.clear()
    assert rig.read(BLOCK) == {VOLTS[0]: 2201, VOLTS[2]: 2203}
    assert rig.bus.dis() == [A, C]


def test_what_has_no_singles_and_is_refused_gives_nothing():
    rig = Rig()
    assert rig.read(0x02800002) == {}
    rig.bus.asked.clear()
    assert rig.read(0x02800002) == {}
    assert rig.bus.asked == []
    assert rig.meter.failures == 0, "a refusal is an answer"


def test_one_late_refusal_of_another_request_costs_nothing():
    rig = Rig(**{"02030000": b"\x00\x10\x02"})
    rig.bus.script = {0x02030000: [REFUSED]}
    assert rig.read(0x02030000) == {BY_ALIAS["power_dw"][0]: 21000}
    assert rig.read(0x02030000) == {BY_ALIAS["power_dw"][0]: 21000}


def test_power_and_energy_are_asked_again_whatever_was_refused():
    rig = Rig()
    for di in PROFILE.fast:
        assert rig.read(di) == {}
        rig.bus.asked.clear()
        assert rig.read(di) == {}
        assert rig.bus.dis() == [di, di]


def test_a_mute_meter_gives_none_wherever_it_stops():
    assert Rig(**{"0201FF00": MUTE}).read(BLOCK) is None
    assert Rig(**{**SINGLES, "02010200": MUTE}).read(BLOCK) is None
    assert Rig(**{"0201FF00": MUTE}).read_raw(BLOCK) is None


def test_follow_up_frames_are_joined_in_order():
    rig = Rig(**{"0201FF00": [b"\x01\x22", b"\x02\x22", b"\x03\x22"]})
    assert rig.read(BLOCK) == dict(zip(VOLTS, (2201, 2202, 2203), strict=True))
    assert rig.bus.asked == [(2, BLOCK, None), (2, BLOCK, 1), (2, BLOCK, 2)]


def test_a_follow_up_that_does_not_come_spoils_the_whole():
    rig = Rig()
    rig.bus.script = {BLOCK: [[b"\x01\x22", b"\x02\x22"], MUTE] * 2}
    assert rig.read(BLOCK) is None


def test_endless_follow_ups_end():
    rig = Rig(**{"0201FF00": [b"\x01\x22"] * 200})
    assert rig.read_raw(BLOCK) is None
    assert len(rig.bus.asked) == PIECES_MAX + 1


@pytest.mark.parametrize("data", [b"\x01", b"\x01\x22\x02", b"\x01\x22" * 3 + b"\x00"])
def test_a_length_that_fits_nothing_gives_no_value(data):
    assert Rig(**{"0201FF00": data}).read(BLOCK) == {}


def test_no_data_at_all_gives_no_value():
    assert Rig(**{"0201FF00": b""}).read(BLOCK) == {}


def test_a_dead_meter_rests_twice_as_long_each_time_and_recovers_at_once():
    rig = Rig(**{"02030000": MUTE})
    rests = []
    for n in range(12):
        assert rig.read(0x02030000) is None
        assert rig.meter.failures == n + 1
        start = rig.clock.now_ms()
        while rig.meter.resting():
            rig.clock.advance(100)
        rests.append(rig.clock.now_ms() - start)
    assert rests == [0, 0, 1000, 2000, 4000, 8000, 16000] + [BACKOFF_MAX_MS] * 5
    rig.bus.answers[0x02030000] = b"\x00\x10\x02"
    assert rig.read(0x02030000)
    assert (rig.meter.failures, rig.meter.resting()) == (0, False)
    rig.bus.answers[0x02030000] = MUTE
    assert [rig.read(0x02030000), rig.read(0x02030000)] == [None, None]
    assert not rig.meter.resting(), "it begins anew"
