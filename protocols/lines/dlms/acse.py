"""Association (IEC 62056-5-3): AARQ, AARE, RLRQ, RLRE in BER, and the initiate APDUs they carry.

Each is a dict of the fields present; names below. `context` says whether logical names go ciphered, `info`
holds the initiate APDU as bytes: InitiateRequest, InitiateResponse or ConfirmedServiceError, plain or
protected.
"""

from protocols.lines.dlms.axdr import Cursor, length_bytes, octets_bytes
from protocols.lines.refused import Refused

AARQ, AARE, RLRQ, RLRE = 0x60, 0x61, 0x62, 0x63
NONE, LLS, GMAC = 0, 1, 5  # authentication mechanisms
ACCEPTED, REJECTED = 0, 1
AUTHENTICATION_FAILED, AUTHENTICATION_REQUIRED = 13, 14

_OID = b"\x60\x85\x74\x05\x08"  # joint-iso-ccitt 16 756 5 8
_CONTEXTS = {
    _OID + b"\x01\x01": "plain",
    _OID + b"\x01\x03": "ciphered",
}  # logical names; 02 and 04 are short names
_MECHANISM = _OID + b"\x02"

DIAGNOSTICS = {
    0: "null",
    1: "no-reason-given",
    2: "application-context-name-not-supported",
    3: "calling-AP-title-not-recognized",
    11: "authentication-mechanism-name-not-recognised",
    12: "authentication-mechanism-name-required",
    AUTHENTICATION_FAILED: "authentication-failure",
    AUTHENTICATION_REQUIRED: "authentication-required",
}

CONFORMANCE = {  # bit of the 24, from the left
    1: "general-protection",
    2: "general-block-transfer",
    8: "attribute0-set",
    9: "priority-management",
    10: "attribute0-get",
    11: "block-get",
    12: "block-set",
    13: "block-action",
    14: "multiple-references",
    16: "data-notification",
    17: "access",
    19: "get",
    20: "set",
    21: "selective-access",
    22: "event-notification",
    23: "action",
}
LOGICAL_NAMES = 0x001E1D  # block-get/-set/-action, multiple-references, get, set, selective-access, action
GENERAL_PROTECTION, MULTIPLE_REFERENCES = 0x400000, 0x000200


def conformance_names(bits) -> list:
    return [CONFORMANCE.get(at, "bit-%d" % at) for at in range(24) if bits << at & 0x800000]


# ---- BER --------------------------------------------------------------------------------------


def _ber(tag, content) -> bytes:
    return bytes([tag]) + length_bytes(len(content)) + content


def _inner(content, tag) -> bytes:
    """What an explicit tag holds: one element with `tag`; Refused bad_value when it is another."""
    cursor = Cursor(content)
    if cursor.number(1) != tag:
        raise Refused("bad_value", "%02X expected" % tag)
    inner = cursor.octets()
    cursor.end()
    return inner


def _integer(content) -> int:
    return int.from_bytes(_inner(content, 2), "big")


def _diagnostic(content) -> int:
    """Service user A1 or service provider A2; the few numbers of the provider mean the same."""
    return _integer(_inner(content, 0xA2 if content[:1] == b"\xa2" else 0xA1))


def _context(content) -> str:
    name = _inner(content, 6)
    if name not in _CONTEXTS:
        raise Refused("unsupported", "application context")
    return _CONTEXTS[name]


def _context_bytes(text) -> bytes:
    return _ber(6, next(name for name in _CONTEXTS if _CONTEXTS[name] == text))


def _mechanism(content) -> int:
    if content[:6] != _MECHANISM or len(content) != 7:
        raise Refused("unsupported", "authentication mechanism")
    return content[6]


def _explicit(tag) -> tuple:
    return lambda content: _inner(content, tag), lambda value: _ber(tag, value)


