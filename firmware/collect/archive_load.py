"""Commands of the archive: loaded in pieces, activated by its hash, one meter replaced. A visit
(firmware/overlay.py); what stands where is told in archives.py."""

from firmware.area.archive import MOST, ROW_BYTES, Archive, fault
from firmware.collect.archives import KEY, MOST_BYTES, PAGE, WHOLE
from firmware.store import blobs
from firmware.store.record import StoreError
from protocols.uplink import area
from protocols.uplink.codes import REASON_NO


class _Refusal(Exception):
    """args[0]: words; args[1]: name of the reason."""


def _words(faults):
    return ", ".join(["row %d: %s" % pair for pair in faults[:3]])


class Load:
    """One command for the room `of`, which its commit changes."""

    def __init__(self, of):
        self._of = of
        self.error, self.held = "", None

    def apply(self, kind, params):
        """(reason, entries, commit) as the gate wants it."""
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
        of = self._of

        def commit():
            of.saved = saved
            of.tidy()
            if then:
                then()

        return 0, {KEY: saved}, commit

    def _next(self):
        return max(self._of.saved[0], self._of.saved[2]) + 1

    def _begin(self, params):
        base = params.get("hash") or b""
        if base and base != self._of.hash:
            raise _Refusal("another archive runs", "bad_params")
        self.held = 0
        return self._commit(self._of.saved[:2] + [self._next(), base, 0])

    def _discard(self, _params):
        return self._commit(self._of.saved[:2] + [0, b"", 0])

    def _staging(self):
        _number, _digest, staging, base, last = self._of.saved
        if not staging:
            raise _Refusal("nothing is begun", "bad_params")
        if base and base != self._of.hash:
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
        of = self._of
        saved = of.saved[:2] + [staging, base, last]

        def commit():
            of.saved = saved

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
            blobs.save(self._of.path, staging << 8 | page, rows)

    def _page(self, staging, base, page):
        """Rows of the staging; those that did not come are of the archive it began from."""
        name = self._of.name(staging, page)
        if blobs.size(name):
            return blobs.load(name, PAGE * ROW_BYTES)
        rows = self._of.archive.piece(page * PAGE + 1, PAGE) if base else b""
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
            self._of.run(new)

        return self._commit([number, new.hash(), 0, b"", 0], then)

    def _save(self, new):
        """The number of the file that holds it, and that nobody names yet."""
        number = self._next()
        blobs.save(self._of.path, number << 8 | WHOLE, new.piece(1, new.size))
        return number

    # ---- another meter in a row, whose balance goes on

    def _exchange(self, params):
        meter, address = params["meter"], params["new_address"]
        row = self._of.archive.get(meter)
        if row is None or row.address != params["address"]:
            raise _Refusal("another meter stands in this row", "bad_params")
        new = Archive(self._of.archive.piece(1, self._of.archive.size))
        faults = new.put(meter, bytes(address) + self._of.archive.piece(meter, 1)[6:])
        if faults or len(address) != 6:
            raise _Refusal(_words(faults) or "size", "bad_params")
        reason, entries, commit = self._of.replaced(meter, params["old_wh"], params["new_wh"])
        if reason:
            self.error = "its balance cannot go on"
            return reason, {}, None
        saved = [self._save(new), new.hash()] + self._of.saved[2:]

        def then():
            commit()
            self._of.changed(self._of.archive.become(new), [meter])

        _reason, mine, done = self._commit(saved, then)
        return 0, dict(entries, **mine), done
