"""The outbox on a real ring: what was added comes out decodable by others, and what cannot is named."""

import os

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link.outbox import BATCH_BYTES, Outbox
from firmware.store.kv import StoreError
from firmware.store.ring import Ring
from protocols.uplink import codes, messages, topics

EPOCH = b"12345678"
FULL, FLASH, UNDECODABLE = (
    next(no for no, word in codes.GAP_REASONS.items() if word == name)
    for name in ("stream_full", "flash_error", "undecodable")
)


@pytest.fixture(scope="module")
def rings():
    """Rings opened so far: they hold their newest file open."""
    opened = []
    yield opened
    for ring in opened:
        ring.close()


@pytest.fixture
def open_outbox(rings):
    def make(path, max_bytes=8192, kind=Ring):
        ring = kind(str(path), max_bytes)
        ring.open()
        rings.append(ring)
        return Outbox({topics.EV: ring}, EPOCH), ring

    return make


def add(outbox, n=1, data=None):
    for i in range(n):
        body = {"code": 14, "data": data or {11: i}}
        outbox.add(topics.EV, messages.EVENT, 1700000000 + i, 1, body)


def all_batches(outbox, after=0):
    """[(seq, record)] as a stranger reads the batches."""
    out = []
    while (batch := outbox.batch(topics.EV, after)) is not None:
        assert len(batch[0]) <= BATCH_BYTES
        body = cbor2.loads(bytes(batch[0]))
        assert body[1] == EPOCH
        assert body[2] > after
        out += list(enumerate(body[4], body[2]))
        assert batch[1] >= body[2] + len(body[4]) - 1
        after = batch[1]
    return out


def gaps(rows):
    return [tuple(record[3].values()) for _seq, record in rows if record[0] == messages.GAP]


def test_a_batch_is_what_the_contract_says(open_outbox, tmp_path):
    outbox, _ring = open_outbox(tmp_path)
    add(outbox, 30)
    data, last = outbox.batch(topics.EV, 4)
    data = bytes(data)
    body = messages.unpack(messages.BATCH, cbor2.loads(data))
    assert (body["first_seq"], body["held_from"], last) == (5, 1, 30)
    assert messages.unpack_record(body["records"][0])[3] == {"code": 14, "data": {11: 4}}
    assert cbor2.dumps(cbor2.loads(data), canonical=True) == data


@given(st.lists(st.integers(0, 900), min_size=1, max_size=40), st.integers(200, 3000))
def test_all_batches_together_are_all_records_once(rings, tmp_path_factory, sizes, max_bytes):
    ring = Ring(str(tmp_path_factory.mktemp("o")), 65536)
    ring.open()
    rings.append(ring)
    outbox = Outbox({topics.EV: ring}, EPOCH)
    for size in sizes:
        add(outbox, data={13: "x" * size})
    after, seen = 0, []
    while (batch := outbox.batch(topics.EV, after, max_bytes)) is not None:
        data, after = batch
        assert len(data) <= max(max_bytes, 1024 + 48)
        seen += [len(record[3][2][13]) for record in cbor2.loads(bytes(data))[4]]
    assert seen == sizes


def test_overflow_is_one_gap_that_grows_and_the_newest_stay(open_outbox, tmp_path):
    outbox, ring = open_outbox(tmp_path)
    add(outbox, 3000)
    rows = all_batches(outbox)
    # each GAP begins at the first loss, so the last one alone tells all of it
    assert {row[0] for row in gaps(rows)} == {1}
    assert max(gaps(rows)) == (1, ring.first_seq - 1, FULL)
    assert [seq for seq, _record in rows] == list(range(ring.first_seq, ring.next_seq))
    assert outbox.discards == ring.first_seq - 1


def test_the_gap_goes_on_growing_after_a_restart(open_outbox, tmp_path):
    outbox, _ring = open_outbox(tmp_path)
    add(outbox, 1000)
    outbox, ring = open_outbox(tmp_path)
    add(outbox, 1000)
    assert max(gaps(all_batches(outbox))) == (1, ring.first_seq - 1, FULL)


def test_a_gap_the_station_knows_is_not_told_again(open_outbox, tmp_path):
    outbox, ring = open_outbox(tmp_path)
    add(outbox, 600)
    stored = ring.next_seq - 1
    assert outbox.mark(topics.EV, stored)
    add(outbox, 1000)
    assert min(row[0] for row in gaps(all_batches(outbox, stored))) > stored


