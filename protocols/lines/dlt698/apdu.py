"""DL/T 698.45-2017 application layer: every service as a row of descriptions (axdr.py), requests and answers.

An APDU is: service, kind (not in LINK, CONNECT, RELEASE, ERROR), PIID, body, from the server an optional
follow report, and an optional time tag. SECURITY has no PIID and no tail; its body holds another APDU.
PIID: bits 5-0 number, 7 priority; 6 in what the server sends: events wait to be read (ACD).
An answer names each object it speaks of: what it says is found by that name, never by its place in the list.
"""

from collections import namedtuple

from protocols.lines.dlt698 import axdr
from protocols.lines.dlt698.axdr import COMDCB, DATE_TIME, DATE_TIME_S, RCSD, RSD, SID, SID_MAC, TI, Option
from protocols.lines.refused import Refused

LINK, CONNECT, RELEASE, GET, SET, ACTION, REPORT, PROXY, SECURITY = 1, 2, 3, 5, 6, 7, 8, 9, 16
ERROR_OF_CLIENT, ANSWER, RELEASED, ERROR = 0x6E, 0x80, 0x84, 0xEE
# kinds: of GET, of SET and ACTION (also 1 and 2), of REPORT and PROXY, of SECURITY
NORMAL, LIST, RECORD, RECORD_LIST, NEXT, MD5 = 1, 2, 3, 4, 5, 6
THEN_GET, TRANS_DATA, TRANS_COMMAND = 3, 3, 7
PLAIN, CIPHER, REFUSAL = 0, 1, 2
NUMBER, ACD, PRIORITY = 0x3F, 0x40, 0x80  # bits of PIID

# kind None where the service has none; report: ((1, [(OAD, result)]) or (2, [record])) or None;
# time: ((year, month, day, h, m, s), (unit of TI_UNITS, how many the message stays good)) or None
Apdu = namedtuple("Apdu", ("service", "kind", "piid", "body", "report", "time"))


def request(service, kind, piid, body, time=None) -> Apdu:
    return Apdu(service, kind, piid, body, None, time)


# ---- the services (clause 7.4)

RESULT = {0: "dar", 1: "data"}  # DAR or value
_READ = ("oad", RESULT)
_DONE = ("oad", "dar")
_ACTED = ("oad", "dar", Option("data"))
_PUT = ("oad", "data")
_THEN = ("oad", "u8")  # OAD to read, after so many seconds
_QUERY = ("oad", RSD, RCSD)
READ_LIST = [_READ]
_REPORT = Option({1: READ_LIST, 2: ["record"]})
_TIME = Option((DATE_TIME_S, TI))
_KEYS = ("octets", "octets")  # ciphertext or random number, and signature
MECHANISM = {0: "null", 1: "text", 2: _KEYS, 3: _KEYS}  # none, password, symmetric, signature
# version, protocol and function conformance, longest frame sent and received, window, longest APDU, seconds
_TERMS = ("u16", "bytes8", "bytes16", "u16", "u16", "u8", "u16", "u32")
_VERIFIED = {0: SID_MAC, 1: "octets", 2: ("octets", "octets"), 3: SID}  # SID and MAC, RN, RN and MAC, SID
_CHECKED = Option({0: "octets", 1: SID_MAC})


def _of_meters(item) -> list:
    """What a PROXY request asks of each target: address, seconds, items."""
    return [("octets", "u16", [item])]


def _by_meters(item) -> list:
    return [("octets", [item])]


# what follows the PIID: of the client a time tag, of the server a follow report before it
_CLIENT, _SERVER, _BARE = (_TIME,), (_REPORT, _TIME), ()

_CHANGE = {NORMAL: _PUT, LIST: [_PUT], THEN_GET: [_PUT + _THEN]}

