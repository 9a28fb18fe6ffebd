"""The trip path drives the pin first; the journal and the outbox follow, and may fail."""

import pytest

from firmware.controller import COMMIT_S, RUN_COMMIT_S
from protocols.uplink import messages
from protocols.uplink.codes import (
    APPEND,
    GUARANTEE_LOST_LINK,
    GUARANTEE_OFF,
    GUARANTEE_ON,
    GUARANTEE_POWER_UP,
    GUARANTEE_UNREADABLE,
    REASONS,
)
from tests.unit.controller.bench import PLAN, TRIP_1, code

ON, OFF = {"on": 1, "duration_s": 0}, {"on": 0, "duration_s": 0}
STATE = ["control", "g1", "o1", "p1", "run"]
ORDER = {"order": 1, "flag": APPEND, "value_wh": 8000, "alarm_wh": 300, "trip_wh": 0, "rounds": 1}


def _reason(bench, kind, params=None):
    return REASONS[bench.do(kind, params)]


def test_a_local_trip_drives_before_flash_and_outbox(bench):
    assert _reason(bench, messages.PERIOD_PLAN, PLAN) == "none"
    bench.run(3, 10_000)
    while not bench.tripped():
        bench.order.clear()
        bench.run(1, 200_000)
    assert bench.order == [("drive", 1), ("put", STATE)]
    assert bench.state().tripped == 1
    bench.order.clear()
    bench.run(1, 80_000)
    assert bench.order == [], "written once"
    bench.run(2, 80_000)
    assert bench.names()[-1] == "power_control_trip", "told with the power after it"


def test_a_commanded_trip_is_driven_before_it_is_told(bench):
    bench.run(1, 100_000)
    reason, entries, commit = bench.controller.apply(messages.TRIP, TRIP_1, 7)
    assert (reason, bench.tripped(), bench.order) == (0, 0, []), "apply changes nothing"
    bench.kv.put(entries)
    bench.order.clear()
    commit()
    assert bench.order[0] == ("drive", 1)
    bench.order.clear()
    bench.do(messages.GUARANTEE, ON)
    kinds = [row for row in bench.order if row[0] != "put"]
    events = ("guarantee_on", "remote_trip", "close_permitted")
    assert kinds == [("drive", 0), *(("tell", code(name)) for name in events)]
    assert bench.order[0] == ("put", STATE), "the gate's: a command's intent is journalled first"
    assert bench.order[1] == ("drive", 0)


def test_an_alarm_of_a_command_is_told_before_what_follows_from_it(bench):
    bench.run(1, 100_000)
    bench.do(messages.TRIP, {**TRIP_1, "delay_s": 60})
    bench.run(200, 100_000)
    assert bench.names() == ["remote_trip_alarm", "remote_trip"]


def test_a_refusing_flash_does_not_stop_the_trip_and_is_asked_again(bench):
    bench.do(messages.PERIOD_PLAN, PLAN)
    bench.run(3, 10_000)
    bench.flash_dead = True
    bench.run(10, 200_000)
    assert bench.tripped() & 1
    assert bench.state().tripped == 0, "nothing stands in flash"
    tries = bench.controller.store_errors
    assert tries > 1
    bench.run(5, 100)
    assert bench.controller.store_errors == tries + 5, "each second, as a trip must not be forgotten"
    bench.flash_dead = False
    bench.run(1, 100)
    assert bench.state().tripped == bench.tripped()
    bench.boot()
    bench.run(1, 100)
    assert bench.tripped() & 1, "still tripped after a power cut"


def test_used_energy_waits_for_the_minute_and_a_refusal_for_the_next(bench):
    bench.run(1, 1000, energy_wh=800_000)
    bench.do(messages.PURCHASE, {**ORDER, "value_wh": 800_000})
    bench.run(COMMIT_S - 5, 1000, energy_wh=800_000)
    bench.order.clear()
    bench.run(3, 1000, energy_wh=804_000)
    assert [row for row in bench.order if row[0] == "put"] == []
    bench.flash_dead = True
    bench.run(COMMIT_S, 1000, energy_wh=808_000)
    assert bench.controller.store_errors == 1, "once a minute, for the wear"
    assert bench.state().groups[0].account.left == 800_000
    bench.flash_dead = False
    bench.run(COMMIT_S, 1000, energy_wh=808_000)
    assert bench.state().groups[0].account.left == 792_000


def test_run_s_reaches_flash_each_hour_though_nothing_changes(bench):
    """A timed guarantee of a quiet terminal must not start anew at each power cut."""
    bench.run(1)
    bench.do(messages.GUARANTEE, {"on": 1, "duration_s": 4 * 3600})
    bench.order.clear()
    bench.run(3 * RUN_COMMIT_S + 5)
    assert len([row for row in bench.order if row[0] == "put"]) == 3
    bench.boot(clock_ok=False)
    bench.run(RUN_COMMIT_S - 60)
    assert bench.controller.outputs.guarantee == GUARANTEE_ON
    bench.run(120)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF


