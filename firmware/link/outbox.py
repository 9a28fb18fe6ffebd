"""The outbox: records in, numbered and on flash; batches out; forgotten when the station has stored them.

A record is kept exactly as it goes out (CBOR), so a batch is a splice, not an encoding.
What cannot be sent is named:
- overflow: one GAP record in the same stream. It grows with each further loss and starts at the first, so
  that it still tells the whole loss when the flood takes the earlier GAP record too.
- stored bytes that are no record: a GAP record in their place, under their number (reason undecodable).
- numbers the ring cannot read at all: a GAP record under the last of them over those before it (flash_error).
"""

from firmware.store.record import StoreError
from firmware.store.ring import Ring
from protocols import cbor
from protocols.uplink import messages, topics

BATCH_BYTES = 1500  # one Ethernet frame or a few radio blocks
MAX_RECORD = 1024  # a curve with every point of the catalogue is about 500
MAX_RECORDS = 200  # of one batch: below cbor.MAX_ITEMS, and the array head stays two bytes
HEAD_BYTES = 48  # version, epoch, two numbers, array head
SCAN_BYTES = 2048  # read at once when looking for the last GAP record at start

STREAM_FULL, FLASH_ERROR, UNDECODABLE = 1, 2, 3  # codes.GAP_REASONS
# KB of flash a stream. They hold without a link: 256 important events and results of commands; 62 days, 31
# billing days and 12 months of freezes and statistics of 4 metering points; 10 days of 96 points of 2; 256
# general events.
RING_KB = ((topics.EV, 96), (topics.DA, 256), (topics.CV, 352), (topics.LG, 48))
SPARE = (topics.LG, topics.CV, topics.DA, topics.EV)  # which goes first when the flash is full
_GAP_START = bytes((0x84, messages.GAP))  # a list of four whose first is the kind


def _encode(kind, t_s, t_ok, body, records=messages.RECORDS) -> bytes:
    return cbor.encode([kind, t_s, t_ok, messages.pack(records[kind], body)])


def _gap(first, last, reason, t_s=0, t_ok=0) -> bytes:
    return _encode(messages.GAP, t_s, t_ok, {"first_seq": first, "last_seq": last, "reason": reason})


def _read(data, records=messages.RECORDS):
    """The record in `data`, or None when it is none."""
    try:
        return messages.unpack_record(cbor.decode(data), records)
    except ValueError:  # CborError, MessageError
        return None


def open_rings(root, sizes=RING_KB) -> dict:
    """{stream: opened Ring} in the folder `root`."""
    rings = {}
    for stream, kb in sizes:
        rings[stream] = Ring(root + "/" + stream, kb * 1024)
        rings[stream].open()
    return rings


