"""The COSEM objects of a simulated meter: what GET, SET and ACTION do to them.

`store`: {(class, logical name 6 bytes, attribute): tree}, trees as in axdr.py. An attribute may be written
when it is there, has the same type and belongs to no profile; the logical name never. A profile's buffer is
an array of structures.
"""

from protocols.lines.dlms import axdr, cosem
from protocols.lines.dlms.apdu import CODES

MANUAL_RECONNECT = (
    1,
    3,
    5,
    6,
)  # control modes in which a remote reconnect only makes ready (Blue Book 4.5.8)
DISCONNECTED, CONNECTED, READY = 0, 1, 2


class Objects:
    def __init__(self, store) -> None:
        self.store = store

    def _missing(self, number, name) -> int:
        for key in self.store:
            if key[1] == name:
                return CODES["read-write-denied" if key[0] == number else "object-class-inconsistent"]
        return CODES["object-undefined"]

    def get(self, descriptor, selection) -> tuple:
        """(code, tree or None)."""
        number, name, attribute = descriptor
        tree = self.store.get(descriptor)
        if tree is None:
            code = self._missing(number, name)
            if attribute == 1 and code == CODES["read-write-denied"]:
                return 0, (axdr.OCTETS, name)
            return code, None
        if selection is None:
            return 0, tree
        if (number, attribute) != (cosem.PROFILE, cosem.BUFFER):
            return CODES["type-unmatched"], None
        columns = self.store.get((number, name, cosem.CAPTURE_OBJECTS), (axdr.ARRAY, []))[1]
        rows = _select(tree[1], columns, selection)
        return (CODES["type-unmatched"], None) if rows is None else (0, (axdr.ARRAY, rows))

    def set(self, descriptor, tree) -> int:
        """The code of the result."""
        old = self.store.get(descriptor)
        if old is None or descriptor[2] == 1 or descriptor[0] == cosem.PROFILE:
            return self._missing(descriptor[0], descriptor[1])
        if old[0] != tree[0]:
            return CODES["type-unmatched"]
        self.store[descriptor] = tree
        return 0

    def act(self, descriptor, _parameter) -> int:
        """The code of the result; only disconnect control does anything."""
        number, name, method = descriptor
        mode = self.store.get((number, name, 4))
        if mode is None or number != cosem.DISCONNECT or method not in (1, 2):
            return self._missing(number, name)
        if mode[1] == 0:
            return CODES["read-write-denied"]
        state = DISCONNECTED
        if method == 2:
            state = READY if mode[1] in MANUAL_RECONNECT else CONNECTED
        self.store[number, name, 2] = (axdr.BOOL, state == CONNECTED)
        self.store[number, name, 3] = (axdr.ENUM, state)
        return 0


def _select(rows, columns, selection):
    """The rows asked for, or None when the selection is not understood."""
    selector, tree = selection
    wanted = axdr.plain(tree)
    if not isinstance(wanted, list) or len(wanted) != 4:
        return None
    if selector == cosem.ENTRY and all([isinstance(number, int) for number in wanted]):
        first, last, left, right = wanted
        chosen = rows[max(first - 1, 0) : last or None]
        return [(axdr.STRUCTURE, row[1][max(left - 1, 0) : right or None]) for row in chosen]
    if selector == cosem.RANGE:
        return _in_range(rows, [axdr.plain(column) for column in columns], *wanted)
    return None


def _in_range(rows, columns, by, start, end, selected):
    if not (isinstance(start, bytes) and isinstance(end, bytes) and isinstance(selected, list)):
        return None
    if not all([column in columns for column in [by] + selected]):
        return None
    at = columns.index(by)
    keep = [columns.index(column) for column in selected] or range(len(columns))
    chosen = [row[1] for row in rows if _order(start) <= _order(row[1][at][1]) <= _order(end)]
    return [(axdr.STRUCTURE, [row[column] for column in keep]) for row in chosen]


def _order(time) -> bytes:
    """A date-time without the weekday and what stands behind the seconds: it compares as time does."""
    return time[:4] + time[5:8]
