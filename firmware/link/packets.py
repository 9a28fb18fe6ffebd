"""MQTT 3.1.1 packets, sans-I/O: bytes in, packets out. Section numbers are those of the OASIS standard.

Rules of the parser, which takes bytes of a stranger:
1. Memory is one small buffer, made once, and for a larger packet one of at most `limit` bytes until it has
   been taken. Whatever length a header claims, nothing more is kept. No room for it is a MemoryError out of
   `feed`: the link ends, and the broker delivers again on the next.
2. A PUBLISH larger than that is not fatal: it is read past and reported with payload None, so that it can be
   acknowledged. Refusing it would make a persistent session deliver it again at every reconnect, for ever.
3. Anything else that breaks the standard is a PacketError: the stream is out of step, reconnect.
QoS 2 is not spoken (records are numbered, commands have ids: once is decided there).
"""

import struct
from collections import namedtuple

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, PINGRESP, DISCONNECT = (
    1,
    2,
    3,
    4,
    8,
    9,
    12,
    13,
    14,
)

OWN_BYTES = 256  # marks, welcomes and most commands
LIMIT = 8192  # twice the largest sealed message (envelope.MAX_SEALED) and its topic

# flags: low four bits of the first byte. pid: packet id or 0. topic: text or "". payload: bytes; of CONNECT,
# CONNACK, SUBSCRIBE and SUBACK what follows the packet id; None for a PUBLISH that was too large to keep.
Packet = namedtuple("Packet", ("kind", "flags", "pid", "topic", "payload"))


class PacketError(ValueError):
    """The bytes are not MQTT 3.1.1 as we speak it; args[0] says why."""


# ---- out --------------------------------------------------------------------------------------


def _length(n) -> bytes:
    """Remaining length, section 2.2.3."""
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def _text(data) -> bytes:
    data = data.encode() if isinstance(data, str) else bytes(data)
    return struct.pack(">H", len(data)) + data


def connect(client_id, user=None, password=None, keepalive_s=30, clean=False) -> bytes:
    flags = 2 if clean else 0
    body = _text(client_id)
    if user is not None:
        flags |= 0x80
        body += _text(user)
    if password is not None:
        flags |= 0x40
        body += _text(password)
    head = _text("MQTT") + struct.pack(">BBH", 4, flags, keepalive_s)
    return b"\x10" + _length(len(head) + len(body)) + head + body


def connack(session_present, code) -> bytes:
    return bytes((0x20, 2, 1 if session_present else 0, code))


def publish_size(topic, payload, qos) -> int:
    body = 2 + len(topic) + (2 if qos else 0) + len(payload)
    return 1 + len(_length(body)) + body


def publish_into(buf, topic, payload, qos=0, pid=0, dup=False) -> int:
    """Write a PUBLISH into the view `buf`; return its length. `topic` is encoded, payload bytes-like.

    The payload may lie in the same buffer: it is moved first.
    """
    body = 2 + len(topic) + (2 if qos else 0) + len(payload)
    head = _length(body)
    end = 1 + len(head) + body
    buf[end - len(payload) : end] = payload
    buf[0] = 0x30 | (8 if dup else 0) | qos << 1
    at = 1 + len(head)
    buf[1:at] = head
    struct.pack_into(">H", buf, at, len(topic))
    at += 2
    buf[at : at + len(topic)] = topic
    at += len(topic)
    if qos:
        struct.pack_into(">H", buf, at, pid)
    return end


def publish(topic, payload, qos=0, pid=0, dup=False) -> bytes:
    topic = topic.encode()
    buf = bytearray(publish_size(topic, payload, qos))
    publish_into(memoryview(buf), topic, payload, qos, pid, dup)
    return bytes(buf)


def puback(pid) -> bytes:
    return struct.pack(">BBH", 0x40, 2, pid)


def subscribe(pid, topic, qos) -> bytes:
    body = struct.pack(">H", pid) + _text(topic) + bytes((qos,))
    return b"\x82" + _length(len(body)) + body


def suback(pid, codes) -> bytes:
    return b"\x90" + _length(2 + len(codes)) + struct.pack(">H", pid) + bytes(codes)


PING = b"\xc0\x00"
PONG = b"\xd0\x00"
BYE = b"\xe0\x00"


# ---- in ---------------------------------------------------------------------------------------