_BYTES = _explicit(4)
_CONTEXT = _context, _context_bytes
_REQUIREMENTS = (lambda content: content == b"\x07\x80", lambda value: b"\x07\x80")
_NAME = _mechanism, lambda value: _MECHANISM + bytes([value])
_VALUE = _explicit(0x80)
_NUMBER = _integer, lambda value: _ber(2, bytes([value]))
_SMALL = (lambda content: int.from_bytes(content, "big"), lambda value: bytes([value]))
_WHY = _diagnostic, lambda value: _ber(0xA1, _ber(2, bytes([value])))

# APDU tag -> rows (BER tag, name, (read, write)) in the order they are sent
_FIELDS = {
    AARQ: (
        (0xA1, "context", _CONTEXT),
        (0xA6, "title", _BYTES),
        (0x8A, "authenticated", _REQUIREMENTS),
        (0x8B, "mechanism", _NAME),
        (0xAC, "value", _VALUE),
        (0xBE, "info", _BYTES),
    ),
    AARE: (
        (0xA1, "context", _CONTEXT),
        (0xA2, "result", _NUMBER),
        (0xA3, "diagnostic", _WHY),
        (0xA4, "title", _BYTES),
        (0x88, "authenticated", _REQUIREMENTS),
        (0x89, "mechanism", _NAME),
        (0xAA, "value", _VALUE),
        (0xBE, "info", _BYTES),
    ),
    RLRQ: ((0x80, "reason", _SMALL), (0xBE, "info", _BYTES)),
    RLRE: ((0x80, "reason", _SMALL), (0xBE, "info", _BYTES)),
}


def encode(tag, fields) -> bytes:
    rows = [_ber(number, pair[1](fields[name])) for number, name, pair in _FIELDS[tag] if name in fields]
    return _ber(tag, b"".join(rows))


def decode(data) -> tuple:
    """(tag, fields); elements that are not named here are passed over. Refused truncated, unsupported ..."""
    outer = Cursor(data)
    tag = outer.number(1)
    if tag not in _FIELDS:
        raise Refused("unknown_function", "%02X" % tag)
    cursor = Cursor(outer.octets())
    outer.end()
    readers = {number: (name, pair[0]) for number, name, pair in _FIELDS[tag]}
    fields = {}
    while cursor.left():
        number, content = cursor.number(1), cursor.octets()
        if number in readers:
            name, read = readers[number]
            fields[name] = read(content)
    return tag, fields


# ---- initiate ---------------------------------------------------------------------------------


def initiate_request(conformance, max_pdu, dedicated=b"") -> bytes:
    key = b"\x01" + octets_bytes(dedicated) if dedicated else b"\x00"
    return b"\x01" + key + b"\x00\x00\x06" + _conformance_bytes(conformance) + max_pdu.to_bytes(2, "big")


def initiate_response(conformance, max_pdu) -> bytes:
    return b"\x08\x00\x06" + _conformance_bytes(conformance) + max_pdu.to_bytes(2, "big") + b"\x00\x07"


def _conformance_bytes(bits) -> bytes:
    return b"\x5f\x1f\x04\x00" + bits.to_bytes(3, "big")


def _conformance(cursor) -> int:
    if cursor.take(4) != b"\x5f\x1f\x04\x00":
        raise Refused("bad_value", "conformance block")
    return cursor.number(3)


def initiate(data) -> dict:
    """conformance, max_pdu, in a request dedicated (key or b""); Refused unknown_function, unsupported ..."""
    cursor = Cursor(data)
    tag = cursor.number(1)
    if tag not in (0x01, 0x08):
        raise Refused("unknown_function", "%02X" % tag)
    out = {}
    if tag == 0x01:
        out["dedicated"] = cursor.octets() if cursor.number(1) else b""
        if cursor.number(1):
            cursor.number(1)  # response-allowed
    if cursor.number(1):
        cursor.number(1)  # quality of service, not used
    version = cursor.number(1)
    if version != 6:
        raise Refused("unsupported", "DLMS version %d" % version)
    out["conformance"] = _conformance(cursor)
    out["max_pdu"] = cursor.number(2)
    if tag == 0x08:
        cursor.number(2)  # vaa-name, 0007 for logical names
    cursor.end()
    return out