SERVICES = {  # code: (tail, {kind: body})
    LINK: (_BARE, {None: ("link", "u16", DATE_TIME)}),
    LINK | ANSWER: (_BARE, {None: ("u8", DATE_TIME, DATE_TIME, DATE_TIME)}),
    CONNECT: (_CLIENT, {None: _TERMS + (MECHANISM,)}),
    CONNECT | ANSWER: (_SERVER, {None: ("bytes32",) + _TERMS + ("connected", Option(_KEYS))}),
    RELEASE: (_CLIENT, {None: "null"}),
    RELEASE | ANSWER: (_SERVER, {None: "u8"}),
    RELEASED: (_SERVER, {None: (DATE_TIME_S, DATE_TIME_S)}),
    ERROR_OF_CLIENT: (_CLIENT, {None: "error"}),
    ERROR: (_SERVER, {None: "error"}),
    GET: (_CLIENT, {
        NORMAL: "oad",
        LIST: ["oad"],
        RECORD: _QUERY,
        RECORD_LIST: [_QUERY],
        NEXT: "u16",
        MD5: "oad",
    }),
    GET | ANSWER: (_SERVER, {
        NORMAL: _READ,
        LIST: READ_LIST,
        RECORD: "record",
        RECORD_LIST: ["record"],
        NEXT: ("bool", "u16", {0: "dar", 1: READ_LIST, 2: ["record"]}),
        MD5: ("oad", {0: "dar", 1: "octets"}),
    }),
    SET: (_CLIENT, _CHANGE),
    SET | ANSWER: (_SERVER, {NORMAL: _DONE, LIST: [_DONE], THEN_GET: [_DONE + _READ]}),
    ACTION: (_CLIENT, _CHANGE),
    ACTION | ANSWER: (_SERVER, {NORMAL: _ACTED, LIST: [_ACTED], THEN_GET: [_ACTED + _READ]}),
    REPORT | ANSWER: (_SERVER, {1: READ_LIST, 2: ["record"], TRANS_DATA: ("oad", ["octets"])}),
    REPORT: (_CLIENT, {1: ["oad"], 2: ["oad"], TRANS_DATA: "null"}),
    PROXY: (_CLIENT, {
        1: ("u16", _of_meters("oad")),
        2: ("u16", "octets") + _QUERY,
        3: ("u16", _of_meters(_PUT)),
        4: ("u16", _of_meters(_PUT + _THEN)),
        5: ("u16", _of_meters(_PUT)),
        6: ("u16", _of_meters(_PUT + _THEN)),
        TRANS_COMMAND: ("oad", COMDCB, "u16", "u16", "octets"),
    }),
    PROXY | ANSWER: (_SERVER, {
        1: _by_meters(_READ),
        2: ("octets", "record"),
        3: _by_meters(_DONE),
        4: _by_meters(_DONE + _READ),
        5: _by_meters(_ACTED),
        6: _by_meters(_ACTED + _READ),
        TRANS_COMMAND: ("oad", {0: "dar", 1: "octets"}),
    }),
    SECURITY: (None, {PLAIN: ("octets", _VERIFIED), CIPHER: ("octets", _VERIFIED)}),
    SECURITY | ANSWER: (None, {
        PLAIN: ("octets", _CHECKED),
        CIPHER: ("octets", _CHECKED),
        REFUSAL: ("dar", _CHECKED),
    }),
}  # fmt: skip


def decode(data) -> Apdu:
    """Refused."""
    source = axdr.Source(bytes(data))
    service = source.byte()
    if service not in SERVICES:
        raise Refused("unknown_function", "service %02X" % service)
    tail, kinds = SERVICES[service]
    kind = None if None in kinds else source.byte()
    if kind not in kinds:
        raise Refused("unknown_function", "service %02X kind %02X" % (service, kind))
    piid = None if tail is None else source.byte()
    body = axdr.read(source, kinds[kind])
    rest = axdr.read(source, tail or ())
    if source.at != len(source.data):
        raise Refused("trailing", "%d bytes" % (len(source.data) - source.at))
    return Apdu(service, kind, piid, body, rest[0] if len(rest) > 1 else None, rest[-1] if rest else None)


def encode(apdu) -> bytes:
    """ValueError when a part does not fit its description."""
    if apdu.service not in SERVICES or apdu.kind not in SERVICES[apdu.service][1]:
        raise ValueError("no service %s of kind %s" % (apdu.service, apdu.kind))
    tail, kinds = SERVICES[apdu.service]
    head = [apdu.service]
    if apdu.kind is not None:
        head.append(apdu.kind)
    if tail is not None:
        head.append(apdu.piid)
    rest = (apdu.report, apdu.time)[2 - len(tail or ()) :]
    return bytes(head) + axdr.encode((kinds[apdu.kind], tail or ()), (apdu.body, rest))


