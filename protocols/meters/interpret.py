"""The compiled meter profile and its interpreter, for terminal and laptop. Data, not code; made by `compile`,
looked through once by `sound` before it is stored.

A profile is a CBOR map with integer keys. Few large values instead of many small ones: on the device each
object costs more than what is in it. Reads go by their index in REQUESTS, points by their number.

    FORMAT     1                     what this module reads
    ID, REV    text, integer         a higher revision replaces a lower one
    LINK       name of the line protocol
    SERIAL     [baud, format such as "8E1", ms until a reply begins, ms of silence that end it, tries]
    OPTIONS    map for the protocol's Reader
    REQUESTS   text, one request a line, as the Reader takes it
    COUNTS     bytes: rows of each request; 0: shows one row of the block that it replaces
    STEPS      bytes: the length of an answer is a multiple of this; 0 unknown
    ENDS       bytes: one more byte that some meters put behind it (AA in DL/T 645-1997); 0 none
    ROWS       bytes: ROW after ROW: point, at, type, bytes, shift, extra
               at: offset in the answer, or with KEYED in the type index of its key in KEYS
               extra: index in EXTRAS
    KEYS       text, one key a line; "0/3|0/0": the first of them that the answer has
    EXTRAS     [[absent fills, first bit, bits (0 all), [from, to, ...], order of a time], ...]
    SINGLES    [bytes, ...]: a block, then the requests that replace it when the meter refuses it, one a row
    FAST       bytes: read each second, power first        SLOW     bytes: read in turn
    FREEZE     bytes: time and energy of the last daily freeze, or none
    POWER, ENERGY  point numbers, or None                  CURVE, DAILY  [point, ...] of their records
    CONTROLS   {name: [request, data, minutes it is valid, read, point, value, seconds]}: what the Reader's
               `write` (data: bytes) or `control` (data: map) is given, and what a read must show after it
"""

import struct

from protocols.meters import types

(
    FORMAT, ID, REV, LINK, SERIAL, OPTIONS, REQUESTS, COUNTS, STEPS, ENDS, ROWS, KEYS, EXTRAS,
    SINGLES, FAST, SLOW, FREEZE, POWER, ENERGY, CURVE, DAILY, CONTROLS,
) = range(22)  # fmt: skip
VERSION = 1
ROW = "<HBBBbB"
ROW_BYTES = 7
KEYED = 0x80


