"""Bytes of a stranger: a reason or a packet, never another exception and never more memory than the limit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.link import packets
from firmware.link.packets_of_clients import FROM_ANYBODY

PUBLISH_2_MB = b"\x32" + b"\x87\x80\x80\x01" + b"\0\3a/b" + b"\x12\x34"  # then 2 MB that never end


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x00\x00", "unknown packet type or flags"),
        (b"\xf0\x00", "unknown packet type or flags"),
        (b"\x50\x02\x00\x01", "unknown packet type or flags"),  # PUBREC: QoS 2 is not spoken
        (b"\x42\x02\x00\x01", "unknown packet type or flags"),
        (b"\x40\x80\x80\x80\x80\x01", "bad length"),
        (b"\x40\x80\x80\x80\x01", "too large"),
        (b"\x40\x03\x00\x01\x00", "bad PUBACK"),
        (b"\x40\x02\x00\x00", "packet id 0"),
        (b"\x20\x02\x02\x00", "bad CONNACK"),
        (b"\x90\x02\x00\x01", "bad SUBACK"),
        (b"\x90\x03\x00\x01\x03", "bad SUBACK"),
        (b"\xd0\x01\x00", "body where none may be"),
        (b"\x36\x05\x00\x01a\x00\x01", "QoS 2"),
        (b"\x32\x05\x00\x01a\x00\x00", "packet id 0"),
        (b"\x32\x04\x00\x01a\x00", "truncated"),
        (b"\x30\x03\x00\x05a", "truncated"),
        (b"\x30\x02\x00\x00", "bad topic"),
        (b"\x30\x03\x00\x01#", "bad topic"),
        (b"\x30\x03\x00\x01\xff", "text is not UTF-8"),
        (b"\x10\x0a\x00\x06MQIsdp\x03\x00", "not MQTT 3.1.1"),
        (b"\x82\x05\x00\x01\x00\x01a", "bad SUBSCRIBE"),
    ],
)
def test_malformed_has_a_reason(data, reason):
    with pytest.raises(packets.PacketError) as caught:
        packets.Parser(256, FROM_ANYBODY).feed(data)
    assert caught.value.args[0] == reason


@pytest.mark.parametrize(
    "data", [packets.connect("me"), packets.subscribe(1, "a", 1), packets.PING, packets.BYE]
)
def test_a_terminal_reads_nothing_that_only_clients_send(data):
    with pytest.raises(packets.PacketError):
        packets.Parser(256).feed(data)


def test_oversized_publish_is_passed_over_and_the_next_packet_read():
    parser = packets.Parser(64, FROM_ANYBODY)
    assert parser.feed(PUBLISH_2_MB) == []
    left = 0x200007 - 7
    while left > 0:
        assert parser.feed(bytes(min(left, 65536) - 1)) == []
        left -= min(left, 65536) - 1
        if left == 1:
            break
    big, ping = parser.feed(b"\0" + packets.PING)
    assert (big.kind, big.topic, big.pid, big.payload) == (packets.PUBLISH, "a/b", 0x1234, None)
    assert ping.kind == packets.PINGREQ
    assert parser.feed(packets.publish("a", b"whole"))[0].payload == b"whole"


def test_oversized_publish_whose_topic_does_not_fit_is_an_error():
    with pytest.raises(packets.PacketError):
        packets.Parser(16).feed(packets.publish("t" * 30, b"x"))


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_noise_gives_packets_or_a_reason(pieces):
    parser, reasons = packets.Parser(128), set()
    try:
        for piece in pieces:
            for packet in parser.feed(piece):
                assert packet.payload is None or len(packet.payload) <= 128
    except packets.PacketError as error:
        reasons.add(error.args[0])
    assert "" not in reasons


@given(st.binary(min_size=1, max_size=40), st.integers(0, 200), st.integers(0, 255))
def test_one_wrong_byte_never_does_more_than_that(payload, at, byte):
    good = packets.publish("lines/a", payload, 1, 5) + packets.suback(1, b"\1") + packets.puback(9)
    bad = bytearray(good)
    bad[at % len(bad)] = byte
    parser = packets.Parser(128)
    try:
        parser.feed(bytes(bad))
    except packets.PacketError:
        parser.reset()
        assert len(parser.feed(good)) == 3
