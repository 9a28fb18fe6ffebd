"""What a Q/GDW 376.1 frame says: data units with names, and the frames that carry them.

Only the schema of a unit tells where the next begins. So an unknown or broken unit ends the decoding: it and
what follows stay raw in `rest`, and `refused` says why.
"""

from collections import namedtuple

from protocols.gdw376 import frame, items, schema, units
from protocols.lines.refused import Refused

MAX_UNITS = 4096  # one frame has not room for more with data

# p: -1 all points, 0 the terminal; values {name: value}
Unit = namedtuple("Unit", ("p", "fn", "values"))
Message = namedtuple("Message", ("units", "rest", "refused", "additions"))


def decode(got) -> Message:
    """A frame -> Message; raises Refused when even the additions are not whole."""
    data, additions = frame.split(got)
    found, rest, refused = decode_units(got.afn, got.control & frame.UP, data)
    return Message(found, rest, refused, additions)


def decode_units(afn, up, data) -> tuple:
    """([Unit], rest, Refused or None)."""
    found = []
    at = 0
    while at < len(data):
        start = at
        try:
            if at + units.SIZE > len(data):
                raise Refused("truncated", "no whole identifier")
            pairs = units.decode(data[at : at + units.SIZE])
            at += units.SIZE
            some = []
            if len(found) + len(pairs) > MAX_UNITS:
                raise Refused("too_long", "more than %d units" % MAX_UNITS)
            for p, fn in pairs:
                values, at = schema.decode(items.find(afn, up, fn)[1], data, at)
                some.append(Unit(p, fn, values))
        except Refused as refused:
            return found, bytes(data[start:]), refused
        found += some
    return found, b"", None


def encode_units(afn, up, some) -> bytes:
    """[(p, F, values)] -> data, an identifier for each; ValueError for what has no schema or does not fit."""
    out = b""
    for p, fn, values in some:
        try:
            layout = items.find(afn, up, fn)[1]
        except Refused as refused:
            raise ValueError(refused.detail) from None
        out += units.encode([(p, fn)]) + schema.encode(layout, values)
    return out


def request(region, terminal, station, afn, some, number, pw=None, tp=None, confirm=False) -> bytes:
    """A frame of the station. number: 0-15; pw: 16 bytes, for frame.WITH_PASSWORD; tp: see Additions."""
    if (pw is None) == (afn in frame.WITH_PASSWORD):
        raise ValueError("AFN %02X %s a PW" % (afn, "needs" if pw is None else "has not"))
    data = frame.add(encode_units(afn, items.DOWN, some), frame.Additions(pw, None, tp))
    seq = frame.SINGLE | number & 15 | (frame.TAGGED if tp else 0) | (frame.CONFIRM if confirm else 0)
    return frame.encode(frame.request_control(afn), region, terminal, station << 1, afn, seq, data)


def confirm(got, verdict) -> bytes:
    """The station's AFN 00 to a login, heartbeat or report; verdict: commands.ACCEPTED or DENIED."""
    seq = frame.SINGLE | got.seq & 15
    data = encode_units(0x00, items.DOWN, [(0, verdict, {})])
    control = frame.LINK_STATE if got.afn == 0x02 else frame.OK
    return frame.encode(control, got.region, got.terminal, got.a3, 0x00, seq, data, got.version)
