"""A flash that is full, worn or spoilt: control goes on, money is kept, nothing is told twice."""

import pytest

from protocols.uplink import codes, messages, parameters, topics
from tests.unit.terminal.flash import HALF, NOTHING, WHOLE, flip
from tests.unit.terminal.site import ALARM_S, LOAD_W, LOW_W, ORDER, TRIP_1
from tests.unit.terminal.test_guarantee_faults import spoil_piece

CLOCKED_S = (ALARM_S - 3, ALARM_S + 3)


def spoil(site, how):
    """Full to the last byte, or every write fails and leaves so much of itself."""
    if how == "full":
        site.flash.fill()
    else:
        site.flash.worn = how


WAYS = pytest.mark.parametrize("how", ["full", NOTHING, HALF, WHOLE])


@WAYS
def test_a_flash_that_refuses_delays_no_trip_and_the_event_is_told_once(site, how):
    site.boot().run(5)
    site.overload()
    spoil(site, how)
    waited = site.run_until(site.tripped)
    assert CLOCKED_S[0] <= waited <= CLOCKED_S[1]
    site.run(120)
    assert (site.tripped(), len(site.trips)) == (1, 1)
    site.flash.mend()
    site.run(120)
    assert site.gaps == []
    assert len(site.told("power_control_alarm")) == len(site.told("power_control_trip")) == 1
    site.cut()
    site.boot().run(10)
    assert site.tripped() == 1, "what is tripped reached the flash once it took it"
    assert len(site.told("power_control_trip")) == 1


@WAYS
def test_a_command_that_cannot_be_kept_is_refused_and_not_done(site, how):
    site.boot().run(5)
    spoil(site, how)
    trip = site.send(messages.TRIP, TRIP_1)
    order = site.send(messages.PURCHASE, ORDER)
    site.run(30)
    assert site.trips == []
    assert site.remaining_wh() is None
    site.flash.mend()
    site.run(5)
    assert (site.answer(trip), site.answer(order)) == ("storage_failed", "storage_failed")
    site.cut()
    site.boot().run(5)
    assert site.trips == []
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    assert site.remaining_wh() == ORDER["value_wh"]
    assert site.do(messages.PURCHASE, ORDER) == "order_already_applied"


@WAYS
def test_money_is_kept_over_a_refusing_flash_and_a_cut(site, how):
    """A cut while the flash refuses: the balance is right again after it."""
    site.boot().run(5)
    before = site.used_wh()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.factory.load_w = LOAD_W
    site.run(200)
    spoil(site, how)
    site.run(400)
    true = ORDER["value_wh"] - (site.used_wh() - before)
    assert abs(site.remaining_wh() - true) <= 2000
    site.cut()
    site.flash.mend()
    site.boot().run(10)
    used = site.used_wh() - before
    assert abs(site.remaining_wh() - (ORDER["value_wh"] - used)) <= 2000, "the meter tells what was used"
    assert site.outputs.guarantee == codes.GUARANTEE_OFF


def test_a_full_flash_gives_its_oldest_records_for_an_order(site):
    """Money and control come before records: as long as there is a segment to spare nothing is refused."""
    site.boot().run(5)
    body = {"code": codes.EVENT_CODE["clock_set"], "data": {codes.EVENT_FIELD_NO["step_ms"]: 1}}
    for _ in range(400):
        site.terminal.outbox.add(topics.LG, messages.EVENT, 1, 1, body)
    site.flash.fill()
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.run(300)
    site.overload()
    site.run_until(site.tripped)
    site.cut()
    site.boot().run(5)
    assert site.tripped() == 1
    assert abs(site.remaining_wh() - ORDER["value_wh"]) < 20_000
    assert len(site.told("purchase_applied")) == 1


def test_a_boot_on_a_flash_that_refuses_controls_as_before(site):
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.run(5)
    site.cut()
    site.flash.worn = NOTHING
    site.boot().run(30)
    assert (site.tripped(), site.gaps) == (1, [])
    site.flash.mend()
    site.run(120)
    assert len(site.told("terminal_fault")) == 1


@pytest.mark.parametrize("value", [b"\xff", [1], [1, {99: 1}], [1, {1: "x"}]])
def test_a_corrupt_section_falls_back_is_told_and_control_goes_on(site, value):
    """Section CONTROL: its last good copy is the one before any change, the defaults."""
    site.boot().run(5)
    assert site.set(parameters.CONTROL, energy_step_s=30) == "executed"
    site.overload()
    site.cut()
    spoil_piece(site.folder, "set1", value)
    site.boot().run(5)
    assert site.terminal.settings.get(parameters.CONTROL)["energy_step_s"] == 60
    assert site.outputs.guarantee == codes.GUARANTEE_OFF
    site.run_until(site.tripped)
    assert len(site.told("parameters_lost")) == 1
    assert site.set(parameters.CONTROL, 2, energy_step_s=10) == "executed"


def test_points_that_are_corrupt_leave_the_meter_of_the_identity(site):
    site.boot().run(5)
    row = [1, 1, 1, "000000000009", 9600, 0, 80, 2200, 5000, 4, 0, 0]
    assert site.set(parameters.POINTS, points=[row]) == "executed"
    site.run(30)
    assert site.read_w() is None, "nobody has that address"
    site.cut()
    spoil_piece(site.folder, "set8", [1, {1: [[1, 2]]}])
    site.boot().run(10)
    assert abs(site.read_w() - LOW_W) < 100


def test_every_write_of_a_purchase_may_be_the_last(site):
    """Power off, or a worn flash, at each write of an order: it is there or not, as the answer says."""
    site.boot().run(5)
    for number in range(1, 40):
        before = site.remaining_wh() or 0
        site.flash.left, site.flash.worn = number // 3, (NOTHING, HALF, WHOLE)[number % 3]
        command = site.send(messages.PURCHASE, dict(ORDER, order=number))
        site.cut(1)
        site.flash.mend()
        site.boot().run(3)
        after = site.remaining_wh() or 0
        added = after - before > ORDER["value_wh"] // 2
        assert abs(after - before - added * ORDER["value_wh"]) < 2000, "once, or not at all"
        answers = [
            b["outcome"]
            for k, _t, b in site.records(topics.EV)
            if k == messages.RESULT and b["command"] == command
        ]
        if codes.EXECUTED in answers or codes.RECEIVED in answers:
            assert added, number
        assert (site.do(messages.PURCHASE, dict(ORDER, order=number)) == "order_already_applied") == added


@pytest.mark.parametrize("keep", [0, 60])
def test_spoilt_records_stop_nothing_and_touch_no_money(site, keep):
    """Every stream of records: what is lost is named later, numbers are not used twice."""
    site.boot().run(5)
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    site.overload()
    site.run(100)
    numbers = [site.terminal.outbox.next_seq(stream) for stream in topics.STREAMS.values()]
    site.cut()
    for stream in topics.STREAMS.values():
        for path in (site.folder / stream).iterdir():
            flip(path, keep)
    site.boot().run(30)
    after = [site.terminal.outbox.next_seq(stream) for stream in topics.STREAMS.values()]
    assert all(new >= old for new, old in zip(after, numbers, strict=True))
    assert (site.tripped(), site.gaps) == (1, [])
    assert site.outputs.guarantee == codes.GUARANTEE_OFF
    assert abs(site.remaining_wh() - ORDER["value_wh"]) < 20_000
    assert site.told("power_up"), "new records are kept"
