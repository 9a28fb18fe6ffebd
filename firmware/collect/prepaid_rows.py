"""What prepaid meters have left and how their switches stand: 64 bytes a meter, in pages of 16, on flash.

What is where, and why it is enough:

    heap     all rows; a page of the heap only where a meter has something to remember
    pages    all rows as they stood at the last full hour: one generation of firmware.store.pages
    kv       rows that must not wait for that: orders, switch intents, thresholds, guarantees. SLOTS keys, in
             turn, each [generation, meter, row]; a command's row is part of the gate's own commit

A settlement is not written: the row on flash names the registers up to which it has charged, so after a power
cut the next reading charges from there what the lost settlements had charged, Wh for Wh. (Without tariff
registers at the rate of that reading; so generations begin at full hours, where rates change.) A doubt that
had begun begins again, an event that was told may be told twice.

A row counts after a restart if its page does not come from a later generation; while generation N + 1 is
written rows say N + 1, so they count whether it was finished or not. An older row in place of a newer page
undoes settlements only. Rows of the generation before stay too: with it they stand in for a bad page.

1,000 meters settled 96 times a day, measured on littlefs2 (weight.py in the tests of this room): 98 KB and 40
erases an hour, so a day takes 960 of the 410 million erases of a 16 MB chip; an order or intent one erase and
4 KB. Were each settlement a commit too, it would be 96,000 erases and 380 MB a day. Orders to all 1,000
meters in one go, with the generations that make room for them, take 3,600 erases.
"""

import struct
from binascii import crc32

from firmware.area import ledger_state, switching
from firmware.area.archive import MOST
from firmware.area.ledger_state import NEW
from firmware.store.record import FULL, StoreError

ROW, PAGE_ROWS = 64, 16
PAGE = ROW * PAGE_ROWS
_SWITCH = ledger_state.SIZE
_TAIL = _SWITCH + switching.SIZE  # day u16, bound u24, marks u8
KEY = "pp%d"
SLOTS = 32
HURRY = SLOTS // 2  # slots in use: the next generation does not wait for its hour
_HEAD = "<IH"

# marks
STATION = 3  # what the station wants of the switch, as METER_SWITCH says it
LEAVE, OPEN_IT, PERMIT_IT = 0, 1, 2  # as the balance wants, open, permit to close
GUARANTEED = 4
OURS = 16  # we have cut it off, or may have: it is let go when no balance rules it any more
DOUBT = 8  # the row was lost with the flash: nobody is cut until the station refreshes the balance


def check_of(row) -> int:
    """Which meter a row belongs to: 24 bits made of its address, never 0."""
    return crc32(row.address) & 0xFFFFFF or 1