def _u16(body, at) -> int:
    if at + 2 > len(body):
        raise PacketError("truncated")
    return body[at] << 8 | body[at + 1]


def packet_id(body, at) -> int:
    pid = _u16(body, at)
    if pid == 0:
        raise PacketError("packet id 0")  # 2.3.1
    return pid


def string(body, at):
    end = at + 2 + _u16(body, at)
    if end > len(body):
        raise PacketError("truncated")
    try:
        return str(body[at + 2 : end], "utf-8"), end
    except UnicodeError:
        raise PacketError("text is not UTF-8") from None  # 1.5.3


def _publish(flags, body, whole):
    qos = flags >> 1 & 3
    if qos > 1:
        raise PacketError("QoS 2")
    topic, at = string(body, 0)
    if not topic or "+" in topic or "#" in topic or "\0" in topic:
        raise PacketError("bad topic")  # 3.3.2.1, 4.7.3
    pid = 0
    if qos:
        pid = packet_id(body, at)
        at += 2
    return Packet(PUBLISH, flags, pid, topic, bytes(body[at:]) if whole else None)


def _connack(body):
    if len(body) != 2 or body[0] > 1:
        raise PacketError("bad CONNACK")
    return Packet(CONNACK, 0, 0, "", bytes(body))


def _puback(body):
    if len(body) != 2:
        raise PacketError("bad PUBACK")
    return Packet(PUBACK, 0, packet_id(body, 0), "", b"")


def _suback(body):
    codes = bytes(body[2:])
    if not codes or any(code > 2 and code != 0x80 for code in codes):
        raise PacketError("bad SUBACK")
    return Packet(SUBACK, 0, packet_id(body, 0), "", codes)


# First byte, which holds kind and flags (2.2.2), -> reader of the body, None for an empty one. PUBLISH is
# apart: its flags vary. `packets_of_clients` has what a broker reads besides.
FROM_BROKER = {0x20: _connack, 0x40: _puback, 0x90: _suback, 0xD0: None}


class Parser:
    """Incremental: feed it what the socket gave, in pieces of any size. `kinds`: as FROM_BROKER."""

    def __init__(self, limit=LIMIT, kinds=FROM_BROKER):
        self._limit, self._kinds = limit, kinds
        self._own = memoryview(bytearray(min(limit, OWN_BYTES)))
        self.reset()

    def reset(self):
        """Begin a new connection."""
        self._buf = self._own
        self._first = -1  # first byte of the packet, or -1 before it
        self._shift = -1  # bits of remaining length read; -1 when it is complete
        self._size = self._got = 0

    def feed(self, data) -> list:
        """Return the packets that `data` completes. After a PacketError only reset() helps."""
        out = []
        data = memoryview(data)
        at = 0
        while at < len(data):
            if self._first < 0:
                self._start(data[at])
                at += 1
                continue
            if self._shift >= 0:
                self._more_length(data[at])
                at += 1
            else:
                at += self._fill(data[at:])
            if self._shift < 0 and self._got == self._size:
                out.append(self._finish())
        return out

    def _start(self, first):
        if first >> 4 != PUBLISH and first not in self._kinds:
            raise PacketError("unknown packet type or flags")
        self._first = first
        self._shift = self._size = self._got = 0

    def _more_length(self, byte):
        self._size |= (byte & 127) << self._shift
        self._shift += 7
        if byte < 128:
            self._shift = -1
            if self._size > self._limit and self._first >> 4 != PUBLISH:
                raise PacketError("too large")
            if self._size > len(self._own):
                self._buf = memoryview(bytearray(min(self._size, self._limit)))
        elif self._shift > 21:
            raise PacketError("bad length")  # 2.2.3: at most four bytes

    def _fill(self, data) -> int:
        take = min(len(data), self._size - self._got)
        keep = min(take, len(self._buf) - self._got)
        if keep > 0:
            self._buf[self._got : self._got + keep] = data[:keep]
        self._got += take
        return take

    def _finish(self):
        first, self._first = self._first, -1
        body, self._buf = self._buf[: self._size], self._own
        if first >> 4 == PUBLISH:
            return _publish(first & 15, body, self._size <= self._limit)
        read = self._kinds[first]
        if read is not None:
            return read(body)
        if self._size:
            raise PacketError("body where none may be")
        return Packet(first >> 4, first & 15, 0, "", b"")
