"""Opens the journal (kv.py tells of its files): finds what stands and takes it. Needed at a start only."""

import struct

from firmware.store import record
from firmware.store.kv import DELETED, JOURNAL, MAX_RECORD, SNAPSHOT, file_name, take


def _entries(payload):
    """Return [(key, data or None), ...] of a record; ValueError when it is not made of entries."""
    out, at = [], 0
    while at < len(payload):
        if at + 3 > len(payload):
            raise ValueError("entry cut off")
        name_size, size = struct.unpack_from("<BH", payload, at)
        data_at = at + 3 + name_size
        at = data_at + (0 if size == DELETED else size)
        if at > len(payload):
            raise ValueError("entry cut off")
        key = payload[data_at - name_size : data_at].decode()
        out.append((key, None if size == DELETED else payload[data_at:at]))
    return out


class Replay:
    """What stands in the folder `path`. Never raises for what it finds: the good part counts, `damaged` names
    the rest."""

    def __init__(self, path):
        self._path = path
        self.values, self.commit, self.damaged = {}, 0, []
        self.base = self.number = 1
        self.size, self.clean, self.opened = 0, True, False
        try:
            record.folder(path)
            journal = record.numbers(path, JOURNAL)
            snapshots = record.numbers(path, SNAPSHOT)
        except OSError as e:
            self._spoilt("folder: " + record.reason(e))
            return
        self.opened = True
        self._follow(journal, snapshots)

    def _follow(self, journal, snapshots):
        base = self._newest(snapshots)
        at = self.base = base or (journal[0] if journal else 1)
        if not base and at != 1:
            self._spoilt("segment %d without snapshot" % at)
        while at in journal and self._segment(at):
            at += 1
        top = max(snapshots + journal + [self.base])
        if at < top and at not in journal:
            self._spoilt("segment %d missing" % at)
        self.number = top

    def _spoilt(self, what):
        self.damaged.append(what)
        self.clean = False

    def _newest(self, snapshots):
        for number in reversed(snapshots):
            try:
                self._load(number)
                return number
            except (OSError, ValueError) as e:
                self._spoilt("snapshot %d: %r" % (number, e))
        return 0

    def _load(self, number):
        """Take all of a snapshot; ValueError when it is not whole."""
        values, commit = {}, 0
        with open(file_name(self._path, number, SNAPSHOT), "rb") as f:
            while True:
                row = record.read(f, MAX_RECORD)
                if row is None or row[0] != record.GOOD:
                    raise ValueError("not whole")
                if not row[2]:
                    break
                values.update(_entries(row[2]))
            commit = row[1]
        self.values, self.commit = values, commit

    def _segment(self, number):
        """Replay one segment; False when the journal cannot be followed beyond it."""
        try:
            try:
                return self._replay(number)
            except OSError:  # once more: what a passing read error hides now would be given up for good
                return self._replay(number)
        except (OSError, ValueError) as e:
            self._spoilt("segment %d: %r" % (number, e))
            return False

    def _replay(self, number):
        with open(file_name(self._path, number, JOURNAL), "rb") as f:
            while True:
                row = record.read(f, MAX_RECORD, self.commit + 1)
                if row is None:
                    self.size = f.tell()
                    return True
                state, seq, payload = row
                if state == record.TORN:  # writing went on in the next segment, if at all
                    self.clean = False
                    return True
                if state != record.GOOD:
                    raise ValueError("bad record after commit %d" % self.commit)
                if seq <= self.commit:
                    continue  # only in the second try
                if seq != self.commit + 1 and (self.commit or self.base == 1):
                    raise ValueError("commit %d after %d" % (seq, self.commit))
                take(self.values, _entries(payload))
                self.commit = seq
