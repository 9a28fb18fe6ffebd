"""No power cut, refused write or bad page loses a Wh, doubles an order or sends a control blindly."""

import json
from pathlib import Path

import pytest

from firmware.area.plan_duties import DAY_S
from firmware.collect.prepaid_rows import HURRY, KEY, SLOTS
from firmware.store.kv import MAX_KEYS
from protocols.uplink import area
from protocols.uplink.codes import APPEND, REASON_NO, REFRESH
from tests.unit.collect_prepaid.rig import MANY, NOON_S, OFFSET_S, address

HERE = Path(__file__).parent
PATH = (HERE.parents[2], HERE.parent / "store")


@pytest.fixture
def home(areas):
    """Two meters, on the flash in one generation."""
    found = areas()
    for meter in (1, 2):
        assert found.order(meter, 1) == 0
        found.read(meter)
    found.room._rows.save()
    return found


def files(home):
    return sorted(Path(home.root, "prepaid").glob("*.g1"))


def spoil(path, page=0):
    """A byte of that page is another."""
    data = bytearray(path.read_bytes())
    data[page * 1036 + 40] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(("prefill", "steps", "refuse"), [(1, 4, ""), (18, 4, ""), (3, 6, "refuse")])
def test_every_write_cut_or_refused(run_micropython, prefill, steps, refuse):
    done = run_micropython(HERE / "cuts.py", prefill, steps, refuse, heap="16M", path=PATH, timeout_s=300)
    assert done.returncode == 0, done.stderr[-2000:]
    summary = json.loads(done.stdout.splitlines()[-1])
    assert summary["crossed"]
    assert summary["cuts"] == (2 if refuse else 3) * summary["writes"] >= 100
    assert summary["failed"] == []


def test_what_a_ledger_begins_at_survives(areas):
    home = areas()
    assert home.order(1, 1) == 0
    home.read(1)
    home.cut_power()
    home.use(1, 1000)
    assert home.left(1) == MANY - home.paid(1000)


@pytest.mark.parametrize("saved_before", [False, True])
def test_settlements_lost_with_the_power_are_charged_by_the_next_reading(home, saved_before):
    for _time in range(5):
        home.use(1, 1000)
    if saved_before:
        home.room._rows.save()
    home.use(1, 700)
    home.cut_power()
    home.use(1, 300)
    assert home.left(1) == MANY - home.paid(6000)


def test_orders_stand_beside_settlements_that_are_lost(home):
    home.use(1, 1000)
    home.order(1, 2, 500)
    home.use(1, 1000)
    home.cut_power()
    assert home.left(1) == MANY + 500 - home.paid(1000), "the row of the order"
    home.use(1, 0)
    assert home.left(1) == MANY + 500 - home.paid(2000)


def test_each_full_hour_all_is_written_a_page_a_second(home):
    count = len(files(home))
    home.live(3600, 1)
    home.use(1, 1000)
    home.live(3600, 1)
    assert len(files(home)) == 2 >= count
    home.cut_power()
    assert home.left(1) == MANY - home.paid(1000)


def test_an_area_without_prepaid_meters_writes_nothing(areas):
    home = areas()
    home.live(7200, 10)
    assert files(home) == []


def test_an_order_while_a_generation_is_written_stands_whether_it_ends_or_not(home):
    for ends in (False, True):
        home.room._rows.begin()
        home.room._rows.step()
        number = home.room._rows.ledger(1).order + 1
        home.order(1, number, 500)
        while ends and home.room._rows.saving:
            home.room._rows.step()
        home.cut_power()
        assert home.room._rows.ledger(1).order == number


def test_a_page_that_goes_bad_is_taken_from_the_generation_before(home):
    home.use(1, 1000)
    home.room._rows.save()
    home.order(1, 2, 500)
    home.use(2, 1000)
    home.room._rows.save()
    spoil(files(home)[-1])
    home.cut_power()
    for meter in (1, 2):
        home.use(meter, 0)
    assert [home.left(meter) for meter in (1, 2)] == [MANY + 500 - home.paid(1000), MANY - home.paid(1000)]
    assert "balance_lost" not in home.told()


def lost(home):
    for _time in range(3):
        home.room._rows.save()
    for path in files(home):
        spoil(path)
    for slot in range(SLOTS):
        home.kv.delete(KEY % slot)
    home.events.clear()
    home.cut_power()
    return home


