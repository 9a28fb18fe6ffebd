"""Meters are cut off and let go once, by what their status word shows; whatever comes between."""

import json
from pathlib import Path
from typing import Any

import pytest

import protocols.meters
from firmware.area.archive import GUARANTEED, PREPAID
from firmware.area.switching import LOOKS, VALID_S
from firmware.store.record import StoreError
from hil.world.area.area import Area as World
from hil.world.area.served import Rack
from protocols import cbor
from protocols.lines import dlt645
from protocols.meters import compile as compiling
from protocols.meters import interpret, links
from protocols.uplink import area
from protocols.uplink.codes import REASON_NO
from tests.unit.collect_prepaid.rig import (
    MANY,
    NOON_S,
    OFFSET_S,
    SECRETS,
    Collector,
    row,
)

CATALOGUE = Path(protocols.meters.__file__).with_name("catalogue")


@pytest.fixture
def home(areas):
    """Meter 1 has used up what it had."""
    return spent(areas())


def spent(home):
    assert home.order(1, 1, 1000) == 0
    home.read(1)
    home.use(1, 1000)
    assert home.left(1) < 0
    home.events.clear()
    return home


def looked_before_each(meter):
    """No control without a status word right before it."""
    before = None
    for came in meter.log:
        assert came[0] == "look" or before == "look", meter.log
        before = came[0]


def test_out_of_money_is_cut_off_once_and_topped_up_is_let_go(home):
    home.live(120)
    assert home.meters[1].is_open
    assert home.told() == ["switch_opened", "energy_control_trip"]
    assert [body[1]["metering_point"] for body in home.events] == [1, 1]
    assert home.order(1, 2) == 0
    home.live(120)
    assert not home.meters[1].told_open
    assert (len(home.sent(1)), len(home.sent(1, "permit_close"))) == (1, 1)
    assert home.told()[2:] == ["purchase_applied", "close_permitted"]
    looked_before_each(home.meters[1])


def test_a_control_carries_the_end_of_its_validity_and_the_secrets(home):
    home.live(10)
    ((_name, fields),) = home.sent(1)
    local_s = home.board.clock.t_s + OFFSET_S
    year, month, day, hour, minute, second = fields.pop("valid_until")
    assert (year, month, day) == (2026, 11, 22)
    until_s = local_s // 86400 * 86400 + hour * 3600 + minute * 60 + second
    assert 0 < until_s - local_s <= VALID_S
    assert fields == SECRETS


@pytest.mark.parametrize("what", ["order", "guarantee", "station", "clock"])
def test_what_comes_while_the_status_word_is_read_withdraws_the_cut_off(home, what):
    def between(_meter):
        home.collector.between = None
        if what == "order":
            home.order(1, 2)
        elif what == "guarantee":
            home.command(area.METER_GUARANTEE, 1, on=1)
        elif what == "station":
            home.command(area.METER_SWITCH, 1, want=2)
        else:
            home.board.clock.ok = False

    home.collector.between = between
    home.live(3600)
    assert home.collector.between is None
    assert home.sent(1) == []


@pytest.mark.parametrize("fate", ["unheard", "lost", ""])
def test_a_power_cut_in_the_middle_of_a_cut_off_never_cuts_blindly(home, fate):
    """The control is on its way, or lost, or its answer is: only the status word says which."""

    class PowerCut(Exception):
        pass

    def control(name, fields, plain=home.meters[1].control):
        plain(name, fields)
        raise PowerCut

    home.meters[1].fate, home.meters[1].control = fate, control
    with pytest.raises(PowerCut):
        home.live(60)
    del home.meters[1].control
    home.cut_power()
    assert len(home.sent(1)) == 1
    home.live(VALID_S + 300)
    assert home.meters[1].is_open
    assert len(home.sent(1)) == (2 if fate == "lost" else 1)
    looked_before_each(home.meters[1])


def test_an_intent_that_cannot_be_stored_is_not_sent(home, monkeypatch):
    def refuse(_values):
        raise StoreError("flash full")

    monkeypatch.setattr(home.kv, "put", refuse)
    home.live(300)
    assert home.sent(1) == []
    assert home.room.faults
    monkeypatch.undo()
    home.live(120)
    assert len(home.sent(1)) == 1


def test_a_refusal_is_not_repeated_over_a_restart(home):
    home.meters[1].fate = "refused"
    home.live(60)
    home.cut_power()
    home.live(600)
    assert len(home.sent(1)) == 1
    assert home.told() == ["output_mismatch"]


