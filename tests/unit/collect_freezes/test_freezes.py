"""Freezes of the area: one row and record a meter and slot, the planner over a restart, gaps, RESEND."""

import json
from pathlib import Path

import pytest

from firmware.area.archive import ROW_BYTES, Archive
from firmware.area.plan import Planner
from firmware.area.plan_duties import LOCAL, MUTE, OK
from firmware.collect.freezes import Freezes
from firmware.link.outbox import Outbox
from firmware.store.kv import Kv
from firmware.store.ring import Ring
from protocols import cbor
from protocols.uplink import area, messages, topics
from protocols.uplink.codes import REASON_NO

HERE = Path(__file__).parent
OFFSET_S = 8 * 3600
DAY = 20000
MIDNIGHT = DAY * 86400  # local
VALUES = {256: 1000, 320: 1000}


class Clock:
    ok = True

    def __init__(self):
        self.local_s = MIDNIGHT + 3600

    def now_s(self):
        return self.local_s - OFFSET_S


class Board:
    def __init__(self):
        self.clock = Clock()


class Device:
    """One life on a folder; `again` is the next one."""

    def __init__(self, root, board=None, lives=None):
        self.lives = [] if lives is None else lives
        self.lives.append(self)
        self.root, self.board = root, board or Board()
        self.kv = Kv(str(root / "kv"))
        self.kv.open()
        self.rings = {s: Ring(str(root / s), 1 << 20) for s in (topics.DA, topics.CV)}
        for ring in self.rings.values():
            ring.open()
        self.outbox = Outbox(self.rings, b"12345678", area.RECORDS)
        self.waiting = 0
        self.room = Freezes(
            self.board, self.kv, str(root), self.outbox.add, lambda: self.waiting, None, OFFSET_S, 0
        )
        rows = b"".join(bytes([n + 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0]) + bytes(10) for n in range(3))
        assert len(rows) == 3 * ROW_BYTES
        self.planner = Planner(Archive(rows), LOCAL, self.room.planned.gap)
        self.room.start(self.planner)
        self.ticks_ms = 0

    def close(self):
        self.room.close()
        self.kv.close()
        for ring in self.rings.values():
            ring.close()

    def again(self):
        self.close()
        return Device(self.root, self.board, self.lives)

    def told(self, kind, stream=topics.DA):
        ring, out = self.rings[stream], []
        for _seq, data in ring.read(1, 1 << 20):
            record = messages.unpack_record(cbor.decode(data), area.RECORDS)
            out += [record[3]] if record[0] == kind else []
        return out

    def exchange(self, outcome=OK):
        """One job; what was asked, or None."""
        self.ticks_ms += 60000
        local_s = self.board.clock.local_s
        job = self.planner.next(1, local_s, self.ticks_ms)
        assert self.room.keep(self.planner)
        if job and self.planner.done(job, outcome, local_s, self.ticks_ms) and outcome == OK:
            self.room.seen(job.meter, job.read, VALUES, local_s - OFFSET_S, job.duty, job.slot_s)
        return job


@pytest.fixture
def device(tmp_path):
    first = Device(tmp_path)
    yield first
    for life in first.lives:
        life.close()


def daily(device, meter, day=DAY, values=VALUES):
    device.room.seen(meter, 1, values, 0, 1, day * 86400)


def rows(device, kind, slot):
    return list(device.room.books[kind].rows(slot))


def test_a_freeze_is_kept_and_told_once(device):
    daily(device, 7)
    daily(device, 7, values={256: 2})
    assert rows(device, messages.DAILY, DAY) == [(7, 0, 0, VALUES)]
    (body,) = device.told(messages.DAILY)
    assert body == {"day_s": MIDNIGHT - OFFSET_S, "metering_point": 7, "quality": 0, "values": VALUES}
    after = device.again()
    daily(after, 7)
    assert len(after.told(messages.DAILY)) == 1


def test_an_earlier_day_is_backfilled(device):
    daily(device, 7, DAY - 2)
    assert device.told(messages.DAILY)[0]["quality"] == 1
    assert rows(device, messages.DAILY, DAY - 2)[0][1] == 1


def test_curves_of_all_slots_of_a_file_stay_apart(device):
    for n in range(30):
        device.room.seen(1, 3, {1: n}, 0, 3, MIDNIGHT + 900 * n)
    first = MIDNIGHT // 900
    assert [rows(device, messages.CURVE, first + n)[0][3] for n in range(30)] == [{1: n} for n in range(30)]
    assert [body["slot_s"] for body in device.told(messages.CURVE, topics.CV)][:2] == [
        MIDNIGHT - OFFSET_S,
        MIDNIGHT - OFFSET_S + 900,
    ]


