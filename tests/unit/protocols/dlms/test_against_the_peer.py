"""The public `dlms-cosem` package and we read each other's frames, APDUs, protection; it reads our meter.

Its known faults are kept out of the way: it uses the counter of an ACTION for the proof inside it too; texts,
floats, bit strings, BCD and compact arrays it does not read; an HDLC address byte of 0 it leaves out; a UA
without information, as after DISC, it does not take.
"""

import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from dlms_cosem import cosem as their_cosem
from dlms_cosem import dlms_data, enumerations, utils
from dlms_cosem import security as their_security
from dlms_cosem.clients.dlms_client import ActionError, DataResultError, DlmsClient
from dlms_cosem.connection import XDlmsApduFactory
from dlms_cosem.cosem import selective_access
from dlms_cosem.exceptions import DlmsClientException
from dlms_cosem.hdlc import frames as their_frames
from dlms_cosem.hdlc.address import HdlcAddress
from dlms_cosem.protocol import acse as their_acse
from dlms_cosem.protocol import xdlms
from dlms_cosem.protocol.wrappers import WrapperHeader, WrapperProtocolDataUnit
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import acse, apdu, axdr, clock, cosem, hdlc, meter, security, wrapper
from tests.unit.protocols.dlms.support import STATE, a_meter, keys
from tests.unit.protocols.dlms.test_axdr import signed, unsigned
from tests.vectors.lines.dlms import AUTHENTICATION, ENCRYPTION

bounded = settings(max_examples=60, deadline=None)
SEQUENCE = st.integers(0, 7)
SAMPLES = st.one_of(
    st.tuples(st.just(axdr.OCTETS), st.binary(max_size=200)),
    *[signed(tag, size) for tag, size in ((axdr.I8, 1), (axdr.I16, 2), (axdr.I32, 4), (axdr.I64, 8))],
    *[unsigned(tag, size) for tag, size in ((axdr.U8, 1), (axdr.U16, 2), (axdr.U32, 4), (axdr.U64, 8))],
    unsigned(axdr.ENUM, 1),
)
TREES = st.recursive(
    SAMPLES,
    lambda inner: st.tuples(st.sampled_from([axdr.ARRAY, axdr.STRUCTURE]), st.lists(inner, max_size=4)),
)
ATTRIBUTES = st.builds(
    their_cosem.CosemAttribute,
    st.sampled_from([enumerations.CosemInterface(number) for number in (1, 3, 4, 5, 7, 8, 15, 20, 70)]),
    st.builds(their_cosem.Obis, *[st.integers(0, 255)] * 6),
    st.integers(1, 20),
)


# ---- frames


@bounded
@given(
    st.integers(1, 127),
    st.integers(1, 127),
    SEQUENCE,
    SEQUENCE,
    st.booleans(),
    st.binary(min_size=1, max_size=120),
)
def test_both_build_the_same_hdlc_frames(upper, lower, sent, received, segmented, info):
    server, client = HdlcAddress(upper, lower, "server"), HdlcAddress(16, None, "client")
    ours, master = hdlc.address(upper, lower), hdlc.address(16)
    theirs: list[Any] = [
        their_frames.InformationFrame(server, client, info, segmented, True, sent, received),
        their_frames.SetNormalResponseModeFrame(server, client),
        their_frames.DisconnectFrame(server, client),
        their_frames.ReceiveReadyFrame(server, client, receive_sequence_number=received),
    ]
    assert [frame.to_bytes() for frame in theirs] == [
        hdlc.encode(ours, master, hdlc.information(sent, received), info, segmented),
        hdlc.encode(ours, master, hdlc.SNRM),
        hdlc.encode(ours, master, hdlc.DISC),
        hdlc.encode(ours, master, hdlc.ready(received)),
    ]


@bounded
@given(SEQUENCE, SEQUENCE, st.booleans(), st.binary(min_size=1, max_size=120))
def test_it_reads_the_frames_of_our_meter(sent, received, segmented, info):
    data = hdlc.encode(
        hdlc.address(16), hdlc.address(1, 17), hdlc.information(sent, received), info, segmented
    )
    frame = their_frames.InformationFrame.from_bytes(data)
    assert (frame.send_sequence_number, frame.receive_sequence_number) == (sent, received)
    assert (frame.segmented, frame.payload) == (segmented, info)
    accepted = a_meter().feed(hdlc.encode(hdlc.address(1, 17), hdlc.address(16), hdlc.SNRM))
    ua = their_frames.UnNumberedAcknowledgmentFrame.from_bytes(accepted)
    assert (ua.source_address.logical_address, ua.source_address.physical_address) == (1, 17)


