"""The archive on flash: loaded in pieces beside the one that runs, one meter replaced, told by its hash.

    kv "archive"    [number, SHA-256 of the archive that runs; staging or 0, hash it began from, last row]
    <number>.p1     number * 256 + WHOLE: a whole archive; staging * 256 + page: PAGE rows of the staging

Which files count says the key-value store, so each change is one commit of the gate; what nobody names goes
at the next `tidy`. Pieces of the staging come in the order of rows: the last row that is there (as `held`,
bytes) says where to go on. A piece that comes again changes nothing; a power cut leaves it to be sent again.
"""

import hashlib

from firmware.area.archive import MOST, ROW_BYTES, Archive, fault
from firmware.store import blobs
from firmware.store.record import StoreError
from protocols.uplink import area
from protocols.uplink.codes import REASON_NO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

KEY = "archive"
PAGE = 40  # rows
WHOLE = 0xFF
MOST_BYTES = MOST * ROW_BYTES
_EMPTY = hashlib.sha256(b"").digest()


class _Refusal(Exception):
    """args[0]: words; args[1]: name of the reason."""


def _is_saved(saved):
    kinds = (int, bytes, int, bytes, int)
    return isinstance(saved, list) and len(saved) == 5 and all(map(isinstance, saved, kinds))


def _words(faults):
    return ", ".join(["row %d: %s" % pair for pair in faults[:3]])