# ---- a damaged journal


def _damage(bench, keep):
    """Flip a byte in the middle of each commit behind the first `keep`; close first."""
    bench.kv.close()
    (path,) = bench.folder.glob("kv/*.j1")
    data = bytearray(path.read_bytes())
    data[keep:] = bytes(b ^ 0x55 for b in data[keep:])
    path.write_bytes(bytes(data))
    return path


@pytest.fixture
def journalled(bench, tmp_path):
    """(bench, bytes of its journal before the guarantee was put on)."""
    bench.folder = tmp_path
    bench.run(1)
    bench.do(messages.PERIOD_PLAN, PLAN)
    (path,) = tmp_path.glob("kv/*.j1")
    before = path.stat().st_size
    bench.do(messages.GUARANTEE, ON)
    return bench, before


@pytest.mark.parametrize("all_of_it", [True, False])
def test_a_damaged_journal_counts_as_guaranteed_until_told_otherwise(journalled, all_of_it):
    """Also when an older state is readable: the guarantee may have stood behind the damage."""
    bench, before = journalled
    _damage(bench, 0 if all_of_it else before)
    bench.boot()
    assert bench.kv.damaged
    bench.kv.put({"boot": 2})  # the first write of a start makes the journal whole again
    for _ in range(3):
        bench.run(20, 500_000)
        assert bench.controller.outputs.guarantee == GUARANTEE_UNREADABLE
        assert bench.tripped() == 0
        assert _reason(bench, messages.TRIP, TRIP_1) == "guarantee_unreadable"
        bench.boot()
        assert not bench.kv.damaged, "the next start finds nothing wrong, and still does not trip"
    bench.run(1)
    assert _reason(bench, messages.GUARANTEE, OFF) == "none"
    assert _reason(bench, messages.TRIP, TRIP_1) == "none"
    assert bench.tripped() == 1


def test_what_is_readable_of_a_damaged_journal_is_kept(journalled):
    bench, before = journalled
    _damage(bench, before)
    bench.boot()
    bench.run(1)
    assert bench.controller.outputs.groups[0].plan_id == 1


def test_a_device_that_never_stored_anything_is_not_guaranteed(bench):
    bench.run(1)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF


# ---- commands


def test_state_and_gate_are_journalled_in_one_commit(bench):
    bench.run(1, 100_000)
    gate = bench.gate()
    bench.order.clear()
    gate._take(5, {"kind": messages.TRIP, "command": 5, "params": _packed(TRIP_1), **_times(bench)}, True)
    puts = [data for kind, data in bench.order if kind == "put"]
    assert set(puts[0]) > {"gate", *STATE}, "with the gate's own"
    assert bench.order.index(("put", puts[0])) < bench.order.index(("drive", 1)), "intent, then act"
    assert (bench.tripped(), bench.state().remote[0].rounds) == (1, 1)


def test_a_command_that_flash_refuses_is_not_acted_on(bench):
    bench.run(1, 100_000)
    gate = bench.gate()
    bench.flash_dead = True
    gate._take(5, {"kind": messages.TRIP, "command": 5, "params": _packed(TRIP_1), **_times(bench)}, True)
    bench.run(3, 100_000)
    assert bench.tripped() == 0
    bench.flash_dead = False
    bench.run(3, 100_000)
    assert bench.tripped() == 0


def test_an_order_is_counted_once_over_a_cut_between_journal_and_commit(bench):
    bench.run(1, 1000, energy_wh=800_000)
    _reason_no, entries, _commit = bench.controller.apply(messages.PURCHASE, ORDER, 1)
    bench.kv.put(entries)
    bench.boot()
    bench.run(1, 1000, energy_wh=800_000)
    assert bench.controller.outputs.groups[0].remaining_wh == 8000
    assert _reason(bench, messages.PURCHASE, ORDER) == "order_already_applied"


def _packed(params):
    return messages.pack(messages.COMMANDS[messages.TRIP], params)


def _times(bench):
    return {"not_before_s": 0, "deadline_s": bench.clock.now_s() + 60}


# ---- samples


def test_a_sample_has_what_the_wiring_reads_and_local_time_of_a_trusted_clock(bench):
    bench.groups, bench.price_e4 = ((230_000, 1_600_000), (None, 5)), 5123
    sample = bench.controller.sample()
    assert (sample.groups, sample.price_e4, sample.heard) == (bench.groups, 5123, 0)
    assert sample.local_s == sample.t_s + 28800
    bench.clock.ok = False
    assert bench.controller.sample().local_s is None


