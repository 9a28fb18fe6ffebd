"""The messages of an SML file, and the values that a meter's list holds. BSI TR-03109-1 annex IV b, SML 1.03.

Message: 76 transaction group abort 72 kind body crc 00. Its CRC over the bytes before it is a number, of
which meters drop leading zeros, and of one of the two kinds of `transport.checks`.
"""

from binascii import hexlify
from collections import namedtuple

from protocols.lines.refused import Refused
from protocols.lines.sml import tlv
from protocols.lines.sml.transport import checks, fits

MAX_MESSAGES = 64

OPEN, CLOSE, PROFILE_PACK, PROFILE_LIST, GET_LIST, ATTENTION = 0x0101, 0x0201, 0x0301, 0x0401, 0x0701, 0xFF01

_LOGIN = ("server_id", "username", "password")
_PROFILE = _LOGIN + ("with_raw_data", "begin", "end", "path", "objects", "details")
_PROFILE_RES = ("server_id", "time", "period_s", "path")
# kind -> (name, names of the body's elements)
KINDS = {
    0x0100: ("open_request", ("codepage", "client_id", "file_id") + _LOGIN + ("version",)),
    OPEN: ("open", ("codepage", "client_id", "file_id", "server_id", "time", "version")),
    0x0200: ("close_request", ("signature",)),
    CLOSE: ("close", ("signature",)),
    0x0300: ("profile_pack_request", _PROFILE),
    PROFILE_PACK: ("profile_pack", _PROFILE_RES + ("header", "periods", "raw_data", "signature")),
    0x0400: ("profile_list_request", _PROFILE),
    PROFILE_LIST: (
        "profile_list",
        _PROFILE_RES + ("value_time", "status", "values", "raw_data", "signature"),
    ),
    0x0500: ("parameter_request", _LOGIN + ("path", "attribute")),
    0x0501: ("parameter", ("server_id", "path", "tree")),
    0x0600: ("set_parameter_request", _LOGIN + ("path", "tree")),
    0x0700: ("list_request", ("client_id",) + _LOGIN + ("list_name",)),
    GET_LIST: (
        "list",
        ("client_id", "server_id", "list_name", "time", "values", "signature", "gateway_time"),
    ),
    ATTENTION: ("attention", ("server_id", "number", "text", "details")),
}

# kind: of KINDS, or a number that is not there; body: tuple
Message = namedtuple("Message", ("transaction", "group", "abort", "kind", "body"))
# name: OBIS in full; time: seconds of the meter's counter or clock; scaler: power of ten
Entry = namedtuple("Entry", ("name", "status", "time", "unit", "scaler", "value"))


def decode(data, signed=True) -> list:
    """The Messages of a file. Refused: what tlv refuses, bad_checksum, bad_end, bad_value, too_long.

    `signed` False: every signed number is read as unsigned.
    """
    out, at, left = [], 0, [tlv.MAX_ITEMS]
    while at < len(data) and (data[at] or data[at:].strip(b"\0")):
        if len(out) == MAX_MESSAGES:
            raise Refused("too_long", "more than %d messages" % MAX_MESSAGES)
        message, at = _message(data, at, signed, left)
        out.append(message)
    return out


def _message(data, at, signed, left) -> tuple:
    if data[at] != 0x76:
        raise Refused("bad_value", "message begins with %02X" % data[at])
    parts, end = [], at + 1
    for _ in range(4):
        part, end = tlv.decode(data, end, signed, 1, left)
        parts.append(part)
    found, behind = tlv.decode(data, end, True, 0, left)
    if not fits(found, data[at:end]):
        raise Refused("bad_checksum", "message at byte %d" % at)
    last, end = tlv.decode(data, behind, True, 0, left)
    body = parts[3]
    if last != tlv.END:
        raise Refused("bad_end", "message at byte %d" % at)
    if not isinstance(body, tuple) or len(body) != 2 or not isinstance(body[1], tuple):
        raise Refused("bad_value", "body of message at byte %d" % at)
    return Message(parts[0], parts[1], parts[2], body[0], body[1]), end


def encode(transaction, kind, body, kermit=False) -> bytes:
    """One message; `body`: bytes, a tlv.sequence."""
    choice = tlv.sequence([tlv.unsigned(kind, 2), body])
    out = b"\x76" + tlv.octets(transaction) + tlv.unsigned(0, 1) + tlv.unsigned(0, 1) + choice
    return out + tlv.unsigned(checks(out)[kermit], 2) + b"\0"


def fields(message) -> dict:
    """{name: element of the body}; {} of a kind, or a number of elements, that is not known."""
    names = KINDS.get(message.kind, ("", ()))[1]
    return dict(zip(names, message.body)) if len(names) == len(message.body) else {}


def obis(name) -> str:
    """Six bytes -> 1-0:1.8.0*255; other names as hex."""
    return "%d-%d:%d.%d.%d*%d" % tuple(name) if len(name) == 6 else hexlify(name).decode()


def seconds(time) -> "int | None":
    """Of an SML_Time: (choice, number), of which choice 3 has (number, offset, season); else as it stands.

    The Holley DTZ541 leaves the choice out and sends the number alone (libsml issue 75).
    """
    while isinstance(time, tuple):
        time = time[-1] if len(time) == 2 else time[0] if len(time) == 3 else None
    return time


def entries(message) -> list:
    """The Entries of a list or profile list, [] of any other message. Refused: bad_value."""
    rows, out = fields(message).get("values"), []
    for row in rows if isinstance(rows, tuple) else ():
        if not isinstance(row, tuple) or len(row) not in (5, 7):
            raise Refused("bad_value", "entry %d" % len(out))
        if len(row) == 5:  # of a profile list: without status and time
            row = (row[0], None, None) + row[1:]
        name, status, time, unit, scaler, value, _ = row
        scaler = scaler or 0
        if not isinstance(name, bytes) or not isinstance(scaler, int) or not -128 <= scaler < 256:
            raise Refused("bad_value", "entry %d" % len(out))
        scaler = (scaler + 128) % 256 - 128  # signed, also where all is read as unsigned
        out.append(Entry(obis(name), status, seconds(time), unit, scaler, value))
    return out


def values(message) -> dict:
    """{OBIS in full: (int, power of ten) | bytes | None}; what is none of these is left out."""
    out = {}
    for entry in entries(message):
        if isinstance(entry.value, int):
            out[entry.name] = (int(entry.value), entry.scaler)
        elif entry.value is None or isinstance(entry.value, bytes):
            out[entry.name] = entry.value
    return out