@bounded
@given(st.integers(0, 65535), st.integers(0, 65535), st.binary(min_size=1, max_size=80))
def test_both_wrap_alike(to, by, data):
    theirs = WrapperProtocolDataUnit(data, WrapperHeader(by, to, len(data))).to_bytes()
    assert theirs == wrapper.encode(to, by, data)


# ---- data and APDUs


@bounded
@given(TREES)
def test_it_reads_our_data(tree):
    theirs = utils.parse_as_dlms_data(axdr.encode(tree))

    def alike(value: Any) -> Any:
        return [alike(item) for item in value] if isinstance(value, list) else value

    assert alike(theirs) == axdr.plain(tree)


def test_it_reads_times_as_we_write_them():
    data = dlms_data.DateTimeData.from_bytes(clock.parse("20261122170500"))
    assert data.value[0].isoformat() == "2026-11-22T17:05:00"


@bounded
@given(ATTRIBUTES, st.integers(0, 15), st.integers(0, 0xFFFFFFFF), TREES)
def test_both_build_the_same_requests(attribute, invoke, number, tree):
    who = xdlms.InvokeIdAndPriority(invoke)
    descriptor = (int(attribute.interface), attribute.instance.to_bytes(), attribute.attribute)
    value, called = axdr.encode(tree), their_cosem.CosemMethod(attribute.interface, attribute.instance, 1)
    base = {"invoke": apdu.INVOKE | invoke, "descriptor": descriptor, "selection": None}
    method = {"invoke": apdu.INVOKE | invoke, "descriptor": (*descriptor[:2], 1)}
    with_selection = their_cosem.CosemAttributeWithSelection(attribute, None)
    pairs = [
        (xdlms.GetRequestNormal(attribute, who), "get-request-normal", base),
        (xdlms.GetRequestNext(number, who), "get-request-next", base | {"number": number}),
        (
            xdlms.GetRequestWithList([with_selection] * 3, who),
            "get-request-with-list",
            base | {"descriptors": [(descriptor, None)] * 3},
        ),
        (xdlms.SetRequestNormal(attribute, value, None, who), "set-request-normal", base | {"data": tree}),
        (
            xdlms.ActionRequestNormal(called, value, who),
            "action-request-normal",
            method | {"parameter": tree},
        ),
        (xdlms.ActionRequestNormal(called, None, who), "action-request-normal", method | {"parameter": None}),
    ]
    for theirs, name, fields in pairs:
        assert theirs.to_bytes() == apdu.encode(name, fields)
        assert apdu.decode(theirs.to_bytes()).name == name


@bounded
@given(
    st.integers(0, 15), TREES, st.sampled_from(sorted(apdu.RESULTS)[1:]), st.binary(min_size=1, max_size=60)
)
def test_it_reads_our_responses(invoke, tree, code, raw):
    head: dict = {"invoke": apdu.INVOKE | invoke, "last": True, "number": 3}

    def read(name: str, **fields: Any) -> Any:
        return XDlmsApduFactory.apdu_from_bytes(apdu.encode(name, head | fields))

    assert read("get-response-normal", result=(0, tree)).data == axdr.encode(tree)
    assert read("get-response-normal", result=(code, None)).error == code
    assert read("get-response-block", block=(0, raw)).data == raw
    assert read("get-response-block", block=(0, raw), last=False).block_number == 3
    assert read("get-response-block", block=(code, b"")).error == code
    assert read("set-response-normal", code=code).result == code
    assert read("action-response-normal", code=0, returned=None).status == 0
    assert read("action-response-normal", code=0, returned=(0, tree)).data == axdr.encode(tree)
    failed = XDlmsApduFactory.apdu_from_bytes(
        apdu.encode("exception-response", {"state": 1, "service": (6, 9)})
    )
    assert failed.invocation_counter_data == 9


def test_both_ask_alike_for_a_range():
    start, end = (datetime(2026, 11, day, tzinfo=UTC) for day in (3, 5))
    column = selective_access.CaptureObject(
        their_cosem.CosemAttribute(enumerations.CosemInterface.CLOCK, their_cosem.Obis(0, 0, 1, 0, 0), 2), 0
    )
    theirs = selective_access.RangeDescriptor(column, start, end).to_bytes()
    times = [clock.parse(f"202611{day:02}")[:9] + b"\0\0" + b"\xff" for day in (3, 5)]
    selector, tree = cosem.by_range(*times)
    ours = bytes([selector]) + axdr.encode(tree)
    assert theirs[:20] == ours[:20]
    assert len(theirs) == len(ours)
    assert selective_access.RangeDescriptor.from_bytes(ours).from_value.day == 3