def test_when_full_the_oldest_day_goes(device):
    for day in range(DAY - 62, DAY + 1):
        daily(device, 1, day)
    slots = device.room.books[messages.DAILY].slots()
    assert (slots[0], slots[-1], len(slots)) == (DAY - 61, DAY, 62)


def test_labels_of_a_wrong_clock_go_before_the_true_ones(device):
    for day in range(DAY - 60, DAY):
        daily(device, 1, day)
    daily(device, 1, DAY + 400)
    daily(device, 1, DAY + 401)  # full now
    device.room.books[messages.DAILY].close()
    daily(device, 1, DAY)
    daily(device, 2, DAY)
    slots = device.room.books[messages.DAILY].slots()
    assert slots[0] == DAY - 60
    assert DAY + 401 not in slots


def test_a_nearly_full_flash_costs_old_days_never_the_newest(device):
    for day in (DAY - 1, DAY):
        daily(device, 1, day)
    after = device.again()
    assert after.room.make_room()
    assert not after.room.make_room()
    assert after.room.books[messages.DAILY].slots() == [DAY]


def test_a_row_behind_a_torn_end_goes_to_the_next_part(device):
    daily(device, 1)
    device.room.close()
    (name,) = (device.root / "freezes").glob("*.d1")
    name.write_bytes(name.read_bytes() + b"\1\2\3")
    after = device.again()
    daily(after, 2)
    assert [row[0] for row in rows(after.again(), messages.DAILY, DAY)] == [1, 2]


def test_a_damaged_row_may_be_read_again(device):
    daily(device, 1)
    daily(device, 2)
    device.room.close()
    (name,) = (device.root / "freezes").glob("*.d1")
    data = bytearray(name.read_bytes())
    data[12] ^= 1
    name.write_bytes(data)
    after = device.again()
    daily(after, 1)
    assert [row[0] for row in rows(after, messages.DAILY, DAY)] == [2, 1]


def test_a_refused_record_is_tried_again_and_the_state_not_saved_meanwhile(device):
    add, device.room._add = device.room._add, lambda *_record: 0
    daily(device, 1)
    device.planner.next(1, device.board.clock.local_s, 0)
    assert not device.room.keep(device.planner)
    device.room._add = add
    device.room.tick()
    assert device.room.keep(device.planner)
    assert len(device.told(messages.DAILY)) == len(rows(device, messages.DAILY, DAY)) == 1


def asked(device, read):
    jobs = []
    while job := device.exchange():
        jobs += [job.meter] if job.read == read else []
    return sorted(jobs)


def test_after_a_restart_nothing_that_is_stored_is_asked_again(device):
    first = []
    while first.count(1) < 2:
        first.append(device.exchange().read)
    after = device.again()
    assert len(asked(after, 1)) == 1
    assert sorted(body["metering_point"] for body in after.told(messages.DAILY)) == [1, 2, 3]


def test_a_point_of_a_task_says_whether_its_slot_was_over(device):
    device.room._settings = {area.TASKS: {"tasks": [[16, 1, 3, 900, 0, 86400, 2, 900, 0, 0, 4]]}}
    for late_s in (0, 899, 900):
        device.room.seen(1, 16, {1: 2301}, MIDNIGHT - OFFSET_S + late_s, 16, MIDNIGHT)
    assert [body["quality"] for body in device.told(messages.CURVE, topics.CV)] == [0, 0, 1]


def test_a_clock_set_back_asks_nothing_again(device):
    assert asked(device, 1) == [1, 2, 3]
    device.board.clock.local_s += 86400
    assert asked(device, 1) == [1, 2, 3]
    device.board.clock.local_s -= 86400
    assert asked(device, 1) == []
    assert len(device.told(messages.DAILY)) == 6


def test_days_jumped_over_are_backfilled(device):
    asked(device, 1)
    device.board.clock.local_s += 2 * 86400
    asked(device, 1)
    quality = {body["day_s"] + OFFSET_S: body["quality"] for body in device.told(messages.DAILY)}
    assert quality == {MIDNIGHT: 0, MIDNIGHT + 86400: 1, MIDNIGHT + 2 * 86400: 0}


def test_a_gap_is_told_once_its_state_is_on_flash(device):
    while device.exchange(MUTE):
        pass
    device.board.clock.local_s += 5 * 86400
    device.planner.next(1, device.board.clock.local_s, 0)
    device.room.tick()
    assert not device.told(area.ABSENT)
    assert device.room.keep(device.planner)
    after = device.again()
    for _ in range(10):
        after.room.tick()
    told = after.told(area.ABSENT)
    mute = [body for body in told if body["duty"] == 1 and body["reason"] == MUTE]
    assert sorted(body["meter"] for body in mute) == [1, 2, 3]
    assert {body["first_s"] for body in mute} == {MIDNIGHT - OFFSET_S}
    last = after.again()
    last.room.tick()
    assert len(last.told(area.ABSENT)) == len(told)