def test_a_mute_meter_is_asked_now_and_then_and_holds_nobody_up(home):
    assert home.order(2, 1, 1) == 0
    home.read(2)
    home.use(2, 1000)
    home.meters[1].mute = True
    home.live(120)
    assert home.meters[2].is_open
    assert home.sent(1) == []
    home.live(LOOKS * 70)
    assert ("output_mismatch", 1) in [(name, told["metering_point"]) for name, told in home.events]


@pytest.mark.parametrize("flags", [PREPAID | GUARANTEED, 0])
def test_who_is_guaranteed_or_not_prepaid_is_not_cut(home, flags):
    home.collector.archive.put(1, row(1, flags))
    home.live(600)
    assert home.sent(1) == []


@pytest.mark.parametrize("power", ["stays", "cut"])
@pytest.mark.parametrize("how", ["flag lost", "guarantee", "flag lost, guarantee"])
def test_who_was_cut_off_is_let_go_once_when_no_balance_rules_it_any_more(home, how, power):
    home.live(120)
    assert home.meters[1].told_open
    home.events.clear()
    if "guarantee" in how:
        assert home.command(area.METER_GUARANTEE, 1, on=1) == 0
    if "flag" in how:
        home.load(row(1, 0) + home.packed[len(row(1)) :])
    if power == "cut":
        home.cut_power()
    home.live(7200)
    assert not home.meters[1].told_open
    assert (len(home.sent(1)), len(home.sent(1, "permit_close"))) == (1, 1)
    assert home.told().count("close_permitted") == 1
    looked_before_each(home.meters[1])


def test_a_flag_lost_before_the_read_back_lets_go_what_the_lost_answer_hid(home):
    home.meters[1].fate = "unheard"
    home.live(5)
    assert len(home.sent(1)) == 1
    home.load(row(1, 0) + home.packed[len(row(1)) :])
    home.live(VALID_S + 600)
    assert not home.meters[1].told_open
    assert len(home.sent(1, "permit_close")) == 1


def test_what_others_have_cut_off_is_theirs(home):
    home.order(1, 2)
    home.live(60)
    home.load(row(1, 0) + home.packed[len(row(1)) :])
    home.meters[1].is_open = home.meters[1].told_open = 1
    home.patrol(1)
    home.live(7200)
    assert home.meters[1].told_open
    assert home.sent(1, "permit_close") == []


def test_what_the_station_opened_without_a_balance_is_let_go_with_its_word(home):
    home.load(home.packed[: 2 * len(row(1))] + row(3, 0))
    assert home.command(area.METER_SWITCH, 3, want=1) == 0
    home.live(120)
    assert home.meters[3].told_open
    assert home.command(area.METER_SWITCH, 3, want=0) == 0
    home.live(120)
    assert not home.meters[3].told_open


def test_a_clock_that_is_not_trusted_cuts_nobody(home):
    home.board.clock.ok = False
    home.live(600)
    assert home.sent(1) == []
    home.board.clock.ok = True
    home.live(600)
    assert len(home.sent(1)) == 1


def test_blocked_hours_and_holidays_cut_nobody_and_the_next_hour_does(home):
    hour = (NOON_S + OFFSET_S) // 3600 % 24
    home.set(area.PREPAID, {5: 1 << hour})
    home.live(2600)
    assert home.sent(1) == []
    home.live(600)
    assert len(home.sent(1)) == 1


