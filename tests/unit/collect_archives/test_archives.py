"""The archive of a device: loaded in pieces, activated by its hash, found again after a start."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.area.archive import MOST, ROW_BYTES, Archive
from firmware.area.plan import Planner
from firmware.area.plan_duties import ALL, FREEZE, OK, REMOVED, WHOLE_DAY, Duty
from firmware.collect.archives import Archives
from firmware.store.kv import Kv
from protocols.uplink import area as contract
from protocols.uplink.codes import REASON_NO
from tests.unit.area.meters import MIDNIGHT_S, NOBODY, address, area, row

HERE = Path(__file__).parent
DAILY = Duty(1, (1,), FREEZE, 86400, WHOLE_DAY, 3, 900, ALL, 0)


class Device:
    def __init__(self, root):
        (root / "kv").mkdir(parents=True, exist_ok=True)
        self.root, self.told, self.others, self.gaps = root, [], [], []
        self.kv = None
        self.start()

    def start(self):
        self.stop()
        self.kv = Kv(str(self.root / "kv"))
        self.kv.open()
        self.archive = Archive()
        self.room = Archives(self.kv, str(self.root), lambda *said: self.told.append(said), self.archive)
        self.room.planner = self.plan = Planner(self.archive, [DAILY], lambda *gap: self.gaps.append(gap))
        self.room.replaced = lambda meter, old, new: (0, {"ledger": [meter, old, new]}, self.told.clear)
        self.room.listeners.append(lambda others: self.others.append(list(others)))

    def stop(self):
        if self.kv:
            self.kv.close()

    def order(self, kind, **params):
        """(name of the reason or "", words)."""
        reason, entries, commit = self.room.apply(kind, params, 1)
        if not reason:
            self.kv.put(entries)
            commit()
        return reason, self.room.error

    def begin(self, base=b""):
        return self.order(contract.ARCHIVE, op=contract.BEGIN, hash=base)

    def rows(self, meter, rows):
        return self.order(contract.ARCHIVE, op=contract.ROWS, meter=meter, rows=rows)

    def activate(self, digest):
        return self.order(contract.ARCHIVE, op=contract.ACTIVATE, hash=digest)

    def load(self, new, base=b""):
        assert self.begin(base) == (0, "")
        for first in range(1, new.size + 1, 40):
            assert self.rows(first, new.piece(first, min(40, new.size + 1 - first))) == (0, "")
        return self.activate(new.hash())


@pytest.fixture
def device(tmp_path):
    made = Device(tmp_path)
    yield made
    made.stop()


def test_what_was_loaded_runs_and_is_found_after_a_start(device):
    new = area(MOST)
    assert device.load(new) == (0, "")
    assert device.room.now() == {"hash": new.hash()[:8], "meters": MOST}
    assert device.told == [("archive_loaded", {"done": MOST})]
    device.start()
    assert device.archive.hash() == new.hash()
    assert device.room.now()["meters"] == MOST


def test_an_archive_of_another_hash_is_refused_and_the_old_one_runs_on(device):
    old = area(3)
    device.load(old)
    device.begin(old.hash())
    device.rows(2, row(99))
    assert device.activate(old.hash()) == (REASON_NO["bad_params"], "another hash")
    assert device.archive.hash() == old.hash()


def test_a_bad_row_is_named_and_nothing_of_its_piece_is_taken(device):
    device.begin()
    assert device.rows(5, row(1) + row(2, line=7)) == (REASON_NO["bad_params"], "row 6: line")
    assert device.room.apply(contract.ARCHIVE, {"op": contract.ROWS}, 1)[0] == 0
    assert device.room.held == 0


def test_a_double_is_named_when_all_is_there(device):
    device.begin()
    device.rows(1, row(1) + row(2))
    device.rows(3, row(1))
    digest = Archive(row(1) + row(2) + row(1)).hash()
    assert device.activate(digest) == (REASON_NO["bad_params"], "row 3: duplicate")


def test_two_meters_may_change_places(device):
    device.load(Archive(row(1) + row(2)))
    swapped = Archive(row(2) + row(1))
    device.begin(device.archive.hash())
    assert device.rows(1, row(2)) == device.rows(2, row(1)) == (0, "")
    assert device.activate(swapped.hash()) == (0, "")
    assert device.others[-1] == [1, 2]


def test_the_station_goes_on_after_a_lost_link_and_a_restart(device):
    new = area(100)
    device.begin()
    device.rows(1, new.piece(1, 40))
    device.start()
    assert device.order(contract.ARCHIVE, op=contract.ROWS) == (0, "")
    assert device.room.held == 40 * ROW_BYTES
    device.rows(41, new.piece(41, 40))
    device.rows(81, new.piece(81, 20))
    assert device.activate(new.hash()) == (0, "")


def test_changes_begin_from_the_archive_they_are_made_for(device):
    device.load(area(50))
    assert device.begin(bytes(32)) == (REASON_NO["bad_params"], "another archive runs")
    device.begin(device.archive.hash())
    device.rows(45, NOBODY)
    device.order(
        contract.METER_REPLACED, meter=1, address=address(1), new_address=address(888), old_wh=0, new_wh=0
    )
    assert device.rows(46, NOBODY) == (REASON_NO["bad_params"], "the archive has changed since: begin anew")


def test_what_is_discarded_is_gone(device):
    device.begin()
    device.rows(1, row(1))
    device.order(contract.ARCHIVE, op=contract.DISCARD)
    assert device.rows(1, row(1)) == (REASON_NO["bad_params"], "nothing is begun")
    assert list((device.root / "archive").iterdir()) == []


def test_only_rows_that_changed_are_read_anew(device):
    device.load(area(3))
    for _meter in range(3):
        job = device.plan.next(1, MIDNIGHT_S, 0)
        device.plan.done(job, OK, MIDNIGHT_S, 0)
    assert device.plan.next(1, MIDNIGHT_S, 0) is None
    device.begin(device.archive.hash())
    device.rows(2, row(222))
    want = Archive(row(1) + row(222) + row(3))
    device.activate(want.hash())
    assert device.others[-1] == [2]
    job = device.plan.next(1, MIDNIGHT_S, 0)
    assert job.meter == 2
    device.plan.done(job, OK, MIDNIGHT_S, 0)
    assert device.plan.next(1, MIDNIGHT_S, 0) is None


def test_what_was_open_of_a_meter_that_left_is_named(device):
    device.load(area(2))
    assert device.plan.next(1, MIDNIGHT_S, 0)
    device.begin(device.archive.hash())
    device.rows(2, row(222))
    device.activate(Archive(row(1) + row(222)).hash())
    assert [gap[3:] for gap in device.gaps] == [(2, 1, REMOVED)]


def test_a_replaced_meter_keeps_row_and_balance_in_one_commit(device):
    device.load(area(3))
    replaced = {"meter": 2, "new_address": address(77), "old_wh": 500, "new_wh": 3}
    assert device.order(contract.METER_REPLACED, address=address(9), **replaced)[0]
    _reason, entries, _commit = device.room.apply(
        contract.METER_REPLACED, dict(replaced, address=address(2)), 1
    )
    assert entries["ledger"] == [2, 500, 3]
    assert "archive" in entries
    assert device.order(contract.METER_REPLACED, address=address(2), **replaced) == (0, "")
    row_2 = device.archive.get(2)
    assert row_2
    assert row_2.address == address(77)
    device.start()
    assert device.archive.find(address(77)) == 2


def test_a_meter_is_not_replaced_by_one_that_stands_elsewhere(device):
    device.load(area(3))
    found = device.order(
        contract.METER_REPLACED, meter=2, address=address(2), new_address=address(3), old_wh=0, new_wh=0
    )
    assert found == (REASON_NO["bad_params"], "row 2: duplicate")


@pytest.mark.parametrize("spoil", [lambda data: data[:100], lambda data: b"\x31" + data[1:], None])
def test_an_archive_that_cannot_be_read_is_an_empty_one_and_told(device, spoil):
    device.load(area(30))
    (file,) = (device.root / "archive").iterdir()
    if spoil:
        file.write_bytes(spoil(file.read_bytes()))
    else:
        file.unlink()
    device.told.clear()
    device.start()
    assert list(device.archive.rows()) == []
    assert device.room.unreadable
    assert device.told == [("archive_loaded", {"error": "unreadable", "done": 0})]
    assert device.load(area(30)) == (0, "")
    assert not device.room.unreadable


@given(st.lists(st.tuples(st.integers(-3, MOST + 5), st.binary(max_size=120) | st.just(row(5))), max_size=6))
def test_whatever_comes_as_rows_never_runs_unasked(tmp_path_factory, pieces):
    device = Device(tmp_path_factory.mktemp("fuzz"))
    device.begin()
    for meter, data in pieces:
        reason, words = device.rows(meter, data)
        assert (reason == 0) == (words == "")
    assert device.activate(bytes(32)) != (0, "")
    assert list(device.archive.rows()) == []
    device.stop()


def test_a_power_cut_at_any_write_leaves_one_whole_archive(run_micropython, repo_root):
    done = run_micropython(HERE / "loads.py", repo_root / "tests/unit/store", heap="8M", timeout_s=300)
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout.splitlines()[-1])
    print(told)
    assert told["cuts"] > 100
    assert told["failed"] == []
