"""The journal: what was put is there after a restart; damage costs the tail at most, and is named."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware.store.kv import DELETED, MAX_KEYS, SEGMENTS, Kv
from firmware.store.record import SEGMENT, StoreError, pack


@pytest.fixture
def reopen(tmp_path):
    """Open the store in the same folder anew; what was open before is closed."""
    opened = []

    def go():
        for kv in opened:
            kv.close()
        kv = Kv(str(tmp_path / "kv"))
        kv.open()
        opened.append(kv)
        return kv

    yield go
    for kv in opened:
        kv.close()


def files(tmp_path, suffix):
    return sorted((tmp_path / "kv").glob("*" + suffix))


def fill(kv, until, tmp_path):
    """Put until the number of snapshots made is `until`; return the last value of "n"."""
    n = 0
    base = kv._base
    while until:
        n += 1
        kv.put({"n": n, "pad": bytes(n % 700)})
        if kv._base != base:
            base, until = kv._base, until - 1
    return n


VALUES = {
    "i": -5,
    "b": b"\0\xff",
    "t": "电",
    "l": [1, [2, None]],
    "m": {1: True},
    "none": None,
    "big": 1 << 40,
}


def test_values_survive_a_restart(reopen):
    reopen().put(VALUES)
    kv = reopen()
    assert {key: kv.get(key) for key in VALUES} == VALUES
    assert kv.get("unknown") is None
    assert kv.damaged == []


def test_the_newest_value_counts_and_deleted_stays_deleted(reopen):
    kv = reopen()
    kv.put({"a": 1, "b": 1})
    kv.put({"a": 2})
    kv.delete("b")
    kv.delete("never there")
    kv = reopen()
    assert (kv.get("a"), kv.get("b")) == (2, None)


def test_snapshots_bound_the_journal_and_keep_everything(reopen, tmp_path):
    kv = reopen()
    kv.put({"old": "kept", "gone": 1})
    kv.delete("gone")
    n = fill(kv, 5, tmp_path)
    assert len(files(tmp_path, ".s1")) == 2
    assert len(files(tmp_path, ".j1")) <= 2 * SEGMENTS + 1
    assert max(f.stat().st_size for f in files(tmp_path, ".j1")) <= SEGMENT + 1000
    kv = reopen()
    assert (kv.get("n"), kv.get("old"), kv.get("gone")) == (n, "kept", None)


def test_a_rotten_snapshot_loses_nothing(reopen, tmp_path):
    kv = reopen()
    kv.put({"old": "kept"})
    n = fill(kv, 3, tmp_path)
    kv.put({"n": n + 1})
    newest = files(tmp_path, ".s1")[-1]
    newest.write_bytes(newest.read_bytes()[:-3])
    kv = reopen()
    assert (kv.get("n"), kv.get("old")) == (n + 1, "kept")
    assert len(kv.damaged) == 1
    kv.put({"n": n + 2})
    assert reopen().get("n") == n + 2


@pytest.fixture
def cut_then_rotten(reopen, tmp_path):
    """Three commits, a cut in the middle of the fourth, a snapshot, three more; then the snapshot rots.

    The argument: how many bytes the first segment, torn record and all, ends up shorter by.
    """

    def go(shorter=0):
        kv = reopen()
        for n in range(1, 4):
            kv.put({"n": n, f"k{n}": n})
        first, torn = tmp_path / "kv" / "00000001.j1", pack(4, b"never acknowledged")[:-1]
        first.write_bytes(first.read_bytes() + torn)
        kv = reopen()
        for n in range(4, 7):
            kv.put({"n": n, f"k{n}": n})
        first.write_bytes(first.read_bytes()[: -shorter or None])
        (snapshot,) = files(tmp_path, ".s1")
        snapshot.write_bytes(snapshot.read_bytes()[:-3])
        return reopen()

    return go


@pytest.mark.parametrize("shorter", [0, 10, 28])
def test_a_rotten_snapshot_made_after_a_power_cut_loses_nothing(cut_then_rotten, reopen, shorter):
    kv = cut_then_rotten(shorter)
    assert [kv.get(f"k{n}") for n in range(1, 7)] == [1, 2, 3, 4, 5, 6]
    assert kv.get("n") == 6
    assert len(kv.damaged) == 1
    kv.put({"n": 7})
    kv = reopen()
    assert (kv.get("n"), kv.get("k2"), kv.get("k6"), kv.damaged) == (7, 2, 6, [])


@pytest.mark.parametrize(("shorter", "n"), [(30, 2), (60, 1), (90, None)])
def test_commits_gone_with_a_torn_end_are_named_not_jumped(cut_then_rotten, shorter, n):
    kv = cut_then_rotten(shorter)
    assert kv.get("n") == n
    assert len(kv.damaged) == 2


def test_replay_stops_at_the_first_bad_record_and_goes_on_from_there(reopen, tmp_path):
    kv = reopen()
    sizes = []
    for n in range(10):
        kv.put({"n": n})
        sizes.append(kv._size)
    (journal,) = files(tmp_path, ".j1")
    data = bytearray(journal.read_bytes())
    data[sizes[5] + 9] ^= 1  # in the payload of n = 6
    journal.write_bytes(data)
    kv = reopen()
    assert kv.get("n") == 5
    assert len(kv.damaged) == 1
    kv.put({"m": 1})
    kv = reopen()
    assert (kv.get("n"), kv.get("m"), kv.damaged) == (5, 1, [])  # the bad tail cannot come back


def test_a_record_cut_off_was_never_acknowledged_and_is_no_damage(reopen, tmp_path):
    kv = reopen()
    kv.put({"n": 1})
    kv.put({"n": 2, "pad": bytes(40)})
    (journal,) = files(tmp_path, ".j1")
    whole = journal.read_bytes()
    for cut in range(1, 40):
        journal.write_bytes(whole[:-cut])
        kv = reopen()
        assert kv.get("n") == 1
        assert kv.damaged == []
    kv.put({"n": 3})
    assert reopen().get("n") == 3


def test_a_rotten_length_is_damage_not_a_power_cut(reopen, tmp_path):
    kv = reopen()
    for n in range(4):
        kv.put({"n": n})
    (journal,) = files(tmp_path, ".j1")
    data = bytearray(journal.read_bytes())
    data[len(data) // 2 + 5] ^= 0x10  # length of the third record: it runs over the end of the file
    journal.write_bytes(data)
    kv = reopen()
    assert kv.get("n") == 1
    assert len(kv.damaged) == 1


def test_a_commit_missing_at_a_segment_end_ends_the_replay(reopen, tmp_path):
    kv = reopen()
    ends = []
    for n in range(20):
        kv.put({"n": n, "pad": bytes((n,)) * 400})
        ends.append((kv._number, kv._size))
    last = [size for number, size in ends if number == 1]
    first = files(tmp_path, ".j1")[0]
    first.write_bytes(first.read_bytes()[: last[-2]])  # cut between two records
    kv = reopen()
    assert kv.get("n") == len(last) - 2
    assert len(kv.damaged) == 1


def test_a_missing_segment_is_named(reopen, tmp_path):
    kv = reopen()
    for n in range(40):
        kv.put({"n": n, "pad": bytes((n,)) * 300})
    files(tmp_path, ".j1")[1].unlink()
    kv = reopen()
    assert 0 < kv.get("n") < 39
    assert "missing" in kv.damaged[0]


@pytest.mark.parametrize(
    "values", [{"x" * 256: 1}, {"": 1}, {"a": bytes(DELETED)}, {"a": bytes(9000), "b": bytes(9000)}]
)
def test_too_large_is_refused_and_the_old_stands(reopen, values):
    kv = reopen()
    kv.put({"a": 1})
    with pytest.raises(StoreError, match="too large"):
        kv.put(values)
    assert reopen().get("a") == 1


def test_what_has_not_changed_is_not_written(reopen):
    kv = reopen()
    kv.put({"a": 1, "b": [1, 2]})
    size = kv._size
    kv.put({"a": 1, "b": [1, 2]})
    assert kv._size == size
    kv.put({"a": 2, "b": [1, 2]})
    assert (reopen().get("a"), reopen().get("b")) == (2, [1, 2])


def test_a_folder_that_cannot_be_listed_is_not_written_over(tmp_path):
    (tmp_path / "kv").write_bytes(b"")
    kv = Kv(str(tmp_path / "kv"))
    with pytest.raises(StoreError, match="not open"):
        kv.put({"a": 1})
    kv.open()
    assert "folder" in kv.damaged[0]
    with pytest.raises(StoreError, match="not open"):
        kv.put({"a": 1})


def test_keys_are_bounded(reopen):
    kv = reopen()
    kv.put({str(n): n for n in range(MAX_KEYS)})
    with pytest.raises(StoreError):
        kv.put({"one more": 1})
    kv.put({"7": 8})
    assert reopen().get("7") == 8


def test_a_value_that_reads_badly_is_none_and_named(reopen):
    kv = reopen()
    kv.put({"long": [0] * 600})  # more items than the decoder takes
    assert kv.get("long") is None
    assert "long" in kv.damaged[0]


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_open_never_raises_and_never_invents(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kv")
    kv = Kv(str(folder))
    kv.open()
    states = [{}]
    for n in range(8):
        kv.put({"n": n, "k": bytes((n,)) * 5})
        states.append({"n": n, "k": bytes((n,)) * 5})
    kv.close()
    name = data.draw(
        st.sampled_from(["00000001.j1", "00000002.j1", "00000001.s1", "00000005.s1", "junk", "new"])
    )
    old = (folder / name).read_bytes() if (folder / name).exists() else b""
    how = data.draw(st.sampled_from(["random", "flip", "insert"]))
    if how == "random":
        new = data.draw(st.binary(max_size=9000))
    else:
        at = data.draw(st.integers(0, max(0, len(old) - 1)))
        piece = data.draw(st.binary(min_size=1, max_size=20))
        new = old[:at] + piece + old[at + (len(piece) if how == "flip" else 0) :]
    (folder / name).write_bytes(new)
    kv = Kv(str(folder))
    kv.open()
    state = {key: kv.get(key) for key in ("n", "k") if kv.get(key) is not None}
    assert state in states
    kv.put({"n": 100, "k": b""})
    kv.close()
    kv.open()
    assert (kv.get("n"), kv.get("k")) == (100, b"")
    kv.close()