def test_a_holiday_cuts_nobody(home):
    home.set(area.PREPAID, {6: [(NOON_S + OFFSET_S) // 86400]})
    home.live(3600)
    assert home.sent(1) == []


def test_a_meter_without_a_switch_is_left_alone(home):
    home.collector.profiles[1].controls = {}
    home.live(600)
    assert home.meters[1].log == []
    assert home.command(area.METER_SWITCH, 1, want=1) == REASON_NO["bad_params"]


# ---- the station


def test_without_a_trusted_clock_the_station_cuts_nobody_either(home):
    assert home.command(area.METER_SWITCH, 2, want=1) == 0
    home.board.clock.ok = False
    home.live(120)
    assert home.sent(2) == []


def test_the_station_opens_a_meter_that_has_money_and_only_it_lets_go(home):
    assert home.command(area.METER_SWITCH, 2, want=1) == 0
    home.live(60)
    assert home.meters[2].is_open
    assert "remote_trip" in home.told()
    home.cut_power()
    assert home.order(2, 1) == 0
    home.live(600)
    assert home.meters[2].told_open, "money does not undo what the station did"
    assert home.command(area.METER_SWITCH, 2, want=0) == 0
    home.live(600)
    assert not home.meters[2].told_open


def test_a_guarantee_lets_go_what_the_station_had_opened(home):
    assert home.command(area.METER_SWITCH, 2, want=1) == 0
    home.live(60)
    assert home.command(area.METER_GUARANTEE, 2, on=1) == 0
    home.live(60)
    assert not home.meters[2].told_open
    assert home.command(area.METER_SWITCH, 2, want=1) == REASON_NO["guaranteed"]
    assert home.command(area.METER_GUARANTEE, 2, on=0) == 0
    home.live(120)
    assert not home.meters[2].told_open, "it stays let go"
    assert [name for name in home.told() if name.startswith("guarantee")] == ["guarantee_on", "guarantee_off"]


def test_a_guarantee_ends_by_command_and_stands_over_a_restart(home):
    home.command(area.METER_GUARANTEE, 1, on=1)
    home.cut_power()
    home.live(600)
    assert home.sent(1) == []
    home.command(area.METER_GUARANTEE, 1, on=0)
    home.live(600)
    assert len(home.sent(1)) == 1


@pytest.mark.parametrize(
    "params", [{"kind": area.METER_SWITCH, "want": 3}, {"kind": area.METER_GUARANTEE, "on": 2}]
)
def test_what_no_command_says_is_refused(home, params):
    assert home.command(params.pop("kind"), 1, **params) == REASON_NO["bad_params"]


def test_the_patrol_sees_what_people_did(home):
    home.live(60)
    home.events.clear()
    home.meters[1].is_open = 0  # its customer broke the seal
    home.patrol(1)
    assert home.told() == ["switch_closed"]
    home.live(120)
    assert home.meters[1].is_open, "it is cut again"


def test_live_state_counts_the_cut_and_the_low(home):
    assert home.room.now() == {"cut": 0, "low": 1}
    home.live(60)
    home.order(2, 1)
    assert home.room.now() == {"cut": 1, "low": 1}


# ---- a simulated area: real profile, real frames


class OnTheLine(Collector):
    """Asks the meters of a Rack by the Readers of their profile."""

    def __init__(self, archive, meters, profile, world):
        Collector.__init__(self, archive, meters, profile)
        self.world, self.rack, self.controls = world, Rack(world, 1), []

    def _run(self, generator):
        try:
            asked = next(generator)
            while True:
                replies = self.rack.feed(asked.data)
                frames = [frame for reply in replies for frame in dlt645.Framer().feed(reply.data)]
                good = [frame for frame in frames if asked.judge(frame) == ""]
                asked = generator.send(good[0] if good else None)
        except StopIteration as stop:
            return stop.value

    def reader(self, meter):
        found = bytes(reversed(self.archive.get(meter).address)).hex()
        return links.reader("dlt645-2007").Reader(found, {})

    def show(self, meter, request):
        profile: Any = self.profiles[1]
        return profile.decode(profile.index(request), self._run(self.reader(meter).read(request)))

    async def ask(self, meter, _read, _priority, _within_s):
        return 0, self.show(meter, "04000503")

    async def control(self, meter, name, inputs):
        data = self.profiles[1].controls[name][1]
        self.controls.append(name)
        self._run(self.reader(meter).control(name, dict(data, **inputs)))
        return ""


def test_a_home_of_the_simulated_area_is_cut_off_and_let_go(areas):
    """The catalogue's profile has direct close alone, so that is what lets go."""
    world = World(7, NOON_S - NOON_S % 86400 - OFFSET_S, 30, 1, {}, 0)
    world.advance(NOON_S)
    lived = next(each for each in world.homes if each.prepaid and each.on_line)
    document = json.loads((CATALOGUE / "dlt645-2007-prepaid.json").read_text(encoding="utf-8"))
    profile = interpret.Profile(cbor.decode(compiling.encoded(document)))
    packed = bytes.fromhex(lived.counter.address)[::-1] + row(1)[6:]
    home = areas(1, [packed], profile)
    home.collector = OnTheLine(home.collector.archive, home.meters, profile, world)
    home.room._switches._collector = home.collector

    def read():
        world.advance(home.board.clock.t_s)
        values = home.collector.show(1, "00010000")
        home.room.seen(1, 16, values, home.board.clock.t_s, 20, home.board.clock.t_s + OFFSET_S)

    assert home.order(1, 1, 1, address=packed[:6]) == 0
    read()
    for _hour in range(6):
        home.board.clock.t_s += 3600
        read()
        home.live(60)
    print(
        home.events, home.left(1), home.collector.controls, home.room._switches.want(1), lived.counter.address
    )
    assert lived.counter.relay_open
    assert home.collector.controls == ["trip"]
    assert home.order(1, 2, MANY, address=packed[:6]) == 0
    home.live(60)
    world.advance(home.board.clock.t_s)
    assert not lived.counter.relay_open
    assert home.collector.controls == ["trip", "close"]