class Profile:
    """`document`: the map above as `sound.checked` found it usable: nothing is looked at again here.

    `id`, `rev`, `link`, `serial`, `options`, `fast`, `slow`, `freeze`, `power`, `energy`, `curve`, `daily`,
    `controls` are as above; `size` is the number of requests.
    """

    def __init__(self, document) -> None:
        self.id, self.rev, self.link = document[ID], document[REV], document[LINK]
        self.serial, self.options = document[SERIAL], document[OPTIONS]
        self._requests, self._keys, self._extras = document[REQUESTS], document[KEYS], document[EXTRAS]
        self._counts, self._steps, self._ends = document[COUNTS], document[STEPS], document[ENDS]
        self._rows, self._singles = document[ROWS], document[SINGLES]
        self.fast, self.slow, self.freeze = document[FAST], document[SLOW], document[FREEZE]
        self.power, self.energy = document[POWER], document[ENERGY]
        self.curve, self.daily, self.controls = document[CURVE], document[DAILY], document[CONTROLS]
        self.size = len(self._counts)

    def _block_of(self, index):
        """The row of a block that the request replaces; -1 when it replaces none."""
        for single in self._singles:
            if index in single[1:]:
                return sum(self._counts[: single[0]]) + single.find(bytes([index]), 1) - 1
        return -1

    def request(self, index) -> str:
        """As the Reader takes it."""
        return self._requests.split("\n")[index]

    def index(self, request) -> int:
        """-1 when it is none of the profile's."""
        requests = self._requests.split("\n")
        return requests.index(request) if request in requests else -1

    def singles(self, index) -> bytes:
        """The reads that replace a block which the meter refuses."""
        for single in self._singles:
            if single[0] == index:
                return single[1:]
        return b""

    def fields(self, index) -> list:
        """Rows (point, at or key, type, bytes, shift, extra) of a read; of several keys the first."""
        return [
            (row[0], row[1].split("|")[0]) + row[2:] if isinstance(row[1], str) else row
            for row in self._fields(index)
        ]

    def _fields(self, index):
        count = self._counts[index]
        if count:
            first = sum(self._counts[:index])
            return [self._field(first + n) for n in range(count)]
        row = self._field(self._block_of(index))
        return [(row[0], 0) + row[2:]]

    def _field(self, at):
        no, place, kind, width, shift, extra = struct.unpack_from(ROW, self._rows, at * ROW_BYTES)
        if kind & KEYED:
            return no, self._keys.split("\n")[place], kind & ~KEYED, width, shift, self._extras[extra]
        return no, place, kind, width, shift, self._extras[extra]

    def reads_of(self, no) -> list:
        """Reads that show the point, without those that replace a block."""
        return [i for i in range(self.size) if self._counts[i] and no in [row[0] for row in self.fields(i)]]

    def tried(self, trial, index, values, heard) -> None:
        """Count a read in `trial`, [reads, good ones]: what is read each second, without that anything.

        A meter that was not heard says nothing of its profile. `values`: None when the meter is mute.
        """
        if index in (self.fast or [index]) and (values is not None or heard):
            good = bool(values) and self._proves(index, values)
            trial[0] += 1
            trial[1] += good

    def _proves(self, index, values):
        """Whether values of a read are what it is for. Of power and energy, which control lives by, the first
        that it shows must be there, and both must be numbers where they are; of others any will do."""
        shown = [field[0] for field in self.fields(index)]
        needed = [no for no in (self.power, self.energy) if no in shown]
        if not needed:
            return any([value is not None for value in values.values()])
        return needed[0] in values and all([isinstance(values.get(no, 0), int) for no in needed])

    def freeze_s(self, answer) -> "int | None":
        """Second since 1970 of the meter's clock that the first read of `freeze` shows."""
        times = [value for value in self.decode(self.freeze[0], answer).values() if isinstance(value, int)]
        return times[0] if times else None

    def decode(self, index, answer) -> dict:
        """{point: integer at its scale, text, or None where the meter fills "absent"} of a Reader's answer.

        Fields behind the end of a shorter answer, and keys that are not there, are left out. An answer that
        ends inside a field, or is of another kind or length than the rows describe, gives nothing.
        """
        fields = self._fields(index)
        if isinstance(answer, dict):
            return _by_key(fields, answer)
        if not isinstance(answer, (bytes, bytearray)):
            return {}
        step = self._steps[index] if self._counts[index] else fields[0][3]
        if self._ends[index] and step and len(answer) % step == 1 and answer[-1] == self._ends[index]:
            answer = answer[:-1]
        return {} if step and len(answer) % step else _by_offset(fields, answer)


def _by_key(fields, answer):
    out = {}
    for no, keys, kind, width, shift, extra in fields:
        for key in keys.split("|") if isinstance(keys, str) else ():
            if key in answer:
                out[no] = _value(kind, width, shift, extra, answer[key])
                break
    return out


def _by_offset(fields, answer):
    out = {}
    for no, at, kind, width, shift, extra in fields:
        if isinstance(at, str):
            return {}
        if at < len(answer):
            if at + width > len(answer):
                return {}
            out[no] = _value(kind, width, shift, extra, bytes(answer[at : at + width]))
    return out


def is_absent(fills, data) -> bool:
    """A fill of one byte stands for as many as the field has."""
    return any([data == fill or (len(fill) == 1 and data == fill * len(data)) for fill in fills])


def _value(kind, width, shift, extra, raw):
    fills, first, bits, table, order = extra
    if raw is None or (isinstance(raw, bytes) and is_absent(fills, raw)):
        return None
    value = types.take(kind, width, raw, shift, order)
    if bits and value is not None:
        value = value >> first & (1 << bits) - 1
    for at in range(0, len(table), 2):
        if table[at] == value:
            return table[at + 1]
    return None if table else value
