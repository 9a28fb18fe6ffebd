"""Power cut in each state, link cut in each way, commands twice: control, money and guarantee go on."""

import asyncio

import pytest

from protocols.uplink import codes, messages, parameters
from tests.unit.terminal.site import ALARM_S, GUARANTEE_ON, ORDER, PLAN, TRIP_1


def idle(site):
    site.run(5)


def monitor(site):
    assert site.do(messages.PERIOD_PLAN, PLAN) == "executed"


def alarm(site):
    site.overload()


def post_trip(site):
    site.overload()
    site.run_until(site.tripped)


def tripped(site):
    post_trip(site)
    site.run(60)


def permitted(site):
    tripped(site)
    assert site.do(messages.RELEASE, {"control": codes.PERIOD}) == "executed"
    assert site.outputs.permitted == 1


def remote_alarm(site):
    assert site.do(messages.TRIP, dict(TRIP_1, delay_s=60)) in ("received", "executed")
    assert site.outputs.alarm == 1


def remote(site):
    assert site.do(messages.TRIP, TRIP_1) == "executed"


def bought(site):
    assert site.do(messages.PURCHASE, ORDER) == "executed"


def used_up(site):
    assert site.do(messages.PURCHASE, dict(ORDER, value_wh=1)) == "executed"
    site.run_until(site.tripped, 400)


def guaranteed(site):
    tripped(site)
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"


STATES = (
    idle,
    monitor,
    alarm,
    post_trip,
    tripped,
    permitted,
    remote_alarm,
    remote,
    bought,
    used_up,
    guaranteed,
)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("off_s", [1, 7200])
def test_a_power_cut_in_each_state(site, state, off_s):
    site.boot().run(5)
    before = site.used_wh()
    state(site)
    held, guarantee = site.tripped(), site.outputs.guarantee
    left = site.remaining_wh()
    trips = len(site.trips)
    for _cut in range(3):
        site.cut(off_s)
        site.boot()
        site.run(1)
        opened = sum(rounds for _s, rounds, _w in site.trips[trips:])
        due = 0b111 if state is used_up and off_s > 60 else held  # the next round, a minute later
        assert not opened & ~due, "nothing that was not open or due"
        assert site.tripped() & held == held, "what was open"
        held = site.tripped()
        assert site.outputs.guarantee == guarantee
        trips = len(site.trips)
    site.run(5)
    if left is not None:
        order = 1 if state is used_up else ORDER["value_wh"]
        assert abs(site.remaining_wh() - (order - site.used_wh() + before)) <= 2500
        assert site.do(messages.PURCHASE, ORDER) == "order_already_applied"
    assert len(site.told("power_control_trip")) <= 1
    assert len(site.told("power_up")) == 4
    assert site.terminal.boot == 4


@pytest.mark.parametrize("off_s", [1, 5, 300])
def test_an_alarm_begins_anew_after_a_cut_and_is_told_again(site, off_s):
    """The first decision of a start has no reading yet, and that drops the alarm."""
    site.boot().run(5)
    site.overload()
    site.run(ALARM_S // 2)
    site.cut(off_s)
    site.boot()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    site.run(60)
    assert len(site.told("power_control_alarm")) == 2
    assert len(site.told("power_control_trip")) == 1


async def hangs(_host, _port):
    await asyncio.Event().wait()


class Stream:
    """Takes everything; gives `data`, and then its end, or nothing for ever."""

    out_buf = b""  # of a MicroPython stream

    def __init__(self, data):
        self._data = data

    def write(self, _data):
        pass

    async def readinto(self, buffer):
        if self._data is None:
            await asyncio.Event().wait()
        data = self._data or b""
        n = min(len(buffer), len(data))
        buffer[:n], self._data = data[:n], data[n:]
        return n

    def close(self):
        pass

    async def wait_closed(self):
        pass


async def breaks(_host, _port):
    stream = Stream(b"\xff\x00 no broker at all" * 20)
    return stream, stream


async def ends(_host, _port):
    stream = Stream(b"")
    return stream, stream


async def silent(_host, _port):
    stream = Stream(None)
    return stream, stream


@pytest.mark.parametrize("connect", [None, hangs, breaks, ends, silent])
def test_without_a_link_control_goes_on_and_events_wait(site, connect):
    site.connect = connect
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.overload()
    assert ALARM_S - 3 <= site.run_until(site.tripped) <= ALARM_S + 3
    site.run(300)
    assert (site.tripped(), len(site.trips), site.gaps) == (1, 1, [])
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - site.used_wh() + before)) <= 2000
    assert len(site.told("power_control_trip")) == 1
    assert site.told("terminal_fault") == []
    assert site.board.feeds > 300


def test_a_link_lost_for_the_hours_that_are_set_guarantees_until_a_message_comes(site):
    site.boot().run(5)
    assert site.set(parameters.GUARANTEE, lost_link_s=600) == "executed"
    site.overload()
    site.terminal._heard()
    site.run_until(site.tripped)
    site.run(700)
    assert (site.outputs.guarantee, site.tripped()) == (codes.GUARANTEE_LOST_LINK, 0)
    site.terminal._heard()
    site.run(2)
    assert (site.outputs.guarantee, site.tripped()) == (codes.GUARANTEE_OFF, 0)
    site.factory.close(1)
    site.run_until(lambda: site.outputs.alarm, 30)
    assert site.run_until(site.tripped) >= ALARM_S - 3


def test_commands_forged_replayed_late_or_to_many_while_excluded_do_nothing(site):
    site.boot().run(5)
    forged = site.send(messages.TRIP, TRIP_1, key=b"x" * 32)
    late = site.send(messages.TRIP, TRIP_1, deadline_s=site.board.clock.now_s() - 1)
    site.run(5)
    assert site.answer(late) == "past_deadline"
    assert site.terminal.gate.counts["bad_mac"] == 1
    assert forged not in [body["command"] for kind, _t, body in site.records("ev") if kind == messages.RESULT]
    assert site.do(messages.EXCLUSION, {"on": 1}) == "executed"
    assert site.do(messages.TRIP, TRIP_1, scope=codes.TO_MANY) == "excluded"
    assert site.trips == []
    assert site.do(messages.TRIP, TRIP_1) == "executed"
    assert site.do(messages.PERMIT_CLOSE, {"rounds": 1}) == "executed"
    site.factory.close(1)
    trip = site.command_no - 1
    site.send(messages.TRIP, TRIP_1, number=trip)
    site.cut()
    site.boot().run(5)
    site.send(messages.TRIP, TRIP_1, number=trip)
    site.run(5)
    assert len(site.trips) == 1, "a repeat has the same answer and no second effect"
    assert site.answer(trip) == "executed"


def test_an_order_in_whatever_order_counts_once(site):
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    assert site.do(messages.PURCHASE, dict(ORDER, order=3)) == "executed"
    site.cut()
    site.boot().run(5)
    assert site.do(messages.PURCHASE, dict(ORDER, order=3)) == "order_already_applied"
    assert site.do(messages.PURCHASE, dict(ORDER, order=2)) == "order_number_old"
    fee = {
        "order": 9,
        "flag": codes.APPEND,
        "value_yuan_e4": 10,
        "alarm_yuan_e4": 5,
        "trip_yuan_e4": 0,
        "rounds": 1,
    }
    assert site.do(messages.FEE_ORDER, fee) == "no_tariff"
    site.run(5)
    assert abs(site.remaining_wh() - (2 * ORDER["value_wh"] - site.used_wh() + before)) <= 2000
    assert len(site.told("purchase_applied")) == 2
