"""The area as a process: real bytes on paced PTYs, many meters on one line, and every fault of the line."""

import contextlib
import json
import os
import select
import time

import pytest

from hil.adapters.area import AreaProcess
from protocols.lines import dlt645
from protocols.meters import dlt645_items

REPLY_S = 3
SILENT_S = 0.6
ENERGY = 0x00010000


class Line:
    """The concentrator's end of one PTY."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def replies(self, request, timeout_s, enough=1):
        """Frames from meters until there are enough or time is up, and all bytes that came."""
        framer, frames, raw = dlt645.Framer(), [], b""
        end = time.monotonic() + timeout_s
        os.write(self._fd, request)
        while len(frames) < enough and select.select([self._fd], [], [], max(0, end - time.monotonic()))[0]:
            with contextlib.suppress(BlockingIOError):
                data = os.read(self._fd, 4096)
                raw += data
                frames += framer.feed(data)
        return frames, raw

    def energy(self, address, timeout_s=REPLY_S):
        """0.01 kWh as shown, None when nobody answers."""
        frames, _raw = self.replies(dlt645.read(address, ENERGY), timeout_s)
        if not frames:
            return None
        assert frames[0].address == address
        return dlt645_items.decode(ENERGY, dlt645.reply_data(frames[0])[1])[0][1]

    def close(self):
        os.close(self._fd)


@pytest.fixture
def area(tmp_path):
    running = AreaProcess(
        tmp_path / "area",
        seed=7,
        meters=40,
        lines=2,
        baud=38400,
        start="2025-11-22T12:00",
        speed=0,
        history_days=1,
        fault=["dead=0", "modbus=1", "dlt97=2"],
    )
    yield running
    running.stop()


@pytest.fixture
def lines(area):
    opened = [Line(path) for path in area.lines]
    yield opened
    for line in opened:
        line.close()


@pytest.fixture
def addresses(area):
    """Single-phase meters of 2007 on line 1."""
    return [r["address"] for r in area.archive if r["line"] == 1 and r["profile"] == "dlt645-2007-1p"]


def test_every_meter_of_both_lines_answers_and_time_skips(area, lines):
    rows = [row for row in area.archive if row["profile"].startswith("dlt645-2007")]
    assert len(rows) > 30
    before = {row["address"]: lines[row["line"] - 1].energy(row["address"]) for row in rows}
    assert None not in before.values()
    area.ask(skip_s=7200)
    after = {row["address"]: lines[row["line"] - 1].energy(row["address"]) for row in rows}
    assert sum(after.values()) > sum(before.values())
    truth = area.truth()
    assert truth["t_s"] == 1763784000 + 7200
    for day in truth["days"]:
        kinds = ("used_wh", "stolen_wh", "iron_wh", "copper_wh")
        assert abs(day["gate_wh"] - sum(day[kind] for kind in kinds) + day["fed_in_wh"]) <= len(kinds) + 1


def test_a_mute_meter_costs_only_itself(area, lines, addresses):
    area.ask(mute=[addresses[0], True])
    assert lines[0].energy(addresses[0], SILENT_S) is None
    assert lines[0].energy(addresses[1]) is not None
    area.ask(mute=[addresses[0], False])
    assert lines[0].energy(addresses[0]) is not None


def test_a_late_answer_arrives_late_and_holds_nobody_up(area, lines, addresses):
    area.ask(late_ms=[addresses[0], 1500])
    assert lines[0].energy(addresses[0], SILENT_S) is None
    assert lines[0].energy(addresses[1], SILENT_S) is not None
    frames, _raw = lines[0].replies(b"", REPLY_S)
    assert [frame.address for frame in frames] == [addresses[0]]


def test_two_at_one_address_garble_each_other(area, lines, addresses):
    one, two = addresses[:2]
    area.ask(delay_ms=[one, 40])
    area.ask(delay_ms=[two, 40], move=[two, one])
    frames, raw = lines[0].replies(dlt645.read(one, ENERGY), SILENT_S)
    assert raw
    assert frames == []
    area.ask(delay_ms=[one, 200])
    frames, _raw = lines[0].replies(dlt645.read(one, ENERGY), REPLY_S, 2)
    assert [frame.address for frame in frames] == [one, one]
    assert frames[0].data != frames[1].data


def test_a_babbler_spoils_its_line_and_only_its_line(area, lines, addresses):
    other = next(row["address"] for row in area.archive if row["line"] == 2)
    area.ask(babble=[addresses[3], True])
    assert len(lines[0].replies(b"", SILENT_S)[1]) > 50
    assert lines[0].energy(addresses[0], SILENT_S) is None
    assert lines[1].energy(other) is not None
    area.ask(babble=[addresses[3], False])
    lines[0].replies(b"", SILENT_S)
    assert lines[0].energy(addresses[0]) is not None


def test_a_shorted_line_is_silent(area, lines, addresses):
    area.ask(shorted=[1, True])
    assert lines[0].energy(addresses[0], SILENT_S) is None
    area.ask(shorted=[1, False])
    assert lines[0].energy(addresses[0]) is not None


def test_wrong_verbs_are_refused_with_a_reason(area):
    for verbs, reason in (
        ({"mute": ["999999999998", True]}, "no such meter"),
        ({"mute": ["12", True]}, "12 digits"),
        ({"mute": True}, "list of two"),
        ({"shorted": [7, True]}, "no line 7"),
        ({"press": area.archive[0]["address"]}, "does not let"),
        ({"nonsense": 1}, "unknown verb"),
    ):
        with pytest.raises(ValueError, match=reason):
            area.ask(**verbs)


def test_the_gate_gives_samples_that_agree_with_the_truth(area):
    sample = area.ask(ac=True)["ac"]
    truth = area.truth()
    total_w = int(sample["8"]) * 60 // 10
    assert sum(truth["power_w"]) < total_w < sum(truth["power_w"]) * 11 // 10
    assert all(2000 < int(sample[str(no)]) < 2500 for no in (1, 2, 3))
    assert json.dumps(truth)
