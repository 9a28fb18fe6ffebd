"""Reads and switches one CJ/T 188 meter. `address` of the reader: up to 14 digits as printed on the meter,
the maker's code first, or 14 times A for the single meter on the line.

Options:  "type"           two hexadecimal digits: "10" cold water (default), "20" heat, "30" gas, "AA" any
          "di_high_first"  true for meters whose identifiers have the high byte first
Requests: four hexadecimal digits, "901F" totals, "D120" to "D12B" the last months -> the data behind
          identifier and SER, unit codes and all; "810A" -> the 7 address bytes, low byte first
          "901F:values" -> {name of `cjt188_items`: (integer, power of ten), integer or None}, in Wh, W, J,
          m3, m3/h, degC, h, whatever unit codes the meter uses
Write:    the same as bytes, "A015" clock, "A018" address -> data of the reply, for some the status word
Controls: "valve_open", "valve_close", no fields -> the status word, 2 bytes. It is that of the moment: the
          valve moves for seconds, and only a later read shows where it stands. (Not "close": that would be
          the opposite of what it is for an electricity meter.)
An error reply raises Refused("refused", names of its status word).
"""

from protocols.lines import cjt188
from protocols.lines.refused import Refused
from protocols.meters import cjt188_items
from protocols.meters.readers.ask import ask

OPTIONS = {"type": str, "di_high_first": bool}
CONTROLS = {"valve_open": {}, "valve_close": {}}  # control -> {field: such a value}
_CONTROLS = {"valve_open": cjt188.OPEN, "valve_close": cjt188.CLOSE}


class Reader:
    FRAMER = cjt188.Framer

    def __init__(self, address, options) -> None:
        """ValueError for an address or type that cannot be."""
        cjt188.address_bytes(address)
        self._address = "0" * (14 - len(address)) + address.upper()
        self._kind = int(options.get("type", "10"), 16)
        if not cjt188.is_kind(self._kind):
            raise ValueError("%02X is no type of meter" % self._kind)
        self._high_first = bool(options.get("di_high_first"))
        self._ser = 0  # of the last request: a late answer to one before has another

    def read(self, request):
        digits, _, form = request.partition(":")
        di = int(digits, 16)
        frame = yield from self._exchange(di, None)
        if form == "values":
            return _values(cjt188_items.decode(frame.kind, di, frame.data[3:]))
        if di == cjt188.ADDRESS_DI:
            return cjt188.address_bytes(frame.address)
        return frame.data[3:]

    def write(self, request, data):
        frame = yield from self._exchange(int(request, 16), data)
        return frame.data[3:]

    def control(self, name, fields):
        """ValueError for another name, and for the wildcard address: every valve on the line would move."""
        if name not in _CONTROLS or self._address == cjt188.ANY_ADDRESS:
            raise ValueError("no control %s of %s" % (name, self._address))
        frame = yield from self._exchange(cjt188.VALVE_DI, bytes([_CONTROLS[name]]))
        return frame.data[3:]

    def _exchange(self, di, data):
        self._ser = (self._ser + 1) & 0xFF
        wire = cjt188.request(self._kind, self._address, di, self._ser, data, self._high_first)
        (sent,) = cjt188.Framer().feed(wire)
        frame = yield ask(wire, lambda answer: cjt188.match(sent, answer))
        if frame is None:
            raise Refused("mute")
        data, error = cjt188.reply_data(frame)
        if error:
            word = int.from_bytes(data[:2], "little")
            raise Refused("refused", " ".join(cjt188_items.status_flags(word)))
        return frame


def _values(rows) -> dict:
    """A whole number of no unit as it is, all else with its own power of ten."""
    return {
        name: (value, scale) if unit and value is not None else value for name, value, scale, unit in rows
    }
