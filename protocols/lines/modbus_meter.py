"""The server's side of Modbus RTU: all units of a simulated line, and function names for people."""

from protocols.lines import modbus
from protocols.lines.modbus import (
    EXCEPTION,
    IDENTIFY,
    MAX_BITS,
    MAX_FRAME,
    MAX_REGISTERS,
    MAX_WRITE_BITS,
    MAX_WRITE_REGISTERS,
    READ_COILS,
    READ_HOLDING,
    READ_INPUT_REGISTERS,
    READ_INPUTS,
    WRITE_COIL,
    WRITE_COILS,
    WRITE_REGISTER,
    WRITE_REGISTERS,
)

FUNCTIONS = {
    READ_COILS: "read_coils",
    READ_INPUTS: "read_inputs",
    READ_HOLDING: "read_holding",
    READ_INPUT_REGISTERS: "read_input_registers",
    WRITE_COIL: "write_coil",
    WRITE_REGISTER: "write_register",
    WRITE_COILS: "write_coils",
    WRITE_REGISTERS: "write_registers",
    IDENTIFY: "identify",
}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, FAILURE = 1, 2, 3, 4

_MOST = {
    READ_COILS: MAX_BITS,
    READ_INPUTS: MAX_BITS,
    READ_HOLDING: MAX_REGISTERS,
    READ_INPUT_REGISTERS: MAX_REGISTERS,
    WRITE_COILS: MAX_WRITE_BITS,
    WRITE_REGISTERS: MAX_WRITE_REGISTERS,
}
_WRITES = {
    WRITE_COIL: READ_COILS,
    WRITE_COILS: READ_COILS,
    WRITE_REGISTER: READ_HOLDING,
    WRITE_REGISTERS: READ_HOLDING,
}
_LAST_OBJECT = {1: 0x02, 2: 0x7F, 3: 0xFF, 4: 0xFF}  # read code of identification -> last object of it
_CONFORMITY = 0x83  # extended objects, by stream and one by one
_OBJECTS_ROOM = MAX_FRAME - 10


class _Refusal(Exception):
    """args[0]: exception code."""


class Server:
    """All units of one line: two servers on one line would talk at once.

    `store`: {(unit, read function): {address: value}}: 1 coils, 2 inputs (values 0, 1), 3 holding, 4 input
    registers (0..65535), 2B objects (at most 244 bytes). An address that is not there is refused with 02, one
    that holds None with 04. A unit with no entry is silent. Broadcast writes change every unit that has the
    address.
    """

    def __init__(self, store) -> None:
        self.store = store
        self._framer = modbus.Framer(modbus.request_sizes)

    def feed(self, data) -> bytes:
        return b"".join([self._answer(frame) for frame in self._framer.feed(data)])

    def _answer(self, frame) -> bytes:
        units = set([unit for unit, _function in self.store])
        if frame.unit == modbus.BROADCAST and frame.function in _WRITES:
            for unit in units:
                self._do(unit, frame)
        if frame.unit not in units:
            return b""
        code, data = self._do(frame.unit, frame)
        if code:
            return modbus.encode(frame.unit, frame.function | EXCEPTION, bytes([code]))
        return modbus.encode(frame.unit, frame.function, data)

    def _do(self, unit, frame) -> tuple:
        """(exception code or 0, data of the reply); nothing is changed by what is refused."""
        try:
            if frame.function in _WRITES:
                return 0, self._write(unit, frame)
            if frame.function == IDENTIFY:
                return 0, self._identify(unit, frame.data)
            if frame.function not in FUNCTIONS:
                raise _Refusal(ILLEGAL_FUNCTION)
            return 0, self._read(unit, frame.function, frame.data)
        except _Refusal as refusal:
            return refusal.args[0], b""

    def _table(self, unit, function) -> dict:
        if (unit, function) not in self.store:
            raise _Refusal(ILLEGAL_FUNCTION)
        return self.store[(unit, function)]

    def _read(self, unit, function, data) -> bytes:
        table = self._table(unit, function)
        values = [table[address] for address in _addresses(table, data, _MOST[function])]
        body = _packed(values) if function in (READ_COILS, READ_INPUTS) else _registers(values)
        return bytes([len(body)]) + body

    def _write(self, unit, frame) -> bytes:
        table, data = self._table(unit, _WRITES[frame.function]), frame.data
        if frame.function in (WRITE_COIL, WRITE_REGISTER):
            address, values = data[:2], [int.from_bytes(data[2:], "big")]
            if frame.function == WRITE_COIL:
                values = [_coil(data[2:])]
            addresses = _addresses(table, address + b"\x00\x01", 1)
        else:
            values = _values(frame.function, data)
            addresses = _addresses(table, data, _MOST[frame.function])
        for address, value in zip(addresses, values):
            table[address] = value
        return data[:4]

    def _identify(self, unit, data) -> bytes:
        """The objects asked for as far as they fit one frame; the rest is asked for by its first object."""
        table = self._table(unit, IDENTIFY)
        code, first = data[1], data[2]
        if data[0] != modbus.MEI_IDENTIFICATION:
            raise _Refusal(ILLEGAL_FUNCTION)
        if code not in _LAST_OBJECT:
            raise _Refusal(ILLEGAL_VALUE)
        if code == 4 and first not in table:
            raise _Refusal(ILLEGAL_ADDRESS)
        if first not in table:
            first = 0
        wanted = [n for n in sorted(table) if first <= n <= (first if code == 4 else _LAST_OBJECT[code])]
        body, sent = b"", 0
        for n in wanted:
            if len(body) + 2 + len(table[n]) > _OBJECTS_ROOM:
                break
            body += bytes([n, len(table[n])]) + table[n]
            sent += 1
        more = wanted[sent : sent + 1]
        return data[:2] + bytes([_CONFORMITY, 0xFF if more else 0, more[0] if more else 0, sent]) + body


def _addresses(table, data, most) -> range:
    first, count = int.from_bytes(data[:2], "big"), int.from_bytes(data[2:4], "big")
    if not 1 <= count <= most:
        raise _Refusal(ILLEGAL_VALUE)
    addresses = range(first, first + count)
    if not all([address in table for address in addresses]):
        raise _Refusal(ILLEGAL_ADDRESS)
    if any([table[address] is None for address in addresses]):
        raise _Refusal(FAILURE)
    return addresses


def _coil(data) -> int:
    if data not in (modbus.ON, modbus.OFF):
        raise _Refusal(ILLEGAL_VALUE)
    return 1 if data == modbus.ON else 0


def _values(function, data) -> list:
    count, body = int.from_bytes(data[2:4], "big"), data[5:]
    if len(body) != (count * 2 if function == WRITE_REGISTERS else (count + 7) // 8):
        raise _Refusal(ILLEGAL_VALUE)
    if function == WRITE_REGISTERS:
        return [int.from_bytes(body[at : at + 2], "big") for at in range(0, len(body), 2)]
    return [body[at // 8] >> at % 8 & 1 for at in range(count)]


def _registers(values) -> bytes:
    return b"".join([value.to_bytes(2, "big") for value in values])


def _packed(bits) -> bytes:
    out = bytearray((len(bits) + 7) // 8)
    for at, bit in enumerate(bits):
        out[at // 8] |= bit << at % 8
    return bytes(out)


def function_name(function) -> str:
    """'read_holding', 'read_holding-error', 'unknown-14' ..."""
    name = FUNCTIONS.get(function & 0x7F) or "unknown-%02X" % (function & 0x7F)
    return name + "-error" if function & EXCEPTION else name