# ---- associations and protection


@pytest.mark.parametrize(
    "mechanism",
    [None, enumerations.AuthenticationMechanism.LLS, enumerations.AuthenticationMechanism.HLS_GMAC],
)
def test_both_build_the_same_association_requests(mechanism):
    wanted = xdlms.Conformance(
        block_transfer_with_get_or_read=True,
        block_transfer_with_set_or_write=True,
        block_transfer_with_action=True,
        multiple_references=True,
        get=True,
        set=True,
        selective_access=True,
        action=True,
    )
    theirs = their_acse.ApplicationAssociationRequest(
        system_title=b"CLI00001",
        authentication=mechanism,
        ciphered=True,
        authentication_value=b"K56iVagY" if mechanism else None,
        user_information=their_acse.UserInformation(
            xdlms.InitiateRequest(wanted, client_max_receive_pdu_size=1024)
        ),
    ).to_bytes()
    fields: dict = {
        "context": "ciphered",
        "title": b"CLI00001",
        "info": acse.initiate_request(acse.LOGICAL_NAMES, 1024),
    }
    if mechanism:
        fields |= {"authenticated": True, "mechanism": int(mechanism), "value": b"K56iVagY"}
    assert acse.encode(acse.AARQ, fields) == theirs
    assert acse.decode(theirs) == (acse.AARQ, fields)


def test_it_reads_our_association_responses():
    info = acse.initiate_response(acse.LOGICAL_NAMES, 500)
    fields = {"context": "plain", "result": 0, "diagnostic": 14, "title": b"MTR00001", "authenticated": True}
    fields |= {"mechanism": 5, "value": b"P6wRJ21F", "info": info}
    theirs = their_acse.ApplicationAssociationResponse.from_bytes(acse.encode(acse.AARE, fields))
    assert theirs.authentication == enumerations.AuthenticationMechanism.HLS_GMAC
    assert (theirs.system_title, theirs.authentication_value) == (b"MTR00001", b"P6wRJ21F")
    assert theirs.user_information.content.server_max_receive_pdu_size == 500
    assert acse.decode(theirs.to_bytes()) == (acse.AARE, fields)
    assert their_acse.ReleaseResponse.from_bytes(acse.encode(acse.RLRE, {"reason": 0})).reason == 0


@bounded
@given(st.binary(min_size=8, max_size=8), st.integers(0, 0xFFFFFFFF), st.binary(min_size=1, max_size=90))
def test_both_protect_and_prove_alike(title, counter, plain):
    both = their_security.SecurityControlField(0, authenticated=True, encrypted=True)
    theirs = their_security.encrypt(both, title, counter, ENCRYPTION, plain, AUTHENTICATION)
    body = keys().seal(title, counter, plain)
    assert body == both.to_bytes() + counter.to_bytes(4, "big") + theirs
    general = xdlms.GeneralGlobalCipher.from_bytes(security.wrap(0xC0, title, body, general=True))
    assert (general.system_title, general.invocation_counter, general.ciphered_text) == (
        title,
        counter,
        theirs,
    )
    assert their_security.decrypt(both, title, counter, ENCRYPTION, body[5:], AUTHENTICATION) == plain
    only = their_security.SecurityControlField(0, authenticated=True)
    tag = their_security.gmac(only, title, counter, ENCRYPTION, AUTHENTICATION, plain)
    assert keys().answer(title, counter, plain) == b"\x10" + counter.to_bytes(4, "big") + tag


# ---- its client reads our meter


def serve(read: Callable[[], bytes], write: Callable[[bytes], Any], server: meter.Server) -> threading.Thread:
    def loop() -> None:
        try:
            while data := read():
                reply = server.feed(data)
                if reply:
                    write(reply)
        except OSError:
            return  # the client has hung up

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    return thread


@contextmanager
def over_tcp(server: meter.Server, **given: Any) -> Iterator[Any]:
    with socket.create_server(("127.0.0.1", 0)) as door:
        client = DlmsClient.with_tcp_transport(
            "127.0.0.1", door.getsockname()[1], server_logical_address=1, **given
        )
        client.connect()
        line, _peer = door.accept()
        thread = serve(lambda: line.recv(4096), line.sendall, server)
        try:
            yield client
        finally:
            client.disconnect()
            thread.join(5)
            line.close()


