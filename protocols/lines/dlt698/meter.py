"""The meter's side of DL/T 698.45: a simulated meter that is as strict as a real one.

    store     {OAD: (tag, value)}; an index that is not there is looked up in the whole attribute
    records   {OAD: (columns, rows)}, see records.py
    methods   {OMD of mode 0: function(server, (tag, value)) -> (DAR, (tag, value) or None)}
    writable  OADs that SET may change
    security  None, or an object with `open(kind, payload, verification) -> apdu` (Refused: wrong MAC) and
              `seal(apdu) -> (kind, payload, verification)`; with it SET and ACTION in plain are refused
A time tag is judged by the meter's clock, 40000200 of the store, where there is one.
"""

from protocols.lines.dlt698 import apdu, axdr, link, records, segments
from protocols.lines.dlt698.apdu import ANSWER, Apdu
from protocols.lines.refused import Refused

CLOCK = 0x40000200
FACTORY = b"TOPS" + b"0102160731" + b"0102160731" + bytes(8)  # maker, versions and dates


def _error(piid, reason) -> Apdu:
    return Apdu(apdu.ERROR, None, piid, reason, None, None)


class Server:
    def __init__(self, address, store, records=None, methods=None, writable=(), security=None) -> None:
        self.address = address
        self.store = store
        self.records = records or {}
        self.methods = methods or {}
        self.writable = set(writable)
        self.security = security
        self.logical = 0
        self.groups = set()  # group addresses that it belongs to
        self.password = ""
        self.connected = False
        self.frame_size = 1024  # of a whole frame sent; CONNECT may lower it
        self.receive_size = link.MAX_FRAME  # what CONNECT is told; feed takes all frames
        self.apdu_size = 2048  # longer answers to GET go in blocks
        self._framer = link.Framer()
        self._joiner = segments.Joiner()
        self._segments = []  # that wait for acknowledgement
        self._blocks = []  # that wait for GET next, and the number of the first

    def feed(self, data) -> bytes:
        out = b""
        for frame in self._framer.feed(data):
            if self._is_asked(frame):
                out += self._heard(frame)
        return out

    # ---- frames

    def _is_asked(self, frame) -> bool:
        if frame.control & (link.FROM_SERVER | link.BY_CLIENT | 7) != link.REQUEST:
            return False
        if frame.kind == link.BROADCAST:
            return frame.address == "AA"
        if frame.kind == link.GROUP:
            return frame.address in self.groups
        return frame.logical == self.logical and link.fits_address(frame.address, self.address)

    def _heard(self, frame) -> bytes:
        data = frame.data
        if frame.control & link.SEGMENT:
            if self._segments and segments.acknowledges(data, self._segments[0]):
                self._segments.pop(0)
                return self._framed(frame, self._segments[0], link.SEGMENT) if self._segments else b""
            if segments.kind_of(data) == segments.FIRST:
                self._joiner = segments.Joiner()
            try:
                acknowledgement, data = self._joiner.take(data)
            except Refused:
                return b""
            if data is None:
                return self._framed(frame, acknowledgement, link.SEGMENT)
        reply = apdu.encode(self._answer(data))
        self._segments = []
        if frame.kind in (link.GROUP, link.BROADCAST):
            return b""
        if len(reply) + link.OVERHEAD <= self.frame_size:
            return self._framed(frame, reply)
        self._segments = segments.cut(reply, self.frame_size - link.OVERHEAD)
        return self._framed(frame, self._segments[0], link.SEGMENT)

    def _framed(self, asked, data, segment=0) -> bytes:
        control = link.FROM_SERVER | link.REQUEST | segment | asked.control & link.SCRAMBLED
        return link.encode(link.Frame(link.SINGLE, self.logical, self.address, asked.client, control, data))

    # ---- services

    def _answer(self, data) -> Apdu:
        try:
            request = apdu.decode(data)
        except Refused as error:
            strange = error.reason == "unknown_function"
            number = data[2] & apdu.NUMBER if len(data) > 2 else 0
            return _error(number, apdu.NOT_SUPPORTED if strange else apdu.NOT_UNDERSTOOD)
        if request.service == apdu.SECURITY:
            return self._secured(request)
        return self._served(request, self.security is not None)

    def _secured(self, request) -> Apdu:
        if self.security is None:
            return Apdu(apdu.SECURITY | ANSWER, apdu.REFUSAL, None, (apdu.DAR_SECURITY, None), None, None)
        try:
            inner = apdu.decode(self.security.open(request.kind, *request.body))
        except Refused:
            return Apdu(apdu.SECURITY | ANSWER, apdu.REFUSAL, None, (apdu.DAR_SECURITY, None), None, None)
        kind, payload, verification = self.security.seal(apdu.encode(self._served(inner, False)))
        return Apdu(apdu.SECURITY | ANSWER, kind, None, (payload, verification), None, None)

    def _served(self, request, bare) -> Apdu:
        """`bare`: it came in plain though this meter wants changes secured."""
        serve = _SERVICES.get(request.service)
        body = serve(self, request, bare) if serve else None
        if body is None:
            return _error(request.piid or 0, apdu.NOT_SUPPORTED)
        kind, body = body
        return Apdu(request.service | ANSWER, kind, request.piid, body, None, request.time)

    def _connect(self, request, _bare) -> tuple:
        terms, (mechanism, key) = request.body[:-1], request.body[-1]
        result = 0 if (key or "") == self.password else 1 if mechanism < 2 else 255
        self.connected = result == 0
        sends, takes = min(self.frame_size, terms[4]), min(self.receive_size, terms[3])
        if self.connected:
            self.frame_size = max(sends, link.OVERHEAD + 8)
        return None, (FACTORY,) + terms[:3] + (sends, takes) + terms[5:] + (result, None)

    def _release(self, _request, _bare) -> tuple:
        self.connected = False
        return None, 0

    def value(self, oad) -> tuple:
        """(1, data) or (0, DAR)."""
        if oad in self.store:
            return 1, self.store[oad]
        tag, whole = self.store.get(oad & 0xFFFFFF00, (axdr.NULL, None))
        if tag in (axdr.ARRAY, axdr.STRUCTURE) and 0 < oad & 0xFF <= len(whole):
            return 1, whole[(oad & 0xFF) - 1]
        known = [one for one in self.store if one >> 16 == oad >> 16]
        return 0, apdu.DAR_ABSENT if known else apdu.DAR_UNDEFINED

    def record(self, oad, rsd, columns) -> tuple:
        if oad not in self.records:
            return oad, columns, (0, apdu.DAR_UNDEFINED)
        try:
            columns, rows = records.select(self.records[oad], rsd, columns)
        except Refused:
            return oad, columns, (0, apdu.DAR_RANGE)
        return oad, columns, (1, rows)

    def _get(self, request, _bare) -> "tuple | None":
        kind, body = request.kind, request.body
        if kind == apdu.NEXT:
            return self._next(body)
        if kind in (apdu.NORMAL, apdu.LIST):
            units = [(oad, self.value(oad)) for oad in apdu.names(body)]
        elif kind in (apdu.RECORD, apdu.RECORD_LIST):
            units = [self.record(*query) for query in (body if isinstance(body, list) else [body])]
        else:
            return None
        choice = 1 if kind in (apdu.NORMAL, apdu.LIST) else 2
        self._blocks = blocks(choice, units, self.apdu_size)
        if len(self._blocks) > 1:
            return self._next(-1)
        return kind, (units if isinstance(body, list) else units[0])

    def _next(self, last) -> tuple:
        """The block after number `last`."""
        if not self._blocks or last + 1 >= len(self._blocks):
            dar = apdu.DAR_BLOCK if self._blocks else apdu.DAR_NO_TRANSFER
            return apdu.NEXT, (True, max(last, 0), (0, dar))
        return apdu.NEXT, (last + 2 == len(self._blocks), last + 1, self._blocks[last + 1])

    def _change(self, request, bare, one) -> tuple:
        """SET and ACTION: `one` does the first two parts of an item and gives its answer."""
        dar = apdu.DAR_SECURITY if bare else apdu.DAR_TIME_TAG if self._is_late(request.time) else 0
        out = []
        for item in request.body if isinstance(request.body, list) else [request.body]:
            done = one(item[0], item[1], dar)
            out.append(done if len(item) == 2 else done + (item[2], self.value(item[2])))
        return request.kind, out if isinstance(request.body, list) else out[0]

    def _is_late(self, time) -> bool:
        if time is None or CLOCK not in self.store:
            return False
        sent, (unit, count) = time
        wait = records.SECONDS[min(unit, len(records.SECONDS) - 1)] * count
        return bool(count) and records.seconds(self.store[CLOCK][1]) > records.seconds(sent) + wait

    def _set(self, request, bare) -> tuple:
        return self._change(request, bare, self._set_one)

    def _set_one(self, oad, data, dar) -> tuple:
        found, held = self.value(oad)
        if not dar and not found:
            dar = held
        elif not dar:
            changes = oad in self.writable and oad in self.store
            dar = apdu.DAR_REFUSED if not changes else apdu.DAR_TYPE if held[0] != data[0] else 0
        if not dar:
            self.store[oad] = data
        return oad, dar

    def _action(self, request, bare) -> tuple:
        return self._change(request, bare, self._action_one)

    def _action_one(self, omd, data, dar) -> tuple:
        method = self.methods.get(omd & 0xFFFFFF00)
        if dar or method is None:
            return omd, dar or apdu.DAR_UNDEFINED, None
        return (omd,) + method(self, data)


_SERVICES = {
    apdu.CONNECT: Server._connect,
    apdu.RELEASE: Server._release,
    apdu.GET: Server._get,
    apdu.SET: Server._set,
    apdu.ACTION: Server._action,
}


def blocks(choice, units, size) -> list:
    """Bodies of GET next answers of about `size` bytes; an attribute or a row of a record stays whole."""
    rows = []
    for unit in units:
        split = choice == 2 and unit[2][0] and unit[2][1]
        rows += [unit[:2] + ((1, [row]),) for row in unit[2][1]] if split else [unit]
    out, left = [], 0
    for row in rows:
        length = len(axdr.encode("record" if choice == 2 else ("oad", apdu.RESULT), row))
        if length > left or not out:
            out.append([])
            left = size
        left -= length
        _join(out[-1], row)
    return [(choice, block) for block in out]


def _join(block, unit) -> None:
    """A row goes to the record before it, when it is of the same."""
    last = block[-1] if block else ()
    if len(unit) == 3 and last and last[:2] == unit[:2] and last[2][0] and unit[2][0]:
        block[-1] = last[:2] + ((1, last[2][1] + unit[2][1]),)
    else:
        block.append(unit)
