"""The archive on flash: loaded in pieces beside the one that runs, one meter replaced, told by its hash.

    kv "archive"    [number, SHA-256 of the archive that runs; staging or 0, hash it began from, last row]
    <number>.p1     number * 256 + WHOLE: a whole archive; staging * 256 + page: PAGE rows of the staging

Which files count says the key-value store, so each change is one commit of the gate; what nobody names goes
at the next `tidy`. Pieces of the staging come in the order of rows: the last row that is there (as `held`,
bytes) says where to go on. A piece that comes again changes nothing; a power cut leaves it to be sent again.
"""

import hashlib

from firmware.area.archive import MOST, ROW_BYTES, Archive
from firmware.overlay import Overlay
from firmware.store import blobs
from firmware.store.record import StoreError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "archive"
PAGE = 40  # rows
WHOLE = 0xFF
MOST_BYTES = MOST * ROW_BYTES
_EMPTY = hashlib.sha256(b"").digest()


def _is_saved(saved):
    kinds = (int, bytes, int, bytes, int)
    return isinstance(saved, list) and len(saved) == 5 and all(map(isinstance, saved, kinds))


class Archives:
    """Loads `archive`, an empty one, with what stands on flash under `root`.

    `tell(event, fields)`. `unreadable`: the archive on flash cannot be read and an empty one runs; balances
    must not be dropped then. Composition sets `planner` and `replaced(meter, old_wh, new_wh)` -> (reason,
    entries, commit) of the prepaid room, and adds to `listeners` functions of a list of meters: those rows
    hold other meters now, or none.
    """

    def __init__(self, kv, root, tell, archive):
        self._kv, self.path, self._tell, self.archive = kv, root + "/archive", tell, archive
        self.planner: Any = None
        self.replaced: Any = None
        self.listeners = []
        self.error, self.held = "", None
        saved: Any = kv.get(KEY)
        damaged = any([what.startswith(KEY + ":") for what in kv.damaged])
        self.unreadable = damaged or (saved is not None and not _is_saved(saved))
        self.saved: Any = saved if _is_saved(saved) else [0, _EMPTY, 0, b"", 0]
        self._load()
        self._count()

    def _load(self):
        number, digest = self.saved[:2]
        if number and not self.unreadable:
            try:
                found = Archive(blobs.load(self.name(number, WHOLE), MOST_BYTES))
                self.unreadable = bool(found.refused) or found.hash() != digest
                if not self.unreadable:
                    self.archive.become(found)
            except StoreError:
                self.unreadable = True
        if self.unreadable:
            self._tell("archive_loaded", {"error": "unreadable", "done": 0})
        else:
            self.tidy()

    def name(self, number, part):
        return blobs.whole(self.path, number << 8 | part)

    def tidy(self):
        number, _digest, staging = self.saved[:3]
        pages = [staging << 8 | page for page in range(MOST // PAGE)] if staging else []
        blobs.tidy(self.path, [number << 8 | WHOLE] + pages)

    def _count(self):
        self.hash, self._meters = self.archive.hash(), sum([1 for _row in self.archive.rows()])

    def now(self) -> dict:
        """Its part of NOW_AREA."""
        return {"hash": self.hash[:8], "meters": self._meters}

    def tasks(self):
        return []

    def tick(self):
        """Nothing is due by time."""

    def apply(self, kind, params, _command_id, _scope=0) -> "tuple[int, dict, Any]":
        """Of ARCHIVE and METER_REPLACED; `held`: bytes of the staging, which the answer tells."""
        with Overlay():
            from firmware.collect import archive_load

            found = archive_load.Load(self)
            answer = found.apply(kind, params)
        self.error, self.held = found.error, found.held
        return answer

    # ---- what runs

    def run(self, new):
        """`new` runs from now on. A row that is another meter's ends what is open of the old one."""
        old, plan = self.archive, self.planner
        others = [m for m in range(1, MOST + 1) if _address(old, m) != _address(new, m)]
        gone = [m for m in others if old.line(m)]
        for meter in gone:
            old.put(meter, bytes(ROW_BYTES))
        if plan and gone:
            plan.reload_rows(gone)
        self.changed(old.become(new), others)

    def changed(self, moved, others):
        self.unreadable = False
        self._count()
        if self.planner and moved:
            self.planner.reload_rows(moved)
        for listener in self.listeners:
            listener(others)
        self._tell("archive_loaded", {"done": self._meters})


def _address(archive, meter):
    row = archive.get(meter)
    return row and row.address
