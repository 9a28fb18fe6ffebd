"""A simulated DLMS meter: HDLC secondary station or wrapper server over the objects of `store`.

Clients are application processes: `clients` maps their numbers to the mechanism they must use, 0 none (reads
only), 1 password, 5 GMAC. Keys make ciphered associations possible; what is then not ciphered is refused, and
a counter that does not increase too. One HDLC link at a time, window 1; a wrong check sequence is met with
silence.
"""

from protocols.lines.dlms import apdu, hdlc, security, wrapper
from protocols.lines.dlms.association import Association
from protocols.lines.dlms.objects import Objects
from protocols.lines.refused import Refused

WHY = b"\0\0\0"  # information of FRMR: what was refused; nobody reads it


class Counter:
    """An invocation counter that is kept in memory only."""

    def __init__(self, value=0) -> None:
        self.value = value

    def get(self) -> int:
        return self.value

    def put(self, value) -> None:
        self.value = value


class Server:
    """`store`: {(class, logical name 6 bytes, attribute): tree}, see objects.py.

    `address`: (upper, lower or None). `state` keeps the meter's own invocation counter.
    """

    def __init__(
        self,
        store,
        transport="hdlc",
        address=(1, None),
        clients=None,
        password=b"",
        title=b"",
        keys=None,
        state=None,
        random=None,
        max_pdu=512,
        frame=hdlc.DEFAULT_INFO,
    ) -> None:
        self.store = store
        self.objects = Objects(store)
        self.address = address
        self.clients = {16: 0} if clients is None else clients
        self.password = password
        self.title = title
        self.keys = keys
        self.state = state or Counter()
        self.random = random
        self.max_pdu = max_pdu
        self.frame = frame  # bytes of information in an HDLC frame
        self.seen = {}  # (client, whether under a dedicated key) -> its last invocation counter
        self._wrapped = transport == "wrapper"
        self._framer = wrapper.Framer() if self._wrapped else hdlc.Framer()
        self._link = None
        self._open = {}  # client -> Association, over the wrapper

    def feed(self, data) -> bytes:
        """All reply bytes to what arrived; b"" when the meter stays silent."""
        take = self._take_wrapped if self._wrapped else self._take_frame
        return b"".join([take(frame) for frame in self._framer.feed(data)])

    def _take_wrapped(self, frame) -> bytes:
        if frame.to != self.address[0] or frame.by not in self.clients:
            return b""
        if frame.by not in self._open:
            self._open[frame.by] = Association(self, frame.by)
        reply = self._open[frame.by].answer(frame.apdu)
        return wrapper.encode(frame.by, frame.to, reply)

    def _take_frame(self, frame) -> bytes:
        upper, lower = hdlc.parts(frame.to)
        if upper != self.address[0] or lower not in (None, self.address[1]):
            return b""
        what = hdlc.kind(frame.control)
        if what == "UI":
            return b""
        if what == "SNRM":
            self._link = _Link(self, frame)
            return self._link.accept(frame)
        if self._link is None or self._link.by != frame.by:
            return hdlc.encode(frame.by, frame.to, hdlc.DM)
        if what == "DISC":
            self._link = None
            return hdlc.encode(frame.by, frame.to, hdlc.UA)
        return self._link.take(frame, what)

    # ---- push

    def push(self, tree, client=16, time=b"", invoke=1, protect=False, blocks=0) -> bytes:
        """A DataNotification that nobody asked for; `blocks`: bytes in each general block, 0 = whole."""
        data = apdu.encode("data-notification", {"long_invoke": invoke, "time": time, "data": tree})
        if protect:
            if self.keys is None:
                raise ValueError("no keys")
            data = self.keys.seal(self.title, security.next_counter(self.state), data)
            data = security.wrap(0x0F, self.title, data, general=True)
        parts = [data]
        if blocks:
            parts = [data[at : at + blocks] for at in range(0, len(data), blocks)]
            parts = [_general_block(at + 1, part, at + 1 == len(parts)) for at, part in enumerate(parts)]
        return b"".join([self._pushed(client, part) for part in parts])

    def _pushed(self, client, data) -> bytes:
        if self._wrapped:
            return wrapper.encode(client, self.address[0], data)
        by = hdlc.address(*self.address)
        return hdlc.encode(hdlc.address(client), by, hdlc.UI, hdlc.FROM_METER + data)


def _general_block(number, raw, last) -> bytes:
    fields = {"control": 0x80 if last else 0x40, "block_number": number, "acknowledged": 0, "raw": raw}
    return apdu.encode("general-block-transfer", fields)


class _Link:
    """The secondary station of one HDLC connection."""

    def __init__(self, server, frame) -> None:
        self.by = frame.by
        self._to = frame.to
        self._server = server
        self._association = Association(server, hdlc.parts(frame.by)[0])
        self._next_out = self._next_in = 0  # V(S), V(R)
        self._take_most = self._send_most = server.frame
        self._incoming = b""
        self._outgoing = []
        self._last = b""

    def accept(self, frame) -> bytes:
        """UA with the smaller of what each side can do."""
        try:
            send, take = hdlc.limits(frame.info)
        except Refused:
            return self._reply(hdlc.FRMR, WHY)
        self._take_most, self._send_most = min(send, self._take_most), min(take, self._send_most)
        return self._reply(hdlc.UA, hdlc.limits_bytes(self._send_most, self._take_most))

    def _reply(self, control, info=b"", segmented=False) -> bytes:
        return hdlc.encode(self.by, self._to, control, info, segmented)

    def take(self, frame, what) -> bytes:
        if what == "RR":
            return self._polled(hdlc.received(frame.control))
        if what != "I" or len(frame.info) > self._take_most:
            return self._reply(hdlc.FRMR, WHY)
        if hdlc.sent(frame.control) != self._next_in:
            return self._reply(hdlc.ready(self._next_in))
        self._next_in = (self._next_in + 1) & 7
        self._incoming += frame.info
        if len(self._incoming) > self._server.max_pdu + len(hdlc.TO_METER):
            self._incoming = b""
            return self._reply(hdlc.FRMR, WHY)
        if frame.segmented:
            return self._reply(hdlc.ready(self._next_in))
        message, self._incoming = self._incoming, b""
        if message[:3] != hdlc.TO_METER:
            return self._reply(hdlc.ready(self._next_in))
        reply = hdlc.FROM_METER + self._association.answer(message[3:])
        self._outgoing = hdlc.pieces(reply, self._send_most)
        return self._send()

    def _send(self) -> bytes:
        control = hdlc.information(self._next_out, self._next_in)
        self._next_out = (self._next_out + 1) & 7
        info = self._outgoing.pop(0)
        self._last = self._reply(control, info, bool(self._outgoing))
        return self._last

    def _polled(self, wanted) -> bytes:
        if wanted == self._next_out:
            return self._send() if self._outgoing else self._reply(hdlc.ready(self._next_in))
        if wanted == (self._next_out - 1) & 7 and self._last:
            return self._last
        return self._reply(hdlc.FRMR, WHY)
