"""The meter's side of SML: it pushes a file with its list every second or so, whatever it hears."""

from binascii import unhexlify

from protocols.lines.sml import messages, tlv, transport

UNITS = {"W": 27, "VA": 28, "var": 29, "Wh": 30, "VAh": 31, "varh": 32, "A": 33, "V": 35, "Hz": 44, "": 255}


class Server:
    """`store`: {OBIS in full: (int, power of ten, name of UNITS) | bytes}; `feed` gives the next file.

    address  server identification, hex as on the meter's label: "0a01445a47000282225e"
    kermit   CRCs of the Holley DTZ541
    """

    def __init__(self, address="0a014c4b000000000001", store=None, kermit=False) -> None:
        self.address, self.store, self.kermit = address, {} if store is None else store, kermit
        self.sent = 0

    def feed(self, _data: bytes) -> bytes:
        self.sent += 1
        server, none = tlv.octets(unhexlify(self.address)), tlv.NONE
        number = tlv.octets(self.sent.to_bytes(4, "big"))
        time = tlv.sequence([tlv.unsigned(1, 1), tlv.unsigned(self.sent, 4)])
        rows = tlv.sequence([_row(name, self.store[name]) for name in self.store])
        bodies = (
            (messages.OPEN, (none, none, number, server, time, none)),
            (messages.GET_LIST, (none, server, none, time, rows, none, none)),
            (messages.CLOSE, (none,)),
        )
        out = b""
        for at, (kind, parts) in enumerate(bodies):
            transaction = (self.sent * 3 + at).to_bytes(4, "big")
            out += messages.encode(transaction, kind, tlv.sequence(parts), self.kermit)
        return transport.encode(out, self.kermit)


def _row(name, value) -> bytes:
    unit = scaler = tlv.NONE
    if isinstance(value, tuple):
        value, power, unit = value
        unit, scaler = tlv.unsigned(UNITS[unit], 1), tlv.signed(power, 1)
        value = tlv.signed(value, 4 if -(1 << 31) <= value < 1 << 31 else 8)
    else:
        value = tlv.octets(value)
    return tlv.sequence([tlv.octets(_name(name)), tlv.NONE, tlv.NONE, unit, scaler, value, tlv.NONE])


def _name(text) -> bytes:
    """1-0:1.8.0*255 -> six bytes."""
    for mark in "-:*":
        text = text.replace(mark, ".")
    return bytes([int(part) for part in text.split(".")])
