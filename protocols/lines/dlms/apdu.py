"""xDLMS APDUs (IEC 62056-5-3): bytes <-> Apdu(name, fields), both ways from one grammar.

GET, SET and ACTION with their lists and blocks, ExceptionResponse, ConfirmedServiceError, DataNotification
and general block transfer. A descriptor is (class, logical name 6 bytes, attribute or method), a selection
None or (selector, tree), a result (code, tree or None): code 0 is success. Trees are those of axdr.py.
"""

from collections import namedtuple

from protocols.lines.dlms import axdr
from protocols.lines.dlms.axdr import Cursor, length_bytes, octets_bytes
from protocols.lines.refused import Refused

MAX_LIST = 64  # descriptors or results in one APDU
INVOKE = 0xC0  # confirmed, high priority; the low half is the invoke-id

Apdu = namedtuple("Apdu", ("name", "fields"))

RESULTS = {
    0: "success",
    1: "hardware-fault",
    2: "temporary-failure",
    3: "read-write-denied",
    4: "object-undefined",
    9: "object-class-inconsistent",
    11: "object-unavailable",
    12: "type-unmatched",
    13: "scope-of-access-violated",
    14: "data-block-unavailable",
    15: "long-get-aborted",
    16: "no-long-get-in-progress",
    17: "long-set-aborted",
    18: "no-long-set-in-progress",
    19: "data-block-number-invalid",
    250: "other-reason",
}
CODES = {name: code for code, name in RESULTS.items()}
STATES = {1: "service-not-allowed", 2: "service-unknown"}
SERVICES = {
    1: "operation-not-possible",
    2: "service-not-supported",
    3: "other-reason",
    4: "pdu-too-long",
    5: "deciphering-error",
    6: "invocation-counter-error",
}
SERVICE_ERRORS = {
    0: "application-reference",
    1: "hardware-resource",
    2: "vde-state-error",
    3: "service",
    4: "definition",
    5: "access",
    6: "initiate",
    7: "load-data-set",
    9: "task",
}


def result_name(code) -> str:
    return RESULTS.get(code) or "result-%d" % code


# ---- the parts --------------------------------------------------------------------------------


def _number(size) -> tuple:
    def write(value) -> bytes:
        if not 0 <= value < 1 << size * 8:
            raise ValueError("%d does not fit %d bytes" % (value, size))
        return value.to_bytes(size, "big")

    return lambda cursor: cursor.number(size), write


def _listed(part) -> tuple:
    read_one, write_one = part

    def read(cursor) -> list:
        count = cursor.length()
        if count > MAX_LIST:
            raise Refused("too_long", "%d in a list" % count)
        return [read_one(cursor) for _ in range(count)]

    def write(values) -> bytes:
        return length_bytes(len(values)) + b"".join([write_one(value) for value in values])

    return read, write


def _optional(part) -> tuple:
    """A byte that says whether it follows."""
    read_one, write_one = part

    def read(cursor):
        return read_one(cursor) if cursor.number(1) else None

    return read, lambda value: b"\x00" if value is None else b"\x01" + write_one(value)


def _row(*parts) -> tuple:
    def read(cursor) -> tuple:
        return tuple([part[0](cursor) for part in parts])

    def write(values) -> bytes:
        return b"".join([part[1](value) for part, value in zip(parts, values)])

    return read, write


def _read_result(cursor) -> tuple:
    if cursor.number(1):
        return cursor.number(1), None
    return 0, axdr.read(cursor)


def _result_bytes(result) -> bytes:
    code, tree = result
    return bytes([1, code]) if tree is None else b"\x00" + axdr.encode(tree)


def _read_block(cursor) -> tuple:
    """(code, raw): the result of a block of a GET."""
    return (cursor.number(1), b"") if cursor.number(1) else (0, cursor.octets())


def _block_bytes(value) -> bytes:
    code, raw = value
    return bytes([1, code]) if code else b"\x00" + octets_bytes(raw)


def _read_service(cursor) -> tuple:
    """(service error, lowest counter that would be taken or None)."""
    code = cursor.number(1)
    return code, cursor.number(4) if code == 6 and cursor.left() else None


def _service_bytes(value) -> bytes:
    code, counter = value
    return bytes([code]) + (b"" if counter is None else counter.to_bytes(4, "big"))


def _read_time(cursor) -> bytes:
    """b"" or 12 bytes. Kaifa and early Kamstrup meters write the tag of an octet string before the length."""
    if cursor.data[cursor.at : cursor.at + 2] == b"\x09\x0c":
        cursor.take(1)
    time = cursor.octets()
    if len(time) not in (0, 12):
        raise Refused("bad_length", "date-time of %d bytes" % len(time))
    return time


_BYTE, _LONG = _number(1), _number(4)
_FLAG = (lambda cursor: cursor.number(1) != 0, lambda value: b"\x01" if value else b"\x00")
_RAW = (lambda cursor: cursor.octets(), octets_bytes)
_NAME = (lambda cursor: cursor.take(6), bytes)
_DESCRIPTOR = _row(_number(2), _NAME, _BYTE)
_DATA = axdr.read, axdr.encode
_SELECTION = _optional(_row(_BYTE, _DATA))
_RESULT = _read_result, _result_bytes

