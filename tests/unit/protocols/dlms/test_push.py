"""What meters send by themselves: public captures, and our own meter with every kind of wrapping."""

import pytest

from protocols.lines.dlms import apdu, axdr, clock, hdlc, security
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms import Reader
from tests.unit.protocols.dlms.support import a_meter, a_reader, keys, options, outcome

AT = clock.parse("20261122170500")
TREE = (axdr.STRUCTURE, [(axdr.U32, 7), (axdr.ARRAY, [(axdr.OCTETS, bytes(80)), (axdr.TEXT, "x")])])
VALUES = {"time": AT, "0/0": 7, "0/1/0": bytes(80), "0/1/1": "x"}
# Kaifa MA304H3, list 3, Norway (public, elwiz test data)
KAIFA = bytes.fromhex(
    "7EA09B01020110EEAEE6E7000F40000000090C07E60A100715000AFF800000021209074B464D5F303031091036393730363331343033"
    "37353736313509084D413330344833450600000D6206000000000600000000060000003306000029250600002FED0600001210060000"
    "091506000000000600000929090C07E60A100715000AFF8000000604F00BD4060000000006022388EB060020B37DAB327E"
)


def heard(data: bytes, reader: Reader) -> dict:
    """Frames come alone, as a driver gives them; None when there are no more."""
    run = reader.read("push")
    ask = next(run)
    assert ask.data == b""
    assert ask.wait_ms > 10_000
    frames = [frame for frame in reader.FRAMER().feed(data) if not ask.judge(frame)]
    try:
        for frame in [*frames, None]:
            run.send(frame)
    except StopIteration as end:
        return end.value
    raise AssertionError("wants more after silence")


@pytest.mark.parametrize("transport", ["hdlc", "wrapper"])
@pytest.mark.parametrize("protect", [False, True])
@pytest.mark.parametrize("blocks", [0, 40, 4000])
def test_each_kind_of_push_is_heard(transport, protect, blocks):
    data = a_meter(transport).push(TREE, 48, AT, protect=protect, blocks=blocks)
    assert heard(data, a_reader(transport)) == VALUES


def test_a_kaifa_capture_has_the_values_its_owner_read():
    values = heard(KAIFA, Reader("", {}))
    assert [values[f"0/{at}"] for at in range(3)] == [b"KFM_001", b"6970631403757615", b"MA304H3E"]
    assert [values[f"0/{at}"] for at in range(3, 13)] == [3426, 0, 0, 51, 10533, 12269, 4624, 2325, 0, 2345]
    assert [values[f"0/{at}"] for at in range(14, 18)] == [82840532, 0, 35883243, 2143101]
    assert clock.show(values["time"]) == "2022-10-16 21:00:10"


@pytest.mark.parametrize("size", [20, 60, 200])
def test_a_push_in_hdlc_segments_is_joined(size):
    whole = hdlc.Framer().feed(KAIFA)[0]
    pieces = hdlc.pieces(whole.info, size)
    data = b"".join(
        hdlc.encode(whole.to, whole.by, hdlc.UI, piece, number < len(pieces))
        for number, piece in enumerate(pieces, 1)
    )
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
    frame = hdlc.encode(hdlc.address(16), hdlc.address(1), hdlc.UI, hdlc.FROM_METER + data)
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
        (hdlc.encode(b"\x21", b"\x03", hdlc.UI, b"more", True) * 70, "too_long"),
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