class Archives:
    """Loads `archive`, an empty one, with what stands on flash under `root`.

    `tell(event, fields)`. `unreadable`: the archive on flash cannot be read and an empty one runs; balances
    must not be dropped then. Composition sets `planner` and `replaced(meter, old_wh, new_wh)` -> (reason,
    entries, commit) of the prepaid room, and adds to `listeners` functions of a list of meters: those rows
    hold other meters now, or none.
    """

    def __init__(self, kv, root, tell, archive):
        self._kv, self._path, self._tell, self._archive = kv, root + "/archive", tell, archive
        self.planner: Any = None
        self.replaced: Any = None
        self.listeners = []
        self.error, self.held = "", None
        saved: Any = kv.get(KEY)
        damaged = any([what.startswith(KEY + ":") for what in kv.damaged])
        self.unreadable = damaged or (saved is not None and not _is_saved(saved))
        self._saved: Any = saved if _is_saved(saved) else [0, _EMPTY, 0, b"", 0]
        self._load()
        self._count()

    def _load(self):
        number, digest = self._saved[:2]
        if number and not self.unreadable:
            try:
                found = Archive(bytearray(blobs.load(self._name(number, WHOLE), MOST_BYTES)))
                self.unreadable = bool(found.refused) or found.hash() != digest
                if not self.unreadable:
                    self._archive.become(found)
            except StoreError:
                self.unreadable = True
        if self.unreadable:
            self._tell("archive_loaded", {"error": "unreadable", "done": 0})
        else:
            self._tidy()

    def _name(self, number, part):
        return blobs.whole(self._path, number << 8 | part)

    def _tidy(self):
        number, _digest, staging = self._saved[:3]
        pages = [staging << 8 | page for page in range(MOST // PAGE)] if staging else []
        blobs.tidy(self._path, [number << 8 | WHOLE] + pages)

    def _count(self):
        self._hash, self._meters = self._archive.hash(), sum([1 for _row in self._archive.rows()])

    def now(self) -> dict:
        """Its part of NOW_AREA."""
        return {"hash": self._hash[:8], "meters": self._meters}

    def tasks(self):
        return []

    def tick(self):
        """Nothing is due by time."""

    # ---- commands

    def apply(self, kind, params, _command_id, _scope=0) -> "tuple[int, dict, Any]":
        """Of ARCHIVE and METER_REPLACED; `held`: bytes of the staging, which the answer tells."""
        self.error, self.held = "", None
        try:
            if kind == area.METER_REPLACED:
                return self._exchange(params)
            does = {
                area.BEGIN: self._begin,
                area.ROWS: self._rows,
                area.ACTIVATE: self._activate,
                area.DISCARD: self._discard,
            }.get(params["op"])
            if does is None:
                raise _Refusal("no such operation", "bad_params")
            return does(params)
        except _Refusal as refusal:
            self.error, reason = refusal.args
        except StoreError as e:
            self.error, reason = e.args[0], "storage_failed"
        return REASON_NO[reason], {}, None

    def _commit(self, saved, then=None):
        """(0, entries, commit) of this state."""

        def commit():
            self._saved = saved
            self._tidy()
            if then:
                then()

        return 0, {KEY: saved}, commit

    def _next(self):
        return max(self._saved[0], self._saved[2]) + 1

    def _begin(self, params):
        base = params.get("hash") or b""
        if base and base != self._hash:
            raise _Refusal("another archive runs", "bad_params")
        self.held = 0
        return self._commit(self._saved[:2] + [self._next(), base, 0])

    def _discard(self, _params):
        return self._commit(self._saved[:2] + [0, b"", 0])

    def _staging(self):
        _number, _digest, staging, base, last = self._saved
        if not staging:
            raise _Refusal("nothing is begun", "bad_params")
        if base and base != self._hash:
            raise _Refusal("the archive has changed since: begin anew", "bad_params")
        return staging, base, last

    def _rows(self, params):
        """Without rows it asks where to go on."""
        staging, base, last = self._staging()
        data, first = params.get("rows") or b"", params.get("meter", 0)
        if data:
            self._judge(first, data)
            self._write(staging, base, first, data)
            last = first - 1 + len(data) // ROW_BYTES
        self.held = last * ROW_BYTES
        return self._commit_rows(staging, base, last)

    def _commit_rows(self, staging, base, last):
        saved = self._saved[:2] + [staging, base, last]

        def commit():
            self._saved = saved

        return 0, {KEY: saved}, commit

    def _judge(self, first, data):
        count = len(data) // ROW_BYTES
        if len(data) % ROW_BYTES or count > area.ROWS_MOST or not 1 <= first <= MOST - count + 1:
            raise _Refusal("row %d: size" % first, "bad_params")
        rows = [(first + n, fault(data[n * ROW_BYTES : (n + 1) * ROW_BYTES])) for n in range(count)]
        faults = [(meter, reason) for meter, reason in rows if reason]
        if faults:
            raise _Refusal(_words(faults), "bad_params")

    def _write(self, staging, base, first, data):
        at = (first - 1) * ROW_BYTES
        size = PAGE * ROW_BYTES
        for page in range(at // size, (at + len(data) - 1) // size + 1):
            start = page * size
            rows = bytearray(self._page(staging, base, page))
            begin, end = max(at, start), min(at + len(data), start + size)
            rows[begin - start : end - start] = data[begin - at : end - at]
            blobs.save(self._path, staging << 8 | page, rows)

    def _page(self, staging, base, page):
        """Rows of the staging; those that did not come are of the archive it began from."""
        name = self._name(staging, page)
        if blobs.size(name):
            return blobs.load(name, PAGE * ROW_BYTES)
        rows = self._archive.piece(page * PAGE + 1, PAGE) if base else b""
        return rows + bytes(PAGE * ROW_BYTES - len(rows))

    def _staged(self, staging, base):
        rows = bytearray(MOST_BYTES)
        size = PAGE * ROW_BYTES
        for page in range(MOST // PAGE):
            rows[page * size : (page + 1) * size] = self._page(staging, base, page)
        return Archive(rows)

    def _activate(self, params):
        staging, base, _last = self._staging()
        new = self._staged(staging, base)
        if new.refused:
            raise _Refusal(_words(new.refused), "bad_params")
        if new.hash() != params.get("hash"):
            raise _Refusal("another hash", "bad_params")
        number = self._save(new)

        def then():
            self._run(new)

        return self._commit([number, new.hash(), 0, b"", 0], then)

    def _save(self, new):
        """The number of the file that holds it, and that nobody names yet."""
        number = self._next()
        blobs.save(self._path, number << 8 | WHOLE, new.piece(1, new.size))
        return number

    # ---- what runs

    def _run(self, new):
        """`new` runs from now on. A row that is another meter's ends what is open of the old one."""
        old, plan = self._archive, self.planner
        others = [m for m in range(1, MOST + 1) if _address(old, m) != _address(new, m)]
        gone = [m for m in others if old.line(m)]
        for meter in gone:
            old.put(meter, bytes(ROW_BYTES))
        if plan and gone:
            plan.reload_rows(gone)
        self._changed(old.become(new), others)

    def _changed(self, moved, others):
        self.unreadable = False
        self._count()
        if self.planner and moved:
            self.planner.reload_rows(moved)
        for listener in self.listeners:
            listener(others)
        self._tell("archive_loaded", {"done": self._meters})

    # ---- another meter in a row, whose balance goes on

    def _exchange(self, params):
        meter, address = params["meter"], params["new_address"]
        row = self._archive.get(meter)
        if row is None or row.address != params["address"]:
            raise _Refusal("another meter stands in this row", "bad_params")
        new = Archive(bytearray(self._archive.piece(1, self._archive.size)))
        faults = new.put(meter, bytes(address) + self._archive.piece(meter, 1)[6:])
        if faults or len(address) != 6:
            raise _Refusal(_words(faults) or "size", "bad_params")
        reason, entries, commit = self.replaced(meter, params["old_wh"], params["new_wh"])
        if reason:
            self.error = "its balance cannot go on"
            return reason, {}, None
        saved = [self._save(new), new.hash()] + self._saved[2:]

        def then():
            commit()
            self._changed(self._archive.become(new), [meter])

        _reason, mine, done = self._commit(saved, then)
        return 0, dict(entries, **mine), done


def _address(archive, meter):
    row = archive.get(meter)
    return row and row.address