_PARTS = {
    "invoke": _BYTE,
    "long_invoke": _LONG,
    "descriptor": _DESCRIPTOR,
    "selection": _SELECTION,
    "descriptors": _listed(_row(_DESCRIPTOR, _SELECTION)),  # [(descriptor, selection)]
    "data": _DATA,
    "values": _listed(_DATA),
    "parameter": _optional(_DATA),
    "result": _RESULT,
    "results": _listed(_RESULT),
    "returned": _optional(_RESULT),
    "code": _BYTE,
    "codes": _listed(_BYTE),
    "last": _FLAG,
    "number": _LONG,
    "block": (_read_block, _block_bytes),
    "raw": _RAW,
    "state": _BYTE,
    "service": (_read_service, _service_bytes),
    "error": _row(_BYTE, _BYTE, _BYTE),  # (service that failed, group of SERVICE_ERRORS, code)
    "time": (_read_time, octets_bytes),
    "control": _BYTE,  # general block transfer: 80 last, 40 streaming, window size
    "block_number": _number(2),
    "acknowledged": _number(2),
}

# (tag, choice or None) -> name and parts
_GRAMMAR = {
    (0x0E, None): ("confirmed-service-error", "error"),
    (0x0F, None): ("data-notification", "long_invoke time data"),
    (0xC0, 1): ("get-request-normal", "invoke descriptor selection"),
    (0xC0, 2): ("get-request-next", "invoke number"),
    (0xC0, 3): ("get-request-with-list", "invoke descriptors"),
    (0xC1, 1): ("set-request-normal", "invoke descriptor selection data"),
    (0xC1, 2): ("set-request-first-block", "invoke descriptor selection last number raw"),
    (0xC1, 3): ("set-request-block", "invoke last number raw"),
    (0xC1, 4): ("set-request-with-list", "invoke descriptors values"),
    (0xC3, 1): ("action-request-normal", "invoke descriptor parameter"),
    (0xC3, 2): ("action-request-next", "invoke number"),
    (0xC3, 4): ("action-request-first-block", "invoke descriptor last number raw"),
    (0xC3, 6): ("action-request-block", "invoke last number raw"),
    (0xC4, 1): ("get-response-normal", "invoke result"),
    (0xC4, 2): ("get-response-block", "invoke last number block"),
    (0xC4, 3): ("get-response-with-list", "invoke results"),
    (0xC5, 1): ("set-response-normal", "invoke code"),
    (0xC5, 2): ("set-response-block", "invoke number"),
    (0xC5, 3): ("set-response-last-block", "invoke code number"),
    (0xC5, 5): ("set-response-with-list", "invoke codes"),
    (0xC7, 1): ("action-response-normal", "invoke code returned"),
    (0xC7, 2): ("action-response-block", "invoke last number raw"),
    (0xC7, 4): ("action-response-next", "invoke number"),
    (0xD8, None): ("exception-response", "state service"),
    (0xE0, None): ("general-block-transfer", "control block_number acknowledged raw"),
}
_BY_NAME = {name: (tag, choice, parts) for (tag, choice), (name, parts) in _GRAMMAR.items()}
_CHOSEN = {tag for tag, choice in _GRAMMAR if choice is not None}


def decode(data) -> Apdu:
    """Refused unknown_function, truncated, trailing, and what axdr.py refuses."""
    cursor = Cursor(data)
    tag = cursor.number(1)
    choice = cursor.number(1) if tag in _CHOSEN else None
    if (tag, choice) not in _GRAMMAR:
        raise Refused("unknown_function", "%02X" % tag + ("" if choice is None else " %02X" % choice))
    name, parts = _GRAMMAR[tag, choice]
    apdu = Apdu(name, {part: _PARTS[part][0](cursor) for part in parts.split()})
    cursor.end()
    return apdu


def encode(name, fields) -> bytes:
    """ValueError or KeyError when a field does not fit or is missing: our own mistake."""
    tag, choice, parts = _BY_NAME[name]
    head = bytes([tag] if choice is None else [tag, choice])
    return head + b"".join([_PARTS[part][1](fields[part]) for part in parts.split()])


def read_results(raw) -> list:
    """The results in the joined blocks of a GET with list."""
    cursor = Cursor(raw)
    results = _PARTS["results"][0](cursor)
    cursor.end()
    return results


def results_bytes(results) -> bytes:
    return _PARTS["results"][1](results)


# ---- a message in pieces ----------------------------------------------------------------------


class Blocks:
    """Joins numbered blocks, 1 first; Refused wrong_sequence, too_long."""

    def __init__(self, most=axdr.MAX_LENGTH) -> None:
        self.number = 0
        self._raw = []
        self._left = most

    def add(self, number, raw) -> None:
        if number != self.number + 1:
            raise Refused("wrong_sequence", "block %d after %d" % (number, self.number))
        self._left -= len(raw)
        if self._left < 0:
            raise Refused("too_long", "blocks")
        self.number = number
        self._raw.append(raw)

    def join(self) -> bytes:
        return b"".join(self._raw)
