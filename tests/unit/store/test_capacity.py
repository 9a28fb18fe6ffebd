"""What must outlast a long time without a link does; a full or worn flash costs records, never money."""

import json
from pathlib import Path

import pytest

from firmware.link.outbox import RING_KB, Outbox, open_rings
from protocols.uplink import messages, topics

HERE = Path(__file__).parent
T_S = 1_800_000_000
VALUES = {no: 123_456_789 for no in (1, 2, 3, 4, 5, 6, 8, 12, 16, 20, 256, 257, 258, 259, 260, 320)}
STATISTICS = {20000 + no: 1_234_567 for no in range(60)}


def freeze(n, point):
    return {"day_s": T_S + n, "metering_point": point, "quality": 0, "values": VALUES}


def statistics(n, point):
    body = {"from_s": T_S + n, "period": 1, "metering_point": point, "quality": 0, "values": STATISTICS}
    return body


def curve(n, point):
    return {"slot_s": T_S + n, "interval_s": 900, "metering_point": point, "quality": 0, "values": VALUES}


def event(n, _point):
    return {"code": 24, "data": {19: 1, 21: 3, 22: n, 23: 2420, 25: 3600, 26: 1}}


NEEDED = [  # stream, kind, body, how many a metering point, points
    (topics.DA, messages.DAILY, freeze, 62, 4),
    (topics.DA, messages.STATS, statistics, 62 + 12, 4),
    (topics.DA, messages.BILLING, freeze, 31, 4),
    (topics.DA, messages.MONTHLY, freeze, 12, 4),
    (topics.CV, messages.CURVE, curve, 10 * 96, 2),
    (topics.EV, messages.EVENT, event, 256, 1),
    (topics.LG, messages.EVENT, event, 256, 1),
]


@pytest.fixture
def rings(tmp_path):
    rings = open_rings(str(tmp_path))
    yield rings
    for ring in rings.values():
        ring.close()


def test_all_that_must_be_kept_without_a_link_is_kept(rings):
    outbox = Outbox(rings, b"12345678")
    for stream, kind, body, count, points in NEEDED:
        for n in range(count):
            for point in range(1, points + 1):
                assert outbox.add(stream, kind, T_S, 1, body(n, point))
    assert outbox.discards == 0
    assert {stream: ring.first_seq for stream, ring in rings.items()} == dict.fromkeys(rings, 1)


def test_more_than_fits_costs_the_oldest_and_is_named(rings):
    outbox = Outbox(rings, b"12345678")
    for n in range(RING_KB[0][1] * 40):
        outbox.add(topics.EV, messages.EVENT, T_S, 1, event(n, 1))
    ring = rings[topics.EV]
    assert ring.first_seq > 1
    assert ring.next_seq - ring.first_seq >= 256
    assert outbox.discards == ring.first_seq - 1


@pytest.fixture(scope="module")
def told(run_micropython):
    done = run_micropython(HERE / "crowded.py", heap="4M")
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_on_a_flash_full_of_records_no_commit_is_refused(told):
    assert told["without"]["refused"] > 10  # the flash was full indeed
    assert told["with_room"]["refused"] == 0
    assert told["with_room"]["after_restart"] == [True, []]


def test_what_was_given_up_for_it_is_named(told):
    assert told["with_room"]["unnamed"] == []
    assert all(count > 0 for count in told["with_room"]["held"].values())


def test_blocks_that_take_no_program_lose_no_commit(told):
    worn = told["worn"]
    assert worn["blocks"] >= 5
    assert worn["lost"] == 0
    assert worn["refused"] < 100  # of 600: told, and the old value stood
    assert worn["after_restart"][0] is True


def test_to_read_a_small_file_takes_no_block_of_the_largest(run_micropython, tmp_path):
    (tmp_path / "file").write_bytes(b"x" * 300)
    script = tmp_path / "load.py"
    script.write_text(
        "import sys\nfrom firmware.store import blobs\nprint(len(blobs.load(sys.argv[1], 1 << 20)))\n"
        "try:\n    blobs.load(sys.argv[1], 299)\n"
        "except blobs.StoreError as error:\n    print(error.args[0])\n"
    )
    done = run_micropython(script, tmp_path / "file", heap="256K")
    assert done.stdout.split("\n") == ["300", "too large", ""], done.stderr
