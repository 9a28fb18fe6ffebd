"""What meters send by themselves: public captures, and our own meter with every kind of wrapping."""

from typing import Any

import pytest

from protocols.lines.dlms import apdu, axdr, clock, hdlc, security
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms import Reader
from tests.unit.protocols.dlms.support import a_meter, a_reader, keys, options, outcome
from tests.unit.protocols.drive import drive

AT = clock.parse("20261122170500")
TREE = (axdr.STRUCTURE, [(axdr.U32, 7), (axdr.ARRAY, [(axdr.OCTETS, bytes(80)), (axdr.TEXT, "x")])])
VALUES = {"time": AT, "0/0": 7, "0/1/0": bytes(80), "0/1/1": "x"}
# Kaifa MA304H3, list 3, Norway (public, elwiz test data)
KAIFA = bytes.fromhex(
    "7EA09B01020110EEAEE6E7000F40000000090C07E60A100715000AFF800000021209074B464D5F303031091036393730363331343033"
    "37353736313509084D413330344833450600000D6206000000000600000000060000003306000029250600002FED0600001210060000"
    "091506000000000600000929090C07E60A100715000AFF8000000604F00BD4060000000006022388EB060020B37DAB327E"
)


class Says:
    """A meter that says this when listened to, once."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def feed(self, asked: bytes) -> bytes:
        assert asked == b"", "a push is not asked for"
        data, self._data = self._data, b""
        return data


def heard(data: bytes, reader: Reader, chunk: int = 4096) -> dict:
    """As a driver does it: a framer for each exchange, fed by chunks, and no frame behind the one taken."""
    whole: Any = reader.FRAMER

    class InChunks(whole):
        def feed(self, data: bytes) -> list:
            feed = super().feed
            return [frame for at in range(0, len(data), chunk) for frame in feed(data[at : at + chunk])]

    reader.FRAMER = InChunks
    return drive(reader.read("push"), reader, Says(data))


def in_segments(frame: hdlc.Frame, size: int) -> list[bytes]:
    pieces = hdlc.pieces(frame.info, size)
    return [
        hdlc.encode(frame.to, frame.by, hdlc.UI, piece, number < len(pieces))
        for number, piece in enumerate(pieces, 1)
    ]


def test_a_push_is_waited_for_longer_than_meters_pause():
    ask = next(a_reader().read("push"))
    assert (ask.data, ask.wait_ms > 10_000) == (b"", True)


@pytest.mark.parametrize("transport", ["hdlc", "wrapper"])
@pytest.mark.parametrize("protect", [False, True])
@pytest.mark.parametrize("blocks", [0, 1, 16, 64, 1000])
@pytest.mark.parametrize("chunk", [1, 16, 64, 1000])
def test_each_kind_of_push_is_heard(transport, protect, blocks, chunk):
    data = a_meter(transport).push(TREE, 48, AT, protect=protect, blocks=blocks)
    assert heard(data, a_reader(transport, "hls5" if protect else "none"), chunk) == VALUES


@pytest.mark.parametrize("blocks", [0, 40])
@pytest.mark.parametrize("transport", ["hdlc", "wrapper"])
def test_a_reader_with_keys_believes_no_push_in_clear(transport, blocks):
    clear, sealed = [a_meter(transport).push(TREE, 48, AT, protect=p, blocks=blocks) for p in (False, True)]
    with pytest.raises(Refused, match="a push in clear"):
        heard(clear, a_reader(transport))
    assert heard(clear + sealed, a_reader(transport)) == VALUES, "the forged one does not hide the true one"


@pytest.mark.parametrize(
    ("transport", "address"),
    [("hdlc", (1, 18)), ("hdlc", (2, 17)), ("hdlc", (1, None)), ("wrapper", (2, 17))],
)
def test_a_push_of_another_address_is_foreign(transport, address):
    other = a_meter(transport, address=address).push(TREE, 16, AT)
    assert outcome(lambda: heard(other, a_reader(transport, "none"))) == "foreign"
    own = a_meter(transport).push(TREE, 16)
    assert "time" not in heard(other + own, a_reader(transport, "none")), "that of the meter itself"


@pytest.mark.parametrize("chunk", [1, 16, 64, 1000])
@pytest.mark.parametrize("missed", [1, 2, 3])
def test_a_push_whose_start_was_missed_is_dropped_for_the_next(chunk, missed):
    whole = hdlc.Framer().feed(KAIFA)[0]
    segments = in_segments(whole, 40)
    data = b"".join(segments[missed:] + segments)
    assert heard(data, Reader("", {}), chunk) == heard(KAIFA, Reader("", {}))
    blocks = hdlc.Framer().feed(a_meter().push(TREE, 16, AT, blocks=40))
    data = b"".join(
        [hdlc.encode(frame.to, frame.by, frame.control, frame.info) for frame in blocks[missed:] + blocks]
    )
    assert heard(data, a_reader(how="none"), chunk) == VALUES


def test_a_push_whose_end_is_missing_gives_way_to_the_next():
    segments = in_segments(hdlc.Framer().feed(KAIFA)[0], 40)
    assert heard(b"".join(segments[:-1] + segments), Reader("", {})) == heard(KAIFA, Reader("", {}))


def test_a_recorded_push_is_refused_after_a_restart_too():
    seen, data = {}, a_meter().push(TREE, 48, AT, protect=True)
    assert heard(data, a_reader(seen=seen)) == VALUES
    assert outcome(lambda: heard(data, a_reader(seen=seen))) == "replayed"


def test_a_push_must_have_the_title_that_is_expected():
    data = a_meter().push(TREE, 48, AT, protect=True)
    assert outcome(lambda: heard(data, a_reader(meter_title=b"MTR00009"))) == "foreign"
    assert heard(data, a_reader(meter_title=b"MTR00001")) == VALUES


def test_a_kaifa_capture_has_the_values_its_owner_read():
    values = heard(KAIFA, Reader("", {}))
    assert [values[f"0/{at}"] for at in range(3)] == [b"KFM_001", b"6970631403757615", b"MA304H3E"]
    assert [values[f"0/{at}"] for at in range(3, 13)] == [3426, 0, 0, 51, 10533, 12269, 4624, 2325, 0, 2345]
    assert [values[f"0/{at}"] for at in range(14, 18)] == [82840532, 0, 35883243, 2143101]
    assert clock.show(values["time"]) == "2022-10-16 21:00:10"


@pytest.mark.parametrize("size", [20, 60, 200])
def test_a_push_in_hdlc_segments_is_joined(size):
    data = b"".join(in_segments(hdlc.Framer().feed(KAIFA)[0], size))
    assert heard(data, Reader("", {})) == heard(KAIFA, Reader("", {}))


def test_a_replayed_push_is_refused():
    data = a_meter().push(TREE, 48, protect=True)
    reader = a_reader()
    heard(data, reader)
    assert outcome(lambda: heard(data, reader)) == "replayed"


def test_a_push_only_encrypted_is_heard_without_an_authentication_key():
    """As Austrian meters send."""
    plain = apdu.encode("data-notification", {"long_invoke": 1, "time": b"", "data": TREE})
    body = keys().seal(b"MTR00001", 5, plain, security.ENCRYPTED | 1)
    data = security.wrap(0x0F, b"MTR00001", body, general=True)
    frame = hdlc.encode(hdlc.address(16), hdlc.address(1, 17), hdlc.UI, hdlc.FROM_METER + data)
    bare = {
        key: value for key, value in options().items() if key not in ("authentication", "authentication_key")
    }
    assert heard(frame, Reader("17", bare))["0/0"] == 7
    assert outcome(lambda: heard(frame, a_reader())) == "bad_mac"


def test_a_push_of_another_meter_is_foreign():
    reader, server = a_reader(), a_meter()
    heard(server.push(TREE, 48, protect=True), reader)
    server.title = b"MTR00002"
    assert outcome(lambda: heard(server.push(TREE, 48, protect=True), reader)) == "foreign"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "mute"),
        (hdlc.encode(b"\x21", b"\x03", hdlc.UA), "mute"),
        (
            hdlc.encode(b"\x21", b"\x03", hdlc.UI, hdlc.FROM_METER + b"\xc4\x01\xc1\x00\x00"),
            "unknown_function",
        ),
        (hdlc.encode(b"\x21", b"\x03", hdlc.UI, hdlc.FROM_METER + b"\x0f\0\0"), "truncated"),
        (hdlc.encode(b"\x21", b"\x03", hdlc.UI), "truncated"),
        (hdlc.encode(b"\x21", b"\x03", hdlc.UI, bytes(1000), True) * 9, "too_long"),
        (hdlc.encode(b"\x21", b"\x03", hdlc.UI, b"\xe0\xc0\x00\x02\x00\x00\x00"), "wrong_sequence"),
        (a_meter().push(TREE, 48, protect=True), "bad_mac"),
    ],
)
def test_what_is_no_push_is_refused(data, reason):
    assert outcome(lambda: heard(data, Reader("", {}))) == reason


def test_a_push_with_another_key_is_refused():
    other = Reader("17", options() | {"encryption_key": bytes(16)})
    with pytest.raises(Refused, match="bad_mac"):
        heard(a_meter().push(TREE, 48, protect=True), other)
