"""Reads and writes one Modbus unit. `address` of the reader: the unit, "1" to "247".

Requests, numbers decimal or with 0x; addresses as on the wire, from 0:
    "3:0x0000:10"   function 1..4, address, count of bits or registers -> their bytes as on the wire; bits are
                    packed, the first in bit 0
    "43:1:0"        identification, read code 1..4, first object -> {"0": text, ...}: object number -> text,
                    or bytes where it is no ASCII
    "5:0x0010"      to write: one coil, data FF00 or 0000
    "6:0x0010"      one register of two bytes
    "15:0x0010:9"   coils, packed
    "16:0x0010"     as many registers as there is data
An exception raises Refused("refused", its name); "illegal_data_address" of a block: the meter has only some
of it, so its parts are to be read one by one. Controls are writes; a meter may take one and do nothing.
"""

from protocols.lines import modbus
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask

_READS = (
    modbus.READ_COILS,
    modbus.READ_INPUTS,
    modbus.READ_HOLDING,
    modbus.READ_INPUT_REGISTERS,
    modbus.IDENTIFY,
)
_WRITES = {
    modbus.WRITE_COIL: modbus.write_coil,
    modbus.WRITE_REGISTER: modbus.write_register,
    modbus.WRITE_COILS: modbus.write_coils,
    modbus.WRITE_REGISTERS: modbus.write_registers,
}
OPTIONS = {}
CONTROLS = {}
_ROUNDS = 256  # frames of one identification: each brings at least one of 256 objects


class Reader:
    FRAMER = modbus.Framer  # of an instance, while it waits: one that looks for the answer only

    def __init__(self, address, options) -> None:
        """No options. ValueError for what is no unit."""
        self._unit = int(address)
        if not 1 <= self._unit <= modbus.MAX_UNIT:
            raise ValueError("unit is 1..%d" % modbus.MAX_UNIT)

    def read(self, request):
        function, first, second = _parts(request, _READS, 3)
        if function == modbus.IDENTIFY:
            return (yield from self._identification(first, second))
        return (yield from self._exchange(modbus.read(self._unit, function, first, second)))

    def write(self, request, data):
        """ValueError when data and request do not fit."""
        function, *area = _parts(request, _WRITES, 3 if request.startswith("15:") else 2)
        yield from self._exchange(_WRITES[function](self._unit, *(area + [data])))

    def _exchange(self, data):
        sent = modbus.Frame(data[0], data[1], data[2:-2])
        self.FRAMER = lambda: modbus.Framer(modbus.answers(sent))
        frame = yield ask(data, lambda answer: modbus.match(sent, answer))
        if frame is None:
            raise Refused("mute")
        return modbus.reply_data(frame)

    def _identification(self, code, first):
        found = {}
        for _ in range(_ROUNDS):
            data = yield from self._exchange(modbus.identify(self._unit, code, first))
            following, objects = modbus.identification(data)
            found.update(objects)
            if following is None or code == 4:
                return {str(number): _text(found[number]) for number in found}
            if following <= first:
                break
            first = following
        raise Refused("wrong_sequence", "identification")


def _parts(request, functions, size) -> list:
    parts = [int(part[2:], 16) if part[:2] == "0x" else int(part) for part in request.split(":")]
    if len(parts) != size or parts[0] not in functions:
        raise ValueError("no request of this kind: %s" % request)
    return parts


def _text(data):
    return data.decode() if all([32 <= b < 127 for b in data]) else data
