"""The master's side of a DL/T 698.45 meter.

address   up to 32 digits as printed; "AAAAAAAAAAAA" asks the single meter on the line
options   client    client address, 16
          logical   logical address of the meter, 0
          connect   "" no association (as on most RS-485 lines), "public", or "password" with `password`
          scramble  True adds 33H to the data of each frame
          frame     longest frame that we send, 512 bytes; what is longer goes in segments
          security  object with `seal(apdu) -> (kind, payload, verification)`, None for what goes in plain,
                    and `open(kind, payload, verification) -> apdu`, Refused: ESAM or encryption machine

read(request) -> dict {key: value}, values and inner keys as protocols/lines/dlt698/values.py makes them
    "00100200"               one object: "0", "1", "2/1" ..
    "00100200,20000200"      several in one exchange: "00100200/0" ..; what is refused: {"20000200": None}
    "record:50040200:ROWS:20210200,00100200"   columns of a recorded table, all when none are named:
        "0/20210200/0": row, column, path. ROWS: "all", "last=2" (the last but one), "newest=7", and by the
        time in 20210200 "at=20160120000000", "from=20160120000000-20160121000000" (the end excluded)
write(request, data)   `data`: A-XDR of the value with its tag. No change goes to a wildcard address
control(name, fields)  name in CONTROLS of dlt698_requests. fields: `relay` F2050201, `alarm_min` 0,
    `limit_min` 0 (0 until permitted), `auto_close` False; `sent` (year, month, day, h, m, s) of the meter's
    clock with `valid_min`: later the meter refuses it. "action" takes `omd` and `data` as write does. Returns
    what the answer brings, as read does, or None.
"""

from protocols.lines.dlt698 import apdu, axdr, link, segments, values
from protocols.lines.dlt698.apdu import ANSWER
from protocols.lines.refused import Refused
from protocols.meters.readers import dlt698_requests as requests
from protocols.meters.readers.ask import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

MAX_BLOCKS = 64  # of one answer
ACTION_MS = 2000  # a relay may hold the answer back so long
_TERMS = (16, b"\xff" * 8, b"\xff" * 16)  # version 1.0, all services, all functions
_TIMEOUT_S = 3600  # an association lives so long without a word


OPTIONS = {
    "client": int,
    "logical": int,
    "connect": ("", "public", "password"),
    "password": str,
    "scramble": bool,
    "frame": int,
}
_TAG = {"sent": (2026, 1, 1, 0, 0, 0), "valid_min": 5}
_ONE = dict(_TAG, relay="F2050201")
CONTROLS = {name: _TAG for name in requests.CONTROLS}  # control -> {field: such a value}
CONTROLS.update(permit_close=_ONE, close=_ONE, trip=dict(_ONE, alarm_min=0, limit_min=0, auto_close=False))


