"""Which slots of which columns have their value: two bits each. A column is one read of one meter.

    open  value
     1     0     still to be asked
     0     1     done
     0     0     absent, or never wanted

The newest `rows` slots are kept, each in the row (number % rows).
"""

from array import array


class Slots:
    def __init__(self, columns, rows):
        self.columns = columns
        self.rows = rows
        self._stride = (columns + 7) // 8
        self._open = bytearray(self._stride * rows)
        self._value = bytearray(self._stride * rows)
        self._wanted = array("H", bytes(2 * rows))
        self._left = array("H", bytes(2 * rows))

    def begin(self, slot, wanted):
        """A new slot takes the row of the oldest. `wanted`: bits of the columns that are to be asked."""
        base = slot % self.rows * self._stride
        self._open[base : base + self._stride] = wanted
        self._value[base : base + self._stride] = bytes(self._stride)
        count = sum([bin(byte).count("1") for byte in wanted])
        self._wanted[slot % self.rows] = self._left[slot % self.rows] = count

    def left(self, slot):
        """Columns still to be asked."""
        return self._left[slot % self.rows]

    def counts(self, slot):
        """(done, absent, wanted) columns."""
        base = slot % self.rows * self._stride
        done = sum([bin(byte).count("1") for byte in self._value[base : base + self._stride]])
        wanted = self._wanted[slot % self.rows]
        return done, wanted - done - self.left(slot), wanted

    def _place(self, slot, column):
        return slot % self.rows * self._stride + (column >> 3), 1 << (column & 7)

    def is_open(self, slot, column):
        at, bit = self._place(slot, column)
        return bool(self._open[at] & bit)

    def is_done(self, slot, column):
        at, bit = self._place(slot, column)
        return bool(self._value[at] & bit)

    def want(self, slot, column):
        """A column more; it had nothing in this slot so far."""
        at, bit = self._place(slot, column)
        self._open[at] |= bit
        self._wanted[slot % self.rows] += 1
        self._left[slot % self.rows] += 1

    def settle(self, slot, column, done):
        """End an open column, for good."""
        at, bit = self._place(slot, column)
        self._open[at] &= ~bit
        if done:
            self._value[at] |= bit
        self._left[slot % self.rows] -= 1

    def find(self, slot, column):
        """The first open column from this one on; -1 when there is none."""
        if column >= self.columns or not self.left(slot):
            return -1
        base = slot % self.rows * self._stride
        at = column >> 3
        bits = self._open[base + at] >> (column & 7) << (column & 7)
        while not bits:
            at += 1
            if at == self._stride:
                return -1
            bits = self._open[base + at]
        column = at << 3
        while not bits & 1:
            bits >>= 1
            column += 1
        return column

    def packed_bytes(self):
        return 4 * self.rows + 2 * len(self._open)

    def pack(self):
        """As bytes, for `unpack` of one with as many columns and rows."""
        return bytes(self._wanted) + bytes(self._left) + bytes(self._open) + bytes(self._value)

    def unpack(self, data):
        counts, bits = 2 * self.rows, len(self._open)
        self._wanted = array("H", data[:counts])
        self._left = array("H", data[counts : 2 * counts])
        self._open[:] = data[2 * counts : 2 * counts + bits]
        self._value[:] = data[2 * counts + bits :]