def test_stored_bytes_that_are_no_record_are_a_gap_in_their_place(open_outbox, tmp_path):
    outbox, ring = open_outbox(tmp_path)
    add(outbox, 2)
    ring.append(b"\xffnoise")
    ring.append(cbor2.dumps([messages.EVENT, 1, 1, {1: "no code"}]))
    add(outbox)
    rows = all_batches(outbox)
    assert [record[0] for _seq, record in rows] == [1, 1, messages.GAP, messages.GAP, 1]
    assert gaps(rows) == [(3, 3, UNDECODABLE), (4, 4, UNDECODABLE)]


def test_much_noise_still_makes_batches_that_fit(open_outbox, tmp_path):
    outbox, ring = open_outbox(tmp_path, 65536)
    for i in range(300):
        ring.append(bytes(i % 8))
    ring.append(bytes(3000))
    add(outbox)
    rows = all_batches(outbox)
    assert gaps(rows) == [(seq, seq, UNDECODABLE) for seq in range(1, 302)]
    assert rows[-1][0] == 302


def test_numbers_the_ring_cannot_read_are_a_gap(open_outbox, tmp_path):
    outbox, _ring = open_outbox(tmp_path, 65536)
    add(outbox, 700)
    second = sorted(tmp_path.iterdir())[1]
    first_lost = int(second.name[:8], 16)
    second.write_bytes(b"\0" * 100 + second.read_bytes()[100:])
    rows = all_batches(outbox)
    lost = set(range(1, 701)) - {seq for seq, record in rows if record[0] == messages.EVENT}
    assert first_lost in lost
    under = {seq for seq, record in rows if record[0] == messages.GAP}
    assert {seq for first, last, _reason in gaps(rows) for seq in range(first, last + 1)} | under == lost
    assert all(last < seq for seq, record in rows if record[0] == messages.GAP for last in [record[3][2]])
    assert {reason for _first, _last, reason in gaps(rows)} == {FLASH}
    add(outbox)
    assert gaps(all_batches(outbox, 700)) == []  # named in its place, not a second time as an overflow


def test_marks_forget_only_what_was_given_out(open_outbox, tmp_path):
    outbox, _ring = open_outbox(tmp_path)
    add(outbox, 10)
    assert not outbox.mark(topics.EV, 11)
    assert outbox.held_from(topics.EV) == 1
    assert outbox.mark(topics.EV, 4)
    assert outbox.held_from(topics.EV) == 5
    assert outbox.mark(topics.EV, 2)
    assert outbox.held_from(topics.EV) == 5
    assert outbox.mark(topics.EV, 10)
    assert outbox.batch(topics.EV, 0) is None


class DeadRing(Ring):
    dead = False

    def append(self, data):
        if self.dead:
            raise StoreError("flash refused")
        return super().append(data)

    def read(self, from_seq, max_bytes):
        if self.dead:
            raise StoreError("flash refused")
        return super().read(from_seq, max_bytes)


def test_a_flash_that_refuses_is_counted_and_nothing_crashes(open_outbox, tmp_path):
    outbox, ring = open_outbox(tmp_path, kind=DeadRing)
    add(outbox, 2)
    ring.dead = True
    assert outbox.add(topics.EV, messages.EVENT, 1, 1, {"code": 14, "data": {}}) == 0
    assert outbox.batch(topics.EV, 0) is None
    assert (outbox.refused, outbox.discards, outbox.unread) == (1, 1, 1)
    ring.dead = False
    add(outbox)
    assert [seq for seq, _record in all_batches(outbox)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (messages.EVENT, {"code": 14}),
        (messages.EVENT, {"code": 14, "data": {}, "more": 1}),
        (messages.EVENT, {"code": 14, "data": {13: "x" * 2000}}),
        (99, {}),
    ],
)
def test_a_record_not_of_the_contract_is_our_own_fault(open_outbox, tmp_path, kind, body):
    outbox, ring = open_outbox(tmp_path)
    with pytest.raises((KeyError, ValueError)):
        outbox.add(topics.EV, kind, 1, 1, body)
    assert ring.next_seq == 1


def test_a_batch_fits_its_bytes(open_outbox, tmp_path):
    outbox, _ring = open_outbox(tmp_path, 65536)
    add(outbox, 200, {13: os.urandom(40).hex()})
    data, last = outbox.batch(topics.EV, 0)
    first = bytes(data)
    assert BATCH_BYTES - 150 < len(data) <= BATCH_BYTES
    assert bytes(outbox.batch(topics.EV, last)[0]) != first