class Reader:
    FRAMER = link.Framer

    def __init__(self, address, options) -> None:
        if options.get("connect") == "password" and "password" not in options:
            raise ValueError("connect needs the meter's password, which no profile carries")
        self._options = options
        self._number = 0  # of the last request: a late answer to one before has another
        self._connected = False
        self._longest = options.get("frame", 512)
        control = link.REQUEST | (link.SCRAMBLED if options.get("scramble") else 0)
        client, logical = options.get("client", 16), options.get("logical", 0)
        self._empty = link.to_server(address, b"", client, control, logical)
        link.encode(self._empty)  # a wrong address is told here

    def read(self, request) -> "Generator[Ask, Any, dict]":
        kind, body = requests.query(request)
        yield from self._open()
        answer = yield from self._exchange(self._request(apdu.GET, kind, body))
        items = yield from self._items(answer, 2 if kind == apdu.RECORD else 1)
        if kind == apdu.RECORD:
            if len(items) > 1 or not apdu.fits(body, items[0]):
                raise Refused("bad_length", "rows or columns that were not asked for")
            return values.table(items)
        if kind == apdu.NORMAL:
            found, held = items[0][1]
            apdu.accept(0 if found else held)
            return values.flat(held)
        return values.listed(items, body)

    def write(self, request, data) -> "Generator[Ask, Any, None]":
        self._is_one()
        value = axdr.decode("data", data)
        yield from self._open()
        asked = self._request(apdu.SET, apdu.NORMAL, (requests.oad(request), value))
        answer = yield from self._exchange(asked)
        apdu.accept(answer.body[1])

    def control(self, name, fields) -> "Generator[Ask, Any, dict | None]":
        self._is_one()
        omd, value, time = requests.order(name, fields)
        yield from self._open()
        answer = yield from self._exchange(self._request(apdu.ACTION, apdu.NORMAL, (omd, value), time))
        _omd, dar, data = answer.body
        apdu.accept(dar)
        return None if data is None else values.flat(data)

    def close(self) -> "Generator[Ask, Any, None]":
        if self._connected:
            self._connected = False
            try:
                yield from self._exchange(self._request(apdu.RELEASE, None, None))
            except Refused:
                pass  # who does not answer a farewell is gone too

    def _is_one(self) -> None:
        """All that fit a wildcard would change."""
        if self._empty.kind != link.SINGLE:
            raise ValueError("no change of %s" % self._empty.address)

    # ---- exchanges

    def _open(self):
        wanted = self._options.get("connect", "")
        if self._connected or not wanted:
            return
        key: tuple = (1, self._options["password"]) if wanted == "password" else (0, None)
        size = link.MAX_FRAME - 2
        body = _TERMS + (self._longest, size, 1, segments.MAX_APDU, _TIMEOUT_S, key)
        answer = yield from self._exchange(self._request(apdu.CONNECT, None, body))
        result = answer.body[-2]
        if result:
            raise Refused("not_associated", apdu.meaning("connected", result))
        self._longest = max(min(self._longest, answer.body[5]), 2 * link.OVERHEAD)
        self._connected = True

    def _request(self, service, kind, body, time=None) -> apdu.Apdu:
        self._number = (self._number + 1) & apdu.NUMBER
        return apdu.request(service, kind, self._number, body, time)

    def _exchange(self, request):
        """The answer to an APDU. After any failure the association counts as lost."""
        associated, self._connected = self._connected, False
        answer = yield from self._answered(request)
        self._connected = associated
        return answer

    def _answered(self, request):
        plain = apdu.encode(request)
        security = self._options.get("security")
        sealed = security.seal(plain) if security else None
        if sealed:
            kind, payload, verification = sealed
            plain = apdu.encode(apdu.request(apdu.SECURITY, kind, None, (payload, verification)))
        wait_ms = ACTION_MS if request.service == apdu.ACTION else 0
        expected = None if sealed else request
        frame = yield from self._send(plain, lambda frame: _answers(expected, frame), wait_ms)
        data = yield from self._joined(frame)
        answer = apdu.decode(data)
        if sealed:
            answer = self._opened(security, answer)
        wrong = apdu.match(request, answer)
        if wrong:
            raise Refused("late", wrong)
        if answer.service == apdu.ERROR:
            apdu.accept(answer.body or 255, "error")
        return answer

    def _opened(self, security, answer) -> apdu.Apdu:
        if answer.service != apdu.SECURITY | ANSWER:
            raise Refused("bad_mac", "answer in plain")
        payload, verification = answer.body
        if answer.kind == apdu.REFUSAL:
            apdu.accept(payload or 255)
        if verification is None:
            raise Refused("bad_mac", "answer without one")
        return apdu.decode(security.open(answer.kind, payload, verification))

    def _frame(self, data, segment=0) -> link.Frame:
        kind, logical, address, client, control, _data = self._empty
        return link.Frame(kind, logical, address, client, control | segment, data)

    def _send(self, plain, judge, wait_ms):
        """The frame that answers or begins to."""
        if len(plain) + link.OVERHEAD <= self._longest:
            return (yield from _asked(self._frame(plain), judge, wait_ms))
        pieces = segments.cut(plain, self._longest - link.OVERHEAD)
        for piece in pieces[:-1]:
            yield from _asked(self._frame(piece, link.SEGMENT), lambda frame, sent=piece: _takes(sent, frame))
        return (yield from _asked(self._frame(pieces[-1], link.SEGMENT), judge, wait_ms))

    def _joined(self, frame):
        """The APDU that `frame` holds or begins."""
        joiner = segments.Joiner()
        while frame.control & link.SEGMENT:
            acknowledgement, whole = joiner.take(frame.data)
            if whole is not None:
                return whole
            frame = yield from _asked(self._frame(acknowledgement, link.SEGMENT), _continues)
        return frame.data

    def _items(self, answer, wanted):
        """(OAD, result) or records (`wanted` 1 or 2) of an answer to GET, its blocks joined; at least one."""
        if answer.kind != apdu.NEXT:
            items = answer.body if isinstance(answer.body, list) else [answer.body]
            if not items:
                raise Refused("bad_value", "empty list")
            return items
        items = []
        for _ in range(MAX_BLOCKS):
            last, number, (choice, part) = answer.body
            apdu.accept(0 if choice else part or 255)
            if choice != wanted or not part:
                raise Refused("bad_value", "block %d" % number)
            for item in part:
                values.merge(items, item)
            if last:
                return items
            answer = yield from self._exchange(apdu.request(apdu.GET, apdu.NEXT, self._number, number))
        raise Refused("too_long", "%d blocks" % MAX_BLOCKS)


# ---- judging frames


def _asked(request, judge, wait_ms=0):
    """The frame that answers the frame `request`; Refused("mute")."""
    wire = link.encode(request)
    answer = yield ask(wire, lambda frame: link.match(request, frame) or judge(frame), wait_ms=wait_ms)
    if answer is None:
        raise Refused("mute")
    return answer


def _answers(request, frame) -> str:
    """Of secured requests (None) only the first bytes of the answer can be judged."""
    if frame.control & link.SEGMENT:
        return "" if segments.kind_of(frame.data) == segments.FIRST else "late"
    if request is None:
        return ""
    try:
        return apdu.match(request, apdu.decode(frame.data))
    except Refused:
        return ""  # an answer, though not one that can be read: told where it is used


def _takes(segment, frame) -> str:
    return "" if frame.control & link.SEGMENT and segments.acknowledges(frame.data, segment) else "late"


def _continues(frame) -> str:
    return "" if frame.control & link.SEGMENT and segments.kind_of(frame.data) != segments.ACK else "late"