def test_a_balance_that_cannot_be_read_is_told_and_cuts_nobody(home):
    home.use(1, 3 * MANY // 5)
    lost(home)
    assert [(name, told["metering_point"]) for name, told in home.events] == [
        ("balance_lost", meter) for meter in (1, 2, 3)
    ]
    home.command(area.METER_SWITCH, 1, want=0)
    home.use(1, 5000)
    home.live(600)
    assert home.sent(1) == []
    assert home.command(area.METER_SWITCH, 1, want=1) == REASON_NO["guarantee_unreadable"]


def test_a_lost_balance_begins_again_with_what_the_station_says(home):
    lost(home)
    assert home.order(1, 2, 500, APPEND) == REASON_NO["bad_params"]
    assert home.order(1, 3, 1, REFRESH) == 0
    home.read(1)
    home.use(1, 1000)
    home.live(120)
    assert len(home.sent(1)) == 1


def test_a_thousand_orders_in_a_row_all_stand(areas):
    """More than there are slots: generations are written between them."""
    home = areas(200)
    keys = len(home.kv._values)
    for meter in range(1, 201):
        assert home.order(meter, 1, 1000 + meter) == 0
    assert len(home.kv._values) - keys <= SLOTS < MAX_KEYS // 4
    home.cut_power()
    assert [home.left(meter) for meter in range(1, 201)] == [1000 + meter for meter in range(1, 201)]


def test_many_rows_in_slots_hurry_the_next_generation(areas):
    home = areas(HURRY + 2)
    for meter in range(1, HURRY + 2):
        home.order(meter, 1)
        home.read(meter)
    home.live(40, 1)
    assert files(home)


def test_a_flash_that_is_full_makes_room_and_loses_nothing(home, monkeypatch):
    asked = []
    home.kv.room = lambda: asked.append(1) or True
    monkeypatch.setattr("os.rename", refuse)
    home.use(1, 1000)
    home.room._rows.begin()
    home.live(20, 1)
    monkeypatch.undo()
    assert asked
    assert home.room.faults
    home.live(20, 1)
    home.cut_power()
    assert home.left(1) == MANY - home.paid(1000)


def refuse(*_args):
    raise OSError(28, "no space")


@pytest.fixture(scope="module")
def weight(run_micropython):
    done = run_micropython(HERE / "weight.py", heap="8M", path=PATH, timeout_s=120)
    assert done.returncode == 0, done.stderr[-2000:]
    print(done.stdout)
    return json.loads(done.stdout.splitlines()[-1])


def test_heap_of_a_thousand_meters(weight):
    """64 bytes a row, the slots in the journal, what the room is itself."""
    assert 64_000 <= weight["heap_bytes"] <= 80_000


def test_flash_of_a_day_is_sensible(weight):
    """16 MB of 4 KB blocks of 100,000 erases: 1,000 a day would last beyond a century."""
    assert 65_000 <= weight["flash_bytes_an_hour"] <= 130_000
    assert weight["erases_an_hour"] <= 50
    assert weight["order_alone_flash_bytes"] <= 6000


def test_a_thousand_meters_lose_nothing_with_the_power(weight):
    assert weight["left"] == 1010 * MANY - 1000 * 800 * 5


def test_nightly_records_go_on_after_a_restart(home):
    home.midnight(1)
    home.room._rows.save()
    home.cut_power()
    home.room.seen(1, 1, {320: 10000}, home.board.clock.t_s, 1, NOON_S + DAY_S // 2 + OFFSET_S)
    assert len([kind for _stream, kind, _body in home.records if kind == area.LEDGER]) == 1
    assert home.order(1, 9, address=address(1)) == 0


# ---- an archive that cannot be read


def test_balances_outlive_an_archive_that_cannot_be_read(home):
    home.room._rows.save()
    kept, packed = files(home), home.packed
    home.cut_power(unreadable=True)
    home.live(600)
    assert files(home) == kept, "what is not known to be right is not written anew"
    assert home.told().count("balance_dropped") == home.told().count("balance_lost") == 0
    home.load(packed)
    home.use(1, 1000)
    assert home.left(1) == MANY - home.paid(1000)
    assert home.order(1, 1) == REASON_NO["order_already_applied"]


def test_a_balance_that_was_lost_beside_its_archive_is_in_doubt_once_that_is_back(home):
    for path in files(home):
        spoil(path)
    for slot in range(SLOTS):
        home.kv.put({KEY % slot: 0})
    packed = home.packed
    home.cut_power(unreadable=True)
    assert "balance_lost" not in home.told(), "whose they were nobody knows yet"
    home.load(packed)
    assert home.told().count("balance_lost") == 3
    assert home.order(1, 2) == REASON_NO["bad_params"], "nothing is added to what is not known"
    assert home.order(1, 3, flag=REFRESH) == 0
