"""The meter's side of CJ/T 188-2004: a simulated meter, and function names for people."""

from protocols.lines import cjt188
from protocols.lines.cjt188 import (
    BASE_DI,
    CLOSE,
    ERROR,
    FROM_METER,
    NEW_ADDRESS_DI,
    OPEN,
    READ,
    READ_ADDRESS,
    READ_KEY,
    VALVE_DI,
    WRITE,
    WRITE_ADDRESS,
    WRITE_BASE,
)

FUNCTIONS = {
    READ: "read",
    READ_ADDRESS: "read_address",
    WRITE: "write",
    READ_KEY: "read_key_version",
    WRITE_ADDRESS: "write_address",
    WRITE_BASE: "write_base",
}
VALVE_CLOSED = 0x01  # in the low byte of the status word, of its two valve bits

# Identifiers that answer a write with the status word, others with nothing but DI and SER
_WITH_STATUS = (VALVE_DI, BASE_DI, 0xA010)
_DATA_SIZE = {NEW_ADDRESS_DI: 7, VALVE_DI: 1}


class Server:
    """One meter. `store`: {DI: data}, for reading and writing; `status`: the two bytes of its status word.

    A write changes what is in the store; A018 the address, A017 the valve bits of the status. It answers any
    wildcard, refuses an unknown identifier with an error reply, and answers under its own address and type.
    `high_first`: its identifiers have the high byte first.
    """

    def __init__(self, address, store, kind=cjt188.COLD_WATER, high_first=False) -> None:
        self.address = address
        self.kind = kind
        self.store = store
        self.status = b"\0\0"
        self._high_first = high_first
        self._framer = cjt188.Framer()

    def feed(self, data) -> bytes:
        return b"".join([self._answer(frame) for frame in self._framer.feed(data)])

    def _answer(self, frame) -> bytes:
        mine = cjt188.Frame(self.kind, self.address, 0, b"")
        if frame.control & FROM_METER or len(frame.data) < 3 or not cjt188.fits(frame, mine):
            return b""
        di = int.from_bytes(frame.data[:2], "big" if self._high_first else "little")
        body = self._do(frame.control, di, frame.data[3:])
        if body is None:
            return self._reply(frame.control | ERROR, frame.data[2:3] + self.status)
        return self._reply(frame.control, frame.data[:3] + body)

    def _reply(self, control, data) -> bytes:
        return cjt188.encode(self.kind, self.address, control | FROM_METER, data)

    def _do(self, function, di, data) -> "bytes | None":
        """Data of the reply, or None to refuse."""
        if function == READ_ADDRESS:
            return b"" if di == cjt188.ADDRESS_DI else None
        if function in (READ, READ_KEY):
            return self.store.get(di) if function == cjt188.function_of(di, False) else None
        if function != cjt188.function_of(di, True) or len(data) != self._size(di):
            return None
        return self._write(di, data)

    def _size(self, di) -> int:
        return _DATA_SIZE.get(di) or len(self.store.get(di, b""))

    def _write(self, di, data) -> "bytes | None":
        if di == NEW_ADDRESS_DI:
            self.address = cjt188.address_text(data)
            return b""
        if di == VALVE_DI:
            if data[0] not in (OPEN, CLOSE):
                return None
            closed = VALVE_CLOSED if data[0] == CLOSE else 0
            self.status = bytes([self.status[0] & 0xFC | closed]) + self.status[1:]
        elif di in self.store:
            self.store[di] = data
        else:
            return None
        return self.status if di in _WITH_STATUS else b""


def function_name(control) -> str:
    """'read', 'read-reply', 'read-error', 'unknown-2A-reply' ..."""
    name = FUNCTIONS.get(control & 0x3F) or "unknown-%02X" % (control & 0x3F)
    if not control & FROM_METER:
        return name
    return name + ("-error" if control & ERROR else "-reply")