class Outbox:
    """`rings`: stream name (topics.EV, ...) -> opened Ring. `epoch`: 8 bytes, made with the flash. `records`:
    schemas of those that this product has."""

    def __init__(self, rings, epoch, records=messages.RECORDS):
        self._rings = rings
        self._records = records
        # one of BATCH_BYTES for all batches, lent by the session or made here: a fragmented heap has none
        self.buffer = None
        self.epoch = epoch
        self.refused = 0  # records the flash would not take
        self.unread = 0  # times it could not be read; the ring gives a segment up after some
        self.on_add = None
        self._gaps = {
            stream: self._last_gap(rings[stream]) for stream in rings
        }  # [first, last, own seq or 0]

    @property
    def discards(self) -> int:
        """Records lost here since the start, in all streams."""
        return self.refused + sum(ring.discards for ring in self._rings.values())

    def _last_gap(self, ring):
        gap = None
        rows = self._rows(ring, ring.first_seq, SCAN_BYTES)
        while rows:
            for seq, data in rows:
                record = _read(data) if data[:2] == _GAP_START else None
                if record is not None and record[3]["reason"] == STREAM_FULL:
                    gap = [record[3]["first_seq"], record[3]["last_seq"], seq]
            rows = self._rows(ring, rows[-1][0] + 1, SCAN_BYTES)
        return gap

    def _rows(self, ring, first, size):
        """[] at the end, None when the flash cannot be read just now."""
        try:
            return ring.read(first, size)
        except StoreError:
            self.unread += 1
            return None

    def make_room(self) -> bool:
        """One segment of the least important stream that has any to spare goes, for the journal (Kv.room)."""
        return any(self._rings[stream].give_up_oldest() for stream in SPARE if stream in self._rings)

    # ---- in -----------------------------------------------------------------------------------

    def add(self, stream, kind, t_s, t_ok, body) -> int:
        """Keep one record (`body` by field name); return its sequence number, 0 when the flash refused it.

        KeyError, ValueError: the record is not of the contract or too large, which is a fault of ours.
        """
        data = _encode(kind, t_s, t_ok, body, self._records)
        if len(data) > MAX_RECORD:
            raise ValueError("record too large")
        seq = self._append(stream, data)
        self._explain_loss(stream, t_s, t_ok)
        if self.on_add is not None:
            self.on_add()
        return seq

    def _append(self, stream, data):
        try:
            return self._rings[stream].append(data)
        except StoreError:
            self.refused += 1
            return 0

    def _explain_loss(self, stream, t_s, t_ok):
        ring = self._rings[stream]
        gap = self._gaps[stream]
        lost = ring.take_lost()
        while lost is not None:
            if lost[1] < ring.first_seq:  # else it is a hole in what is held: `batch` names it in its place
                first = gap[0] if gap is not None and lost[0] <= gap[1] + 1 else lost[0]
                gap = self._gaps[stream] = [first, lost[1], 0]
            lost = ring.take_lost()
        if gap is not None and gap[2] == 0:  # also one that the flash refused last time
            gap[2] = self._append(stream, _gap(gap[0], gap[1], STREAM_FULL, t_s, t_ok))

    # ---- out ----------------------------------------------------------------------------------

    def next_seq(self, stream) -> int:
        return self._rings[stream].next_seq

    def held_from(self, stream) -> int:
        """First sequence number still here: everything below is stored at the station or lost."""
        return self._rings[stream].first_seq

    def batch(self, stream, after_seq, max_bytes=BATCH_BYTES):
        """Return (BATCH message of what follows `after_seq`, last number it accounts for), or None.

        The message is a view, good until the next call. At most BATCH_BYTES long.
        """
        ring = self._rings[stream]
        first = max(after_seq + 1, ring.first_seq)
        if first >= ring.next_seq:
            return None
        rows = self._rows(ring, first, min(max_bytes, BATCH_BYTES) - HEAD_BYTES)
        if rows is None:
            return None
        if rows and rows[0][0] == first:
            records, last = self._consecutive(rows)
        else:
            last = (rows[0][0] if rows else ring.next_seq) - 1
            # a receiver takes a gap only below the number it comes under; one alone is named in its place
            records = [_gap(first, max(first, last - 1), FLASH_ERROR)]
            first = last
        return self._frame(first, ring.first_seq, records), last

    def _consecutive(self, rows):
        records = []
        last = rows[0][0] - 1
        room = BATCH_BYTES - HEAD_BYTES
        for seq, data in rows[:MAX_RECORDS]:
            if len(data) > MAX_RECORD or _read(data, self._records) is None:
                data = _gap(seq, seq, UNDECODABLE)  # may be longer than what it stands for
            room -= len(data)
            if seq != last + 1 or room < 0:
                break
            records.append(data)
            last = seq
        return records, last

    def _frame(self, first, held_from, records):
        fields = {
            "version": messages.VERSION,
            "epoch": self.epoch,
            "first_seq": first,
            "held_from": held_from,
        }
        fields["records"] = []
        head = cbor.encode(messages.pack(messages.BATCH, fields))
        n = len(records)
        # `records` has the highest key, so the empty list is the last byte: put the full one in its place
        records[:0] = [head[:-1], bytes((0x80 | n,)) if n < 24 else bytes((0x98, n))]
        if self.buffer is None:
            self.buffer = memoryview(bytearray(BATCH_BYTES))
        at = 0
        for part in records:
            self.buffer[at : at + len(part)] = part
            at += len(part)
        return self.buffer[:at]

    def mark(self, stream, seq) -> bool:
        """The station has stored all up to `seq`: forget it. False, nothing forgotten: never given out."""
        ring = self._rings[stream]
        if seq >= ring.next_seq:
            return False
        gap = self._gaps[stream]
        if gap is not None and 0 < gap[2] <= seq:
            self._gaps[stream] = None
        ring.forget(seq)
        return True
