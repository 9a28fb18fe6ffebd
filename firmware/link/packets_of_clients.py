"""What a broker reads besides, for tests that play one: no terminal does."""

from firmware.link.packets import (
    CONNECT,
    FROM_BROKER,
    SUBSCRIBE,
    Packet,
    PacketError,
    packet_id,
    string,
)


def _connect(body):
    name, at = string(body, 0)
    if name != "MQTT" or len(body) < at + 4 or body[at] != 4:
        raise PacketError("not MQTT 3.1.1")
    return Packet(CONNECT, 0, 0, "", bytes(body))


def _subscribe(body):
    at = 2
    while at < len(body) or at == 2:
        _topic, at = string(body, at)
        if at >= len(body) or body[at] > 2:
            raise PacketError("bad SUBSCRIBE")
        at += 1
    return Packet(SUBSCRIBE, 2, packet_id(body, 0), "", bytes(body[2:]))


FROM_ANYBODY = dict(FROM_BROKER)
FROM_ANYBODY.update({0x10: _connect, 0x82: _subscribe, 0xC0: None, 0xE0: None})
