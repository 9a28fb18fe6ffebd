"""The ring: sequences without a gap or a twin, whatever is forgotten, overflows or rots; losses are told."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.store.record import SEGMENT, StoreError
from firmware.store.ring import MAX_PAYLOAD, Ring

SEGMENTS = 4


@pytest.fixture
def reopen(tmp_path):
    opened = []

    def go():
        for ring in opened:
            ring.close()
        ring = Ring(str(tmp_path / "ring"), SEGMENTS * SEGMENT)
        ring.open()
        opened.append(ring)
        return ring

    yield go
    for ring in opened:
        ring.close()


def data_of(seq):
    return b"%d " % seq * 60


def fill(ring, count):
    for _ in range(count):
        ring.append(data_of(ring.next_seq))


def drain(ring, at=None, size=1500):
    """All sequences that can be read, checking data and order; each read must get on."""
    out = []
    at = at or ring.first_seq
    while rows := ring.read(at, size):
        seqs = [seq for seq, _data in rows]
        assert seqs == list(range(seqs[0], seqs[0] + len(seqs)))
        assert seqs[0] >= at
        assert all(data == data_of(seq) for seq, data in rows)
        out += seqs
        at = seqs[-1] + 1
    return out


def lost(ring):
    out = []
    while found := ring.take_lost():
        out.append(found)
    return out


def segments(tmp_path):
    return sorted((tmp_path / "ring").glob("*.r1"))


def test_sequences_run_from_one_across_restarts(reopen):
    ring = reopen()
    assert (ring.first_seq, ring.next_seq, ring.read(1, 100)) == (1, 1, [])
    assert [ring.append(data_of(n)) for n in (1, 2)] == [1, 2]
    ring = reopen()
    assert ring.append(data_of(3)) == 3
    assert drain(ring) == [1, 2, 3]
    assert drain(reopen(), 2) == [2, 3]


def test_reads_are_bounded_by_bytes_but_give_one_at_least(reopen):
    ring = reopen()
    fill(ring, 40)
    rows = ring.read(1, 1000)
    assert 0 < sum(len(data) for _seq, data in rows) <= 1000
    assert len(ring.read(1, 1)) == 1
    assert len(ring.read(1, 1 << 20)) == 40  # across segments


def test_the_number_goes_on_after_everything_was_forgotten(reopen, tmp_path):
    ring = reopen()
    fill(ring, 50)
    ring.forget(50)
    assert (ring.first_seq, ring.read(1, 9999)) == (51, [])
    assert len(segments(tmp_path)) == 1
    for _ in range(3):
        ring = reopen()
        assert ring.next_seq == 51
        assert ring.first_seq > 30  # only the newest segment is held again
    assert ring.append(data_of(51)) == 51


def test_forgetting_more_than_there_is_forgets_no_future_record(reopen):
    ring = reopen()
    fill(ring, 3)
    ring.forget(1 << 40)
    assert ring.append(data_of(4)) == 4
    assert drain(ring) == [4]


def test_forgetting_backwards_changes_nothing(reopen):
    ring = reopen()
    fill(ring, 30)
    ring.forget(25)
    ring.forget(3)
    assert ring.first_seq == 26


def test_overflow_drops_whole_segments_and_tells_the_range(reopen, tmp_path):
    ring = reopen()
    fill(ring, 200)
    assert len(segments(tmp_path)) == SEGMENTS
    assert sum(f.stat().st_size for f in segments(tmp_path)) <= SEGMENTS * SEGMENT
    ((first, last),) = lost(ring)
    assert (first, last) == (1, ring.first_seq - 1)
    assert ring.discards == last
    assert drain(ring) == list(range(last + 1, 201))
    fill(ring, 40)
    ((first, _last),) = lost(ring)
    assert first == last + 1


def test_what_was_forgotten_is_not_told_as_lost(reopen):
    ring = reopen()
    fill(ring, 60)
    ring.forget(58)
    fill(ring, 40)
    assert lost(ring) == []
    fill(ring, 60)
    ((first, _last),) = lost(ring)
    assert first == 59


def test_damage_in_the_middle_is_told_and_the_rest_is_read(reopen, tmp_path):
    ring = reopen()
    fill(ring, 60)
    second = segments(tmp_path)[1]
    first = int(second.name[:8], 16)
    end = int(segments(tmp_path)[2].name[:8], 16)
    second.write_bytes(b"\xff" * SEGMENT)
    ring = reopen()
    assert drain(ring) == [n for n in range(1, 61) if not first <= n < end]
    assert lost(ring) == [(first, end - 1)]
    drain(ring)
    assert lost(ring) == []  # told once
    assert ring.discards == end - first


def test_one_damaged_record_costs_one_record(reopen, tmp_path):
    ring = reopen()
    fill(ring, 60)
    data = bytearray(segments(tmp_path)[1].read_bytes())
    data[100] ^= 1
    segments(tmp_path)[1].write_bytes(data)
    ring = reopen()
    read = drain(ring)
    ((first, last),) = lost(ring)
    assert first == last
    assert read == [n for n in range(1, 61) if n != first]


def test_damage_in_the_newest_segment_never_lets_a_number_be_used_twice(reopen, tmp_path):
    ring = reopen()
    fill(ring, 30)
    newest = segments(tmp_path)[-1]
    start = int(newest.name[:8], 16)
    data = bytearray(newest.read_bytes())
    data[2] ^= 0x40  # the very first header: no telling what stood behind it
    newest.write_bytes(data)
    for _ in range(2):
        ring = reopen()
        assert ring.next_seq > 30
    after = ring.append(data_of(ring.next_seq))
    ring = reopen()
    assert drain(ring) == [*range(1, start), after]
    assert lost(ring) == [(start, after - 1)]


def test_a_rotten_length_is_damage_not_a_power_cut(reopen, tmp_path):
    ring = reopen()
    fill(ring, 3)
    data = bytearray(segments(tmp_path)[0].read_bytes())
    data[5] ^= 0x08  # length of the first record: it runs over the end of the file
    segments(tmp_path)[0].write_bytes(data)
    assert reopen().next_seq > 3


def test_a_record_cut_off_was_never_acknowledged(reopen, tmp_path):
    ring = reopen()
    fill(ring, 3)
    whole = segments(tmp_path)[-1].read_bytes()
    for cut in range(1, len(data_of(3)) + 12):
        segments(tmp_path)[-1].write_bytes(whole[:-cut])
        ring = reopen()
        assert ring.next_seq == 3
    assert ring.append(data_of(3)) == 3
    ring = reopen()
    assert (drain(ring), lost(ring)) == ([1, 2, 3], [])


def test_a_folder_that_cannot_be_listed_gives_no_numbers(tmp_path):
    (tmp_path / "ring").write_bytes(b"")
    ring = Ring(str(tmp_path / "ring"), SEGMENTS * SEGMENT)
    ring.open()
    with pytest.raises(StoreError, match="not open"):
        ring.append(b"x")
    assert ring.faults == 1


def test_a_segment_taken_away_is_lost_and_does_not_stop_the_overflow(reopen, tmp_path):
    ring = reopen()
    fill(ring, 40)
    segments(tmp_path)[0].unlink()
    fill(ring, 100)
    assert len(segments(tmp_path)) == SEGMENTS
    assert lost(ring)[0][0] == 1


def test_too_large_is_refused(reopen):
    ring = reopen()
    assert ring.append(bytes(MAX_PAYLOAD)) == 1
    with pytest.raises(StoreError, match="too large"):
        ring.append(bytes(MAX_PAYLOAD + 1))
    assert len(reopen().read(1, 1)[0][1]) == MAX_PAYLOAD


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_open_never_raises_and_every_number_is_read_or_told(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("ring")
    ring = Ring(str(folder), SEGMENTS * SEGMENT)
    ring.open()
    fill(ring, 45)
    ring.close()
    names = [f.name for f in sorted(folder.glob("*.r1"))]
    name = data.draw(st.sampled_from([*names, "00000000.r1", "ffffffff.r1", "0000zzzz.r1", "junk"]))
    old = (folder / name).read_bytes() if (folder / name).exists() else b""
    at = data.draw(st.integers(0, max(0, len(old) - 1)))
    piece = data.draw(st.binary(min_size=1, max_size=5000))
    how = data.draw(st.sampled_from(["whole", "over", "insert"]))
    if how == "whole":
        new = piece
    else:
        new = old[:at] + piece + old[at + (len(piece) if how == "over" else 0) :]
    (folder / name).write_bytes(new)
    ring = Ring(str(folder), SEGMENTS * SEGMENT)
    ring.open()
    # a file whose end was cut away looks like a power cut; every other damage must not let numbers come again
    assert ring.next_seq > 45 or name == names[-1]
    seq = ring.append(data_of(ring.next_seq))
    told = [n for first, last in [*lost(ring)] for n in range(first, last + 1)]
    read = drain(ring)
    told += [n for first, last in lost(ring) for n in range(first, last + 1)]
    assert sorted(read + told) == list(range(1, seq + 1))
    ring.close()