def test_a_message_that_was_heard_counts_in_one_step(bench):
    bench.configure(guarantee={"lost_link_s": 100})
    bench.run(100)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF
    bench.run(1)
    assert bench.controller.outputs.guarantee == GUARANTEE_LOST_LINK
    bench.controller.heard()
    assert bench.controller.sample().heard == 1
    bench.run(1)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF
    assert bench.controller.sample().heard == 0
    assert bench.told == [("guarantee_on", {"kind": 3}), ("guarantee_off", {"kind": 3})]


def test_a_lost_link_is_counted_over_a_cut(bench):
    lost = {"lost_link_s": 4000}
    bench.configure(guarantee=lost)
    bench.controller.begin({})
    bench.controller.heard()
    bench.run(1)
    for _ in range(3):
        bench.run(1000)
        bench.clock.advance(200_000)
        bench.boot()
        bench.configure(guarantee=lost)
    bench.run(380)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF
    bench.run(60)
    assert bench.controller.outputs.guarantee == GUARANTEE_LOST_LINK


def test_time_without_power_is_no_time_since_power_up(bench):
    """A clock that is trusted a little later adds the hours of the cut to run_s at once."""
    bench.controller.begin({})
    bench.run(5)
    bench.clock.advance(5000_000)
    bench.boot(clock_ok=False)
    bench.configure(guarantee={"power_up_s": 300})
    bench.run(60)
    before_s = bench.controller.sample().run_s
    bench.clock.ok = True
    bench.run(1)
    assert bench.controller.sample().run_s > before_s + 4000
    bench.run(230)
    assert bench.controller.outputs.guarantee == GUARANTEE_POWER_UP
    bench.run(20)
    assert bench.controller.outputs.guarantee == GUARANTEE_OFF


# ---- what a flash or a contact gone bad must not do


def test_a_task_that_keeps_failing_is_told_once_an_hour(bench):
    for _ in range(50):
        bench.controller.fault("bus", "line lost")
        bench.run(60)
    assert [name for name, _fields in bench.told] == ["terminal_fault"]
    bench.run(700)
    bench.controller.fault("bus", "line lost")
    assert len(bench.told) == 2


def test_a_clock_step_does_not_end_a_guarantee_over_a_short_cut(bench):
    bench.clock.set_ms(bench.clock.now_ms() - 86_400_000)  # trusted, but a day slow
    bench.run(1)
    bench.do(messages.GUARANTEE, {"on": 1, "duration_s": 86_400})
    bench.run(100)
    bench.clock.set_ms(bench.clock.now_ms() + 86_400_000)
    bench.controller.clock_set(86_400_000)
    bench.run(600)
    bench.clock.advance(2000)
    bench.boot()
    bench.run(3)
    assert bench.controller.outputs.guarantee == GUARANTEE_ON


def test_a_wrong_clock_after_a_cut_leaves_half_a_day_of_guarantee(bench):
    bench.do(messages.GUARANTEE, {"on": 1, "duration_s": 86_400})
    bench.run(2)
    bench.clock.set_ms(bench.clock.now_ms() + 9 * 86_400_000)
    bench.boot()
    bench.run(3)
    assert bench.controller.outputs.guarantee == GUARANTEE_ON


def test_a_lost_flash_counts_as_guaranteed_also_after_the_next_cut(bench):
    bench.kv.close()
    bench.kv._path = bench.kv._path + "-new"  # an empty journal: the flash was formatted over damage
    bench.board.flash.lost = True
    bench.boot()
    bench.order.clear()
    bench.controller.begin({"epoch": b"12345678", "boot": 1})
    assert bench.order == [("put", ["boot", "control", "epoch", "g1", "o1", "p1", "run"])], (
        "one commit for all"
    )
    bench.board.flash.lost = False
    bench.boot()
    bench.run(1)
    assert bench.controller.outputs.guarantee == GUARANTEE_UNREADABLE
    assert _reason(bench, messages.TRIP, TRIP_1) == "guarantee_unreadable"


def test_a_trip_told_late_says_how_late(bench):
    bench.run(1, 100_000)
    bench.do(messages.TRIP, TRIP_1)
    bench.run(200, 100_000)
    assert bench.told[-1] == (
        "remote_trip",
        {"rounds": 1, "ago_s": 120, "power_before_w": 100_000, "power_after_w": 100_000},
    )


def test_a_minute_of_energy_writes_no_plan_and_no_order(bench):
    bench.run(1, 1000, energy_wh=800_000)
    bench.do(messages.PERIOD_PLAN, PLAN)
    bench.do(messages.PURCHASE, {**ORDER, "value_wh": 800_000})
    written = []
    write = bench.kv._write
    bench.kv._write = lambda entries: (
        written.append([(k, d) for k, d in entries if bench.kv._values.get(k) != d]) or write(entries)
    )
    bench.run(COMMIT_S + 1, 1000, energy_wh=804_000)
    assert [[key for key, _data in entries] for entries in written] == [["control", "g1", "run"]]
    assert sum(len(data) for _key, data in written[0]) < 220