def test_ten_thousand_gaps_of_all_rows_are_told_over_a_restart(device):
    for n in range(10000):
        device.room.planned.gap(1, (DAY - n // 1000) * 86400, MIDNIGHT, n % 1000 + 1, 1, MUTE)
    assert device.room.planned.keep(device.planner)
    after = device.again()
    told = []
    after.room.planned._add = lambda *record: told.append(record[4]) or 1
    for _ in range(700):
        after.room.tick()
    assert {body["meter"] for body in told} == set(range(1, 1001))
    assert len(told) == 10000


def test_a_state_the_flash_refused_is_saved_before_the_next_exchange(device):
    device.planner.next(1, device.board.clock.local_s, 0)
    blocked = device.root / "plan"
    blocked.write_bytes(b"")
    assert not device.room.keep(device.planner)
    assert not device.room.keep(device.planner)
    blocked.unlink()
    assert device.room.keep(device.planner)
    assert (blocked / "plan").exists()


def resend(device, command=9, **params):
    params = {"kind": messages.DAILY, "from_s": MIDNIGHT - 2 * 86400 - OFFSET_S, **params}
    params.setdefault("until_s", MIDNIGHT - OFFSET_S)
    reason, entries, commit = device.room.apply(area.RESEND, params, command)
    if not reason:
        device.kv.put(entries)
        commit()
    return reason


@pytest.fixture
def full(device):
    for day in range(DAY - 3, DAY + 1):
        for meter in range(1, 9):
            daily(device, meter, day)
    return device


def test_resend_tells_what_is_kept_once_more(full):
    assert not resend(full)
    for _ in range(10):
        full.room.tick()
    assert len(full.told(messages.DAILY)) == 32 + 24
    assert full.room.resend.work() == []
    assert not resend(full, 10, meter=5)
    for _ in range(10):
        full.room.tick()
    assert [body["metering_point"] for body in full.told(messages.DAILY)[56:]] == [5, 5, 5]


def test_resend_waits_while_the_stream_is_behind(full):
    full.waiting = 200
    resend(full)
    full.room.tick()
    assert len(full.told(messages.DAILY)) == 32
    assert full.room.resend.work()[0][0] == 9
    assert resend(full, 10) == REASON_NO["busy"]


def test_resend_goes_on_over_a_restart(full):
    resend(full)
    full.room.tick()
    after = full.again()
    for _ in range(10):
        after.room.tick()
    last = {(body["day_s"], body["metering_point"]) for body in after.told(messages.DAILY)[32:]}
    assert len(last) == 24
    assert not after.room.resend.work()


def test_resend_refuses_what_it_cannot_do(full):
    assert resend(full, kind=messages.CURVE) == REASON_NO["bad_params"]
    assert resend(full, until_s=0) == REASON_NO["bad_params"]


CUTS = [  # work, steps before, steps under test, whether the oldest label is dropped in them
    ("area", 0, 3, False),
    ("area", 14, 3, True),
    ("area", 20, 2, False),
    ("points", 0, 3, False),
    ("points", 29, 2, True),
    ("resend", 0, 2, False),
    ("resend", 6, 1, False),
]


@pytest.mark.parametrize(("work", "prefill", "steps", "crossed"), CUTS)
@pytest.mark.parametrize("how", [(), ("refuse",)])
def test_every_write_cut_or_refused(run_micropython, work, prefill, steps, crossed, how):
    result = run_micropython(HERE / "cuts.py", work, prefill, steps, *how, heap="8M", timeout_s=300)
    assert result.returncode == 0, result.stderr[-2000:]
    summary = json.loads(result.stdout.splitlines()[-1])
    assert summary["crossed"] == crossed
    assert summary["cuts"] == (2 if how else 3) * summary["writes"] >= 60
    assert summary["failed"] == []


def test_three_days_of_a_thousand_meters_cost_next_to_no_heap(run_micropython, tmp_path):
    for work in ("fill", "measure"):
        result = run_micropython(HERE / "weight.py", tmp_path / "a.img", work, 3, heap="512K", timeout_s=300)
        assert result.returncode == 0, result.stderr[-2000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["days"] == [1000] * 3
    assert told["months"] == [1000] * 12
    assert 0 < told["heap"] < 16 * 1024