@contextmanager
def over_hdlc(server: meter.Server, **given: Any) -> Iterator[Any]:
    ours, theirs = os.openpty()
    client: Any = DlmsClient.with_serial_hdlc_transport(
        os.ttyname(theirs), server_logical_address=1, server_physical_address=17, timeout=5, **given
    )
    thread = serve(lambda: os.read(ours, 4096), lambda data: os.write(ours, data), server)
    try:
        client.connect()
        yield client
    finally:
        client.io_interface._serial.close()
        os.close(theirs)
        thread.join(5)
        os.close(ours)


MECHANISM = enumerations.AuthenticationMechanism
WHO: dict[str, dict[str, Any]] = {
    "none": {"client_logical_address": 16},
    "lls": {"client_logical_address": 32, "authentication_method": MECHANISM.LLS, "password": b"12345678"},
    "hls5": {
        "client_logical_address": 48,
        "authentication_method": MECHANISM.HLS_GMAC,
        "encryption_key": ENCRYPTION,
        "authentication_key": AUTHENTICATION,
        "client_system_title": b"CLI00001",
        "client_initial_invocation_counter": 1,
    },
}
LINES = {"hdlc": over_hdlc, "wrapper": over_tcp}


def attribute(number: int, name: str, which: int) -> their_cosem.CosemAttribute:
    obis = their_cosem.Obis.from_bytes(cosem.name_bytes(name))
    return their_cosem.CosemAttribute(enumerations.CosemInterface(number), obis, which)


@pytest.mark.parametrize("how", WHO)
@pytest.mark.parametrize("transport", LINES)
def test_its_client_reads_our_meter(transport, how):
    server = a_meter(transport)
    with LINES[transport](server, **WHO[how]) as client:
        client.associate()
        energy = client.get(attribute(3, "1-0:1.8.0*255", 2))
        assert utils.parse_as_dlms_data(energy) == 123456
        rows = client.get(attribute(7, "1-0:99.1.0*255", 2))
        assert [row[1] for row in utils.parse_as_dlms_data(rows)] == [day * 100 for day in range(1, 31)]
        with pytest.raises(DataResultError, match="OBJECT_UNDEFINED"):
            client.get(attribute(1, "0-0:96.1.9*255", 2))
        assert client.release_association().reason == 0


@pytest.mark.parametrize("transport", LINES)
def test_its_client_asks_for_rows_lists_and_changes(transport):
    server = a_meter(transport)
    with LINES[transport](server, **WHO["hls5"]) as client:
        client.associate()
        column = selective_access.CaptureObject(attribute(8, "0-0:1.0.0*255", 2), 0)
        start, end = (datetime(2026, 11, day, tzinfo=UTC) for day in (3, 5))
        asked = selective_access.RangeDescriptor(column, start, end)
        rows = utils.parse_as_dlms_data(client.get(attribute(7, "1-0:99.1.0*255", 2), asked))
        assert [row[1] for row in rows] == [300, 400, 500]
        both = [attribute(3, "1-0:1.8.0*255", 2), attribute(1, "0-0:96.1.0*255", 2)]
        answer = client.get_many([their_cosem.CosemAttributeWithSelection(one, None) for one in both])
        assert [result.value for result in answer.response_data] == [123456, bytearray(b"12345678")]
        assert client.set(attribute(1, "0-0:96.1.0*255", 2), axdr.encode((axdr.OCTETS, b"new"))).result == 0
        assert server.store[1, cosem.name_bytes("0-0:96.1.0*255"), 2] == (axdr.OCTETS, b"new")
        obis = their_cosem.Obis.from_bytes(cosem.DISCONNECT_NAME)
        method = their_cosem.CosemMethod(enumerations.CosemInterface.DISCONNECT_CONTROL, obis, 1)
        client.action(method, axdr.encode((axdr.I8, 0)))
        assert server.store[STATE] == (axdr.ENUM, 0)
        with pytest.raises(ActionError):
            client.action(their_cosem.CosemMethod(enumerations.CosemInterface.CLOCK, obis, 1), b"\x0f\0")


def test_its_client_is_refused_with_a_wrong_password():
    who = WHO["lls"] | {"password": b"wrong"}
    with (
        over_tcp(a_meter("wrapper"), **who) as client,
        pytest.raises(DlmsClientException, match="AUTHENTICATION_FAILED"),
    ):
        client.associate()


def test_our_float_is_that_of_struct():
    assert axdr.decimal(struct.pack(">f", 230.1)) == (2301, -1)
