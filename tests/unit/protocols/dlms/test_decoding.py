"""DLMS for people: HDLC, wrapper, bare APDUs, and what is wrong with the rest."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import acse, apdu, axdr, cosem, hdlc, security, wrapper
from station.decoding.dlms import decode
from station.decoding.refused import Refused
from tests.unit.protocols.dlms.support import a_meter, a_reader, keys
from tests.unit.protocols.dlms.test_push import KAIFA
from tests.unit.protocols.drive import drive

# u9n/dlms-cosem tests (MIT)
SNRM = bytes.fromhex("7ea00802232193bd647e")
UA = bytes.fromhex("7EA01F21022373E6C781801205019A06019A070400000001080400000001CCA27E")
# Aidon list 1, Norway (public)
AIDON = bytes.fromhex(
    "7EA02A410883130413E6E7000F40000000000101020309060100010700FF060000020002020F00161BC12C7E"
)
# AARQ with password, Green Book
AARQ = bytes.fromhex(
    "6036a1090607608574050801018a0207808b0760857405080201ac0a80083132333435363738be10040e01000000065f1f0400007e1f04b0"
)


def test_a_capture_reads_like_the_meter_meant_it():
    (item,) = decode(AIDON)
    assert item["ok"]
    assert item["frame"] == {
        "transport": "hdlc",
        "to": "32",
        "from": "4/65",
        "control": "UI",
        "segmented": False,
    }
    obis, value, scaler = item["apdu"]["data"][0]
    assert obis == {"type": "octets", "value": "0100010700ff", "name": "1-0:1.7.0*255"}
    assert value == {"type": "u32", "value": 512}
    assert scaler == {"type": "scaler_unit", "scale": 0, "unit": "W"}


def test_texts_and_times_are_shown_beside_their_bytes():
    (item,) = decode(KAIFA)
    assert item["apdu"]["time"] == "2022-10-16 21:00:10"
    assert item["apdu"]["data"][0] == {"type": "octets", "value": "4b464d5f303031", "text": "KFM_001"}
    assert item["apdu"]["data"][13]["time"] == "2022-10-16 21:00:10"


def test_link_parameters_are_shown():
    first, second = decode(SNRM + UA)
    assert (first["frame"]["control"], first["frame"]["to"]) == ("SNRM", "1/17")
    assert (second["frame"]["sends"], second["frame"]["takes"]) == (154, 154)


def test_a_segmented_message_is_shown_with_its_last_frame():
    frame = hdlc.Framer().feed(KAIFA)[0]
    parts = [hdlc.encode(frame.to, frame.by, hdlc.UI, frame.info[:50], True)]
    parts.append(hdlc.encode(frame.to, frame.by, hdlc.UI, frame.info[50:]))
    first, second = decode(b"".join(parts))
    assert "part of a longer message" in first["note"]
    assert second["apdu"] == decode(KAIFA)[0]["apdu"]


@pytest.mark.parametrize("transport", ["hdlc", "wrapper"])
@pytest.mark.parametrize("how", ["none", "lls", "hls5"])
def test_every_frame_of_a_session_is_shown_without_secrets(transport, how):
    line = bytearray()

    def tap(_number, request, reply) -> bytes:
        line.extend(request + reply)
        return reply

    reader, server = a_reader(transport, how), a_meter(transport)
    request = "3:1-0:1.8.0*255:2,7:1-0:99.1.0*255:2@1..2,1:0-0:96.1.9*255:2"
    drive(reader.read(request), reader, server, tap)
    if how != "none":
        drive(reader.write("1:0-0:96.1.0*255:2", axdr.encode((axdr.OCTETS, bytes(400)))), reader, server, tap)
        drive(reader.control("disconnect", {}), reader, server, tap)
    drive(reader.close(), reader, server, tap)
    items = decode(bytes(line))
    text = json.dumps(items)
    assert all(item["ok"] for item in items)
    assert "3132333435363738" not in text, "the password, in hexadecimal"
    names = [item["apdu"]["name"] for item in items if "apdu" in item]
    assert names[:2] == ["AARQ", "AARE"]
    if how == "hls5":
        assert "ciphered" in names
    else:
        assert "get-request-with-list" in names
        assert "register.scaler_unit" in text
        assert how == "none" or "disconnect_control.remote_disconnect" in text
        assert "object-undefined" in text


def test_a_password_is_not_shown():
    (item,) = decode(AARQ)
    assert item["apdu"]["value"] == "not shown"
    assert (item["apdu"]["mechanism"], item["apdu"]["context"]) == ("lls", "plain")
    assert "get" in item["apdu"]["info"]["apdu"]["conformance"]
    dedicated = acse.initiate_request(acse.LOGICAL_NAMES, 500, b"0123456789abcdef")
    assert decode(dedicated)[0]["apdu"]["dedicated"] == "not shown"


def test_what_is_ciphered_says_how():
    body = keys().seal(b"MTR00001", 77, b"\xc0secret")
    (item,) = decode(security.wrap(0xC0, b"MTR00001", body, general=True))
    shown = item["apdu"]
    assert (shown["counter"], shown["title"], shown["suite"]) == (77, b"MTR00001".hex(), 0)
    assert shown["protection"] == ["authenticated", "encrypted"]


@pytest.mark.parametrize(
    ("name", "fields", "part", "text"),
    [
        ("exception-response", {"state": 1, "service": (6, 9)}, "service", "invocation-counter-error"),
        ("confirmed-service-error", {"error": (1, 6, 1)}, "error", "initiate"),
        ("set-response-with-list", {"invoke": 193, "codes": [0, 3]}, "codes", "read-write-denied"),
        (
            "get-response-block",
            {"invoke": 193, "last": True, "number": 2, "block": (14, b"")},
            "block",
            "unavailable",
        ),
        (
            "get-request-normal",
            {"invoke": 193, "descriptor": (7, bytes(6), 2), "selection": cosem.by_entry(1, 2)},
            "selection",
            "u32",
        ),
    ],
)
def test_codes_have_names(name, fields, part, text):
    (item,) = decode(apdu.encode(name, fields))
    assert text in json.dumps(item["apdu"][part])


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "no bytes"),
        (SNRM[:-4] + b"\0\0\0\x7e", "checksum is 0000, computed"),
        (SNRM[:-1], "truncated: length 8 asks for 10 bytes, 9 are here"),
        (SNRM[:-1] + b"\0", "closing flag is 00"),
        (b"\x7e\xb0\x08", "format is B0"),
        (b"\x7e\xa0\x03\x7e", "length 3 is too small"),
        (b"\x7e", "truncated"),
        (b"\0\1\0\x10\0\1\0\x20\xc0\1", "truncated: the wrapper asks for 40 bytes, 10 are here"),
        (b"\0\1\0\x10\0\1\0\x01\x05", "stands 05, no APDU"),
        (b"\xff\x01", "a function that is not known (FF)"),
        (b"\x00\x00" + SNRM[:-4] + b"\0\0\0\x7e", "checksum"),
        (hdlc.encode(b"\x02\x04\x05", b"\x21", hdlc.SNRM), "addresses"),
    ],
)
def test_what_is_wrong_is_said(data, text):
    with pytest.raises(Refused) as caught:
        decode(data)
    assert text in str(caught.value)


def test_broken_frames_beside_good_ones_are_counted():
    items = decode(SNRM[:-4] + b"\0\0\0" + SNRM)
    assert [item["ok"] for item in items] == [True, False]
    wrapped = wrapper.encode(1, 16, b"\xc0\x02\xc1\0\0\0\1")
    assert decode(wrapped + b"\0\1\0\1\0\1\0\0\0\0")[1]["reason"] == "1 broken beside the good frames"


def test_an_apdu_that_cannot_be_read_keeps_its_frame():
    (item,) = decode(hdlc.encode(b"\x21", b"\x03", hdlc.UI, hdlc.FROM_METER + b"\xc4\x09"))
    assert not item["ok"]
    assert item["frame"]["control"] == "UI"
    assert "not known" in item["reason"]


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from([b"", SNRM, AIDON[:-1], b"\0\1\0\1\0\1\0\5", AARQ[:20], b"\xc4\x01\xc1\0", b"\xdb\x08"]),
    st.binary(max_size=80),
)
def test_any_bytes_give_objects_or_a_text(head, tail):
    for data in (head + tail, hdlc.encode(b"\x21", b"\x03", hdlc.UI, head[:60] + tail)):
        try:
            json.dumps(decode(data))
        except Refused:
            pass