# ---- judging what arrived


def names(body) -> list:
    """OADs or OMDs that a body of GET, SET, ACTION or REPORT speaks of."""
    items = body if isinstance(body, list) else [body]
    return [item[0] if isinstance(item, tuple) else item for item in items]


_NAMED = (GET, SET, ACTION)  # services whose answers name objects


def match(request, answer) -> str:
    """'' when `answer` answers `request` (both not of SECURITY), else wrong_function or late.

    A late reply looks like a good one: number, kind and the objects named must be those asked for. A service
    may be refused as a whole by ERROR, and GET answered in blocks.
    """
    if answer.service not in (request.service | ANSWER, ERROR):
        return "wrong_function"
    if (answer.piid ^ request.piid) & NUMBER:
        return "late"
    if answer.service == ERROR:
        return ""
    if request.service == GET and answer.kind == NEXT:
        return _match_block(request, answer.body)
    if answer.kind != request.kind:
        return "late"
    return _strangers(request, answer.body) if request.service in _NAMED else ""


def _match_block(request, body) -> str:
    _last, number, (choice, items) = body
    if not choice:
        return ""
    if request.kind == NEXT:
        return "" if number == request.body + 1 else "late"
    return _strangers(request, items)


def _strangers(request, body) -> str:
    """late when the answer names an object that was not asked for, or has other rows of it."""
    asked = names(request.body)
    strange = [name for name in names(body) if name not in asked]
    if request.service == GET and request.kind == RECORD:
        records = body if isinstance(body, list) else [body]
        strange += [record for record in records if not fits(request.body, record)]
    return "late" if strange else ""


def fits(query, record) -> bool:
    """Whether a record may be what the query (OAD, rows, columns) asks for: these columns, no more rows."""
    _oad, (selector, wanted), named = query
    _oad, columns, (found, rows) = record
    if not found:
        return True
    most = {9: 1, 10: wanted[0] if selector == 10 else 0}.get(selector, len(rows))
    return len(rows) <= most and (not named or columns == named)


DARS = {  # data access results
    0: "ok", 1: "hardware", 2: "temporary", 3: "refused", 4: "undefined", 5: "class", 6: "absent", 7: "type",
    8: "range", 9: "no_block", 10: "transfer_cancelled", 11: "no_transfer", 12: "write_cancelled",
    13: "no_block_write", 14: "block_number", 15: "password", 16: "speed", 17: "year_zones", 18: "day_slots",
    19: "tariffs", 20: "security_mismatch", 21: "purchase_repeated", 22: "esam", 23: "security_failed",
    24: "customer_number", 25: "purchase_count", 26: "hoarding", 27: "address", 28: "symmetric_decryption",
    29: "asymmetric_decryption", 30: "signature", 31: "suspended", 32: "time_tag", 33: "timeout",
    34: "esam_p1p2", 35: "esam_lc", 36: "comparison", 255: "other",
}  # fmt: skip
ERRORS = {1: "not_understood", 2: "not_supported", 255: "other"}
NOT_UNDERSTOOD, NOT_SUPPORTED = 1, 2
CONNECT_RESULTS = {
    0: "ok", 1: "password", 2: "symmetric_decryption", 3: "asymmetric_decryption", 4: "signature",
    5: "version", 255: "other",
}  # fmt: skip
DAR_REFUSED, DAR_UNDEFINED, DAR_ABSENT, DAR_TYPE, DAR_RANGE = 3, 4, 6, 7, 8
DAR_NO_TRANSFER, DAR_BLOCK, DAR_SECURITY, DAR_TIME_TAG = 11, 14, 20, 32


LINKS = {0: "login", 1: "heartbeat", 2: "logout"}
# names of numbers in the descriptions above -> what the numbers mean
MEANINGS = {"dar": DARS, "error": ERRORS, "connected": CONNECT_RESULTS, "link": LINKS}


def meaning(name, number) -> str:
    return MEANINGS[name].get(number) or "%s %d" % (name, number)


def accept(number, name="dar") -> None:
    """Refused unless the data access result, or another one, is 0."""
    if number:
        raise Refused("refused", meaning(name, number))
