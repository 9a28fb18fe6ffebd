"""Doubt about the guarantee: an unreadable one counts as on, whatever else still can be read."""

import pytest

from firmware.store.kv import Kv
from protocols.uplink import codes, messages, parameters
from tests.unit.terminal.flash import clear, flip
from tests.unit.terminal.site import GUARANTEE_OFF, GUARANTEE_ON, LOAD_W, ORDER, PLAN, TRIP_1

UNREADABLE = codes.GUARANTEE_UNREADABLE


def spoil_piece(folder, key, value):
    """One value in the journal, behind a checksum that fits."""
    kv = Kv(str(folder / "kv"))
    kv.open()
    kv.put({key: value})
    kv.close()


def journals(folder):
    return [path for path in (folder / "kv").iterdir() if path.stat().st_size]


def tripped_once(site):
    """Round 1 has been opened by the plan."""
    site.boot().run(5)
    site.overload()
    site.run_until(site.tripped)
    site.run(5)


def doubts(site, opened):
    """Guaranteed until a person says otherwise, over a further cut; nothing was opened since `opened`."""
    for _life in range(2):
        site.run(90)
        assert site.outputs.guarantee == UNREADABLE
        assert (site.tripped(), site.outputs.alarm) == (0, 0)
        assert site.do(messages.TRIP, TRIP_1) == "guarantee_unreadable"
        site.cut()
        site.boot()
    assert len(site.trips) == opened
    site.run(5)
    assert site.do(messages.GUARANTEE, GUARANTEE_OFF) == "executed"
    assert site.do(messages.TRIP, TRIP_1) == "executed"
    assert site.tripped() & 1


@pytest.mark.parametrize("value", [None, 7, [], {"guarantee": None}, {"guarantee": [9, 9, 9, 9]}])
def test_a_guarantee_that_cannot_be_read_trips_nobody_and_lets_go(site, value):
    tripped_once(site)
    site.cut()
    spoil_piece(site.folder, "control", value)
    site.boot()
    doubts(site, 1)


@pytest.mark.parametrize("keep", [0, 200])
def test_a_corrupt_journal_segment_counts_as_guaranteed(site, keep):
    tripped_once(site)
    site.cut()
    for path in journals(site.folder):
        flip(path, keep)
    site.boot()
    assert site.terminal.kv.damaged
    doubts(site, 1)


def test_a_corrupt_journal_tail_loses_no_money(site):
    """What was written before the spoilt part stands; the balance is that of then, never more, never gone."""
    site.boot().run(5)
    assert site.do(messages.PURCHASE, ORDER) == "executed"
    (path,) = journals(site.folder)
    keep = path.stat().st_size
    site.run(200)
    site.cut()
    flip(path, keep)
    site.boot().run(5)
    assert site.outputs.guarantee == UNREADABLE
    used = LOAD_W * 300 // 3600
    assert ORDER["value_wh"] - used <= site.remaining_wh() <= ORDER["value_wh"]
    assert site.do(messages.PURCHASE, ORDER) == "order_already_applied"


def test_a_flash_that_lost_its_file_system_counts_as_guaranteed(site):
    tripped_once(site)
    site.cut()
    clear(site.folder)
    site.before_boot = lambda board: setattr(board.flash, "lost", True)
    site.boot()
    site.before_boot = lambda _board: None
    assert site.terminal.boot == 1
    doubts(site, 1)


def test_lost_parameters_of_the_guarantee_count_as_guaranteed(site):
    site.boot().run(5)
    assert site.set(parameters.GUARANTEE, lost_link_s=86400) == "executed"
    site.overload()
    site.cut()
    spoil_piece(site.folder, "set2", b"\xff\xff")
    spoil_piece(site.folder, "old2", b"\xff\xff")
    site.boot().run(90)
    assert site.outputs.guarantee == UNREADABLE
    assert site.trips == []
    assert len(site.told("parameters_lost")) == 1


def test_a_guaranteed_customer_is_never_tripped_by_any_control_or_person(site):
    site.boot().run(5)
    assert site.do(messages.PERIOD_PLAN, PLAN) == "executed"
    assert site.do(messages.PURCHASE, dict(ORDER, value_wh=100)) == "executed"
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    site.factory.load_w = LOAD_W
    for _life in range(2):
        site.run(120)
        assert site.do(messages.TRIP, TRIP_1) == "guaranteed"
        site.cut()
        site.boot()
    site.run(60)
    assert site.remaining_wh() < 0
    assert site.trips == []


def test_a_guarantee_closes_what_is_open(site):
    tripped_once(site)
    assert site.do(messages.GUARANTEE, GUARANTEE_ON) == "executed"
    assert site.tripped() == 0
    assert site.outputs.permitted == 1
