"""Our packets against paho-mqtt, an independent speaker of MQTT 3.1.1."""

import socket
import threading

import paho.mqtt.client as paho
import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt.enums import CallbackAPIVersion

from firmware.link import packets
from firmware.link.packets import Packet
from firmware.link.packets_of_clients import FROM_ANYBODY
from tests.unit.link.doubles import wait_for


class OurBroker:
    """A broker of one connection, made of our packets: what paho sends must parse, what it gets must do."""

    def __init__(self):
        self.seen = []
        self._parser = packets.Parser(kinds=FROM_ANYBODY)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self):
        peer, _ = self._listener.accept()
        with peer:
            while data := peer.recv(7):  # small pieces, so that packets come torn
                for packet in self._parser.feed(data):
                    self.seen.append(packet)
                    self._answer(peer, packet)

    def _answer(self, peer, packet):
        if packet.kind == packets.CONNECT:
            peer.sendall(packets.connack(False, 0))
        elif packet.kind == packets.SUBSCRIBE:
            peer.sendall(packets.suback(packet.pid, b"\x01"))
            peer.sendall(packets.publish("to/you", b"x" * 300, 1, 7))
        elif packet.kind == packets.PUBLISH and packet.pid:
            peer.sendall(packets.puback(packet.pid))
        elif packet.kind == packets.PINGREQ:
            peer.sendall(packets.PONG)

    def close(self):
        self._thread.join(5)
        self._listener.close()


def test_paho_talks_with_our_packets_in_both_directions():
    broker = OurBroker()
    got, acked, log = [], [], []
    client = paho.Client(CallbackAPIVersion.VERSION2, "me", clean_session=False, protocol=paho.MQTTv311)
    client.username_pw_set("user", "word")
    client.on_message = lambda _c, _d, message: got.append((message.topic, message.payload, message.qos))
    client.on_publish = lambda _c, _d, mid, *_: acked.append(mid)
    client.on_log = lambda _c, _d, _level, text: log.append(text)
    client.connect("127.0.0.1", broker.port, keepalive=1)
    client.loop_start()
    wait_for(client.is_connected)
    client.subscribe("a/+", 1)
    client.publish("a/b", b"\x00\xff" * 200, 1)
    client.publish("a/c", b"")
    # the answer to its ping is read: a socket closed over unread bytes resets the connection
    wait_for(lambda: got and len(acked) == 2 and "Received PINGRESP" in log)
    client.disconnect()
    client.loop_stop()
    broker.close()

    assert got == [("to/you", b"x" * 300, 1)]
    by_kind = {packet.kind: packet for packet in broker.seen}
    assert by_kind[packets.CONNECT].payload == b"\0\4MQTT\4\xc0\0\1\0\2me\0\4user\0\4word"
    assert by_kind[packets.SUBSCRIBE].payload == b"\0\3a/+\1"
    published = [packet for packet in broker.seen if packet.kind == packets.PUBLISH]
    assert [(p.topic, p.payload, p.flags) for p in published] == [
        ("a/b", b"\x00\xff" * 200, 2),
        ("a/c", b"", 0),
    ]
    assert by_kind[packets.PUBACK].pid == 7
    assert packets.DISCONNECT in by_kind


def test_our_connect_is_byte_for_byte_pahos():
    ours = packets.connect("me", "user", "word", 1)
    assert ours == b"\x10\x1a\0\4MQTT\4\xc0\0\1\0\2me\0\4user\0\4word"


topic = st.text(st.characters(codec="utf-8", exclude_characters="+#\0"), min_size=1, max_size=40)
some_packets = st.lists(
    st.one_of(
        st.builds(
            lambda name, payload, qos, pid, dup: (
                packets.publish(name, payload, qos, pid, dup),
                Packet(packets.PUBLISH, 8 * dup | qos << 1, pid if qos else 0, name, payload),
            ),
            topic,
            st.binary(max_size=300),
            st.sampled_from((0, 1)),
            st.integers(1, 65535),
            st.booleans(),
        ),
        st.integers(1, 65535).map(
            lambda pid: (packets.puback(pid), Packet(packets.PUBACK, 0, pid, "", b"")),
        ),
        st.builds(
            lambda pid, name: (
                packets.subscribe(pid, name, 1),
                Packet(
                    packets.SUBSCRIBE,
                    2,
                    pid,
                    "",
                    len(name.encode()).to_bytes(2, "big") + name.encode() + b"\1",
                ),
            ),
            st.integers(1, 65535),
            topic,
        ),
        st.just((packets.PING, Packet(packets.PINGREQ, 0, 0, "", b""))),
        st.just((packets.connack(True, 5), Packet(packets.CONNACK, 0, 0, "", b"\1\5"))),
        st.just((packets.suback(9, b"\x80"), Packet(packets.SUBACK, 0, 9, "", b"\x80"))),
    ),
    max_size=6,
)


@given(some_packets, st.lists(st.integers(1, 50), max_size=30))
def test_packets_come_back_whole_however_they_are_cut(rows, cuts):
    stream = b"".join(data for data, _packet in rows)
    parser, got, at = packets.Parser(1024, FROM_ANYBODY), [], 0
    for size in [*cuts, len(stream)]:
        got += parser.feed(stream[at : at + size])
        at += size
    assert got == [packet for _data, packet in rows]


@pytest.mark.parametrize("size", [0, 127 - 4, 128 - 4, 16383 - 4, 16384 - 4])
def test_remaining_length_at_its_edges(size):
    data = packets.publish("ab", bytes(size))
    assert packets.Parser(20000).feed(data)[0].payload == bytes(size)
    assert len(data) == packets.publish_size(b"ab", bytes(size), 0)