class Rows:
    """`faults` counts what the flash refused; `damaged`: pages that could not be read at the start."""

    def __init__(self, kv, pages):
        self._kv, self._store = kv, pages
        self._pages: list = [None for _ in range((MOST + PAGE_ROWS - 1) // PAGE_ROWS)]
        self._of = [0 for _ in range(SLOTS)]  # meter in each slot
        self._ages = [0 for _ in range(SLOTS)]  # its generation
        self._next = 0  # page that is written next
        self.hurry = False
        self.faults = 0
        self.damaged = self._load()

    # ---- a row

    def has(self, meter):
        return 0 < meter <= MOST and self._pages[(meter - 1) // PAGE_ROWS] is not None

    def _at(self, meter):
        return self._pages[(meter - 1) // PAGE_ROWS], (meter - 1) % PAGE_ROWS * ROW

    def row(self, meter) -> bytes:
        if not self.has(meter):
            return bytes(ROW)
        page, at = self._at(meter)
        return bytes(memoryview(page)[at : at + ROW])

    def set(self, meter, row):
        if not self.has(meter):
            self._pages[(meter - 1) // PAGE_ROWS] = bytearray(PAGE)
        page, at = self._at(meter)
        page[at : at + ROW] = row

    def ledger(self, meter):
        return ledger_state.unpack(self.row(meter)[:_SWITCH]) if self.has(meter) else NEW

    def switch(self, meter):
        return switching.unpack(self.row(meter)[_SWITCH:_TAIL]) if self.has(meter) else switching.NEW

    def _byte(self, meter, offset):
        if not self.has(meter):
            return 0
        page, at = self._at(meter)
        return page[at + offset]

    def flags(self, meter) -> int:
        """Of its ledger."""
        return self._byte(meter, _SWITCH - 2)

    def is_cut(self, meter) -> bool:
        return bool(self._byte(meter, _SWITCH) >> 4 & switching.RELAY_OPEN)

    def marks(self, meter) -> int:
        return self._byte(meter, ROW - 1)

    def day(self, meter) -> int:
        """The last local day that was told; 0: none."""
        return self._byte(meter, _TAIL) | self._byte(meter, _TAIL + 1) << 8

    def bound(self, meter) -> int:
        """check_of the meter that it belongs to; 0: the one that stands there."""
        return bound_of(self.row(meter))

    def put(self, meter, **parts):
        """Parts as of `changed`; in the heap only."""
        self.set(meter, changed(self.row(meter), **parts))

    # ---- at once

    def entry(self, meter, row) -> dict:
        """{kv key: value} that keeps such a row; `kept` when it is committed."""
        slot = self._slot(meter)
        return {KEY % slot: struct.pack(_HEAD, self._age(), meter) + row}

    def kept(self, meter, row):
        slot = self._slot(meter)
        self._of[slot], self._ages[slot] = meter, self._age()
        self.set(meter, row)
        self.hurry = self.hurry or not self.roomy

    def keep(self, meter, row):
        """Commit a row now. StoreError: it stays as it was."""
        self._kv.put(self.entry(meter, row))
        self.kept(meter, row)

    @property
    def roomy(self):
        """Whether a row that is not urgent may have a slot."""
        return len([meter for meter in self._of if meter]) < HURRY

    def _age(self):
        return self._store.number + (1 if self._store.writing else 0)

    def _slot(self, meter):
        """A slot of the meter's own, or one whose row no generation that is kept needs. StoreError."""
        for _time in range(3):
            if meter in self._of:
                return self._of.index(meter)
            for slot in range(SLOTS):
                if not self._of[slot] or self._ages[slot] < self._store.before:
                    return slot
            self.save()
        raise StoreError("too many rows")

    # ---- all

    def begin(self):
        """Begin a generation, if there is anything to remember; `step` writes it."""
        if not any(self._pages):
            return
        self._store.begin()
        self._next = 0
        self.hurry = False

    @property
    def saving(self):
        return bool(self._store.writing)

    def step(self):
        """Write one page of what was begun. What the flash refuses is counted and soon begun again."""
        try:
            self._step()
        except StoreError as e:
            self.faults += 1
            self.hurry = True
            if e.args[0] == FULL and self._kv.room:
                self._kv.room()

    def save(self):
        """A whole generation now. StoreError."""
        self.begin()
        while self.saving:
            self._step()

    def close(self):
        self._store.close()

    def _step(self):
        while self._next < len(self._pages) and self._pages[self._next] is None:
            self._next += 1
        if self._next < len(self._pages):
            self._store.write(self._next, self._pages[self._next])
            self._next += 1
            return
        self._store.end()
        for slot in range(SLOTS):
            if self._ages[slot] < self._store.before:
                self._of[slot] = 0

    # ---- at a start

    def _load(self):
        """Numbers of the pages that cannot be known."""
        ages = {}

        def take(page, age, data):
            if page < len(self._pages) and len(data) == PAGE:
                ages[page] = age
                self._pages[page] = self._pages[page] or bytearray(PAGE)
                self._pages[page][:] = data

        try:
            whole = self._store.open(take)
        except StoreError:
            self.faults += 1
            return list(range(len(self._pages)))
        damaged = [] if whole else [page for page in range(len(self._pages)) if page not in ages]
        self._replay(ages)
        return damaged

    def _replay(self, ages):
        for age, slot, meter in sorted([self._head(slot) for slot in range(SLOTS)]):
            if not 0 < meter <= MOST or age < self._store.before:
                continue
            if meter in self._of:
                self._of[self._of.index(meter)] = 0
            self._of[slot], self._ages[slot] = meter, age
            if age >= ages.get((meter - 1) // PAGE_ROWS, 0):
                self.set(meter, self._kv.get(KEY % slot)[-ROW:])

    def _head(self, slot):
        """(generation, slot, meter), meter 0 when there is none."""
        kept = self._kv.get(KEY % slot)
        if not isinstance(kept, bytes) or len(kept) != struct.calcsize(_HEAD) + ROW:
            return 0, slot, 0
        age, meter = struct.unpack_from(_HEAD, kept)
        return age, slot, meter

    # ---- meters that moved in the archive

    def rebind(self, archive) -> list:
        """Rows follow their meters; [(meter, row)] of those whose place another meter took. StoreError.

        What was begun is ended first: rows in the store that say this generation mean the old places.
        """
        strays = self._strays(archive)
        if not strays:
            return []
        while self.saving:
            self._step()
        moved, gone = {}, []
        for meter, row in archive.rows():
            check = check_of(row)
            if check in strays and self.bound(meter) != check:
                moved[meter] = strays.pop(check)
        for old in strays.values():
            if archive.line(old):
                gone.append((old, self.row(old)))
        self._move(moved, [old for old, _row in gone])
        self.save()
        return gone

    def _strays(self, archive):
        """{bound: meter} of rows in whose place that meter does not stand."""
        strays = {}
        for meter in range(1, MOST + 1):
            held = self.row(meter)
            if any(held):
                row = archive.get(meter)
                if row and not bound_of(held):
                    self.put(meter, bound=check_of(row))
                elif not row or check_of(row) != bound_of(held):
                    strays[bound_of(held)] = meter
        return strays

    def _move(self, moved, emptied):
        rows = {meter: self.row(old) for meter, old in moved.items()}
        for old in list(moved.values()) + emptied:
            self.set(old, bytes(ROW))
        for meter, row in rows.items():
            self.set(meter, row)


def bound_of(row) -> int:
    return row[_TAIL + 2] | row[_TAIL + 3] << 8 | row[_TAIL + 4] << 16


def changed(row, ledger=None, switch=None, day=None, bound=None, marks=None) -> bytes:
    """A row with these parts instead: State, Switch, integers."""
    out = bytearray(row)
    if ledger is not None:
        out[:_SWITCH] = ledger_state.pack(ledger)
    if switch is not None:
        out[_SWITCH:_TAIL] = switching.pack(switch)
    if day is not None:
        struct.pack_into("<H", out, _TAIL, day)
    if bound is not None:
        struct.pack_into("<HB", out, _TAIL + 2, bound & 0xFFFF, bound >> 16)
    if marks is not None:
        out[ROW - 1] = marks
    return bytes(out)
