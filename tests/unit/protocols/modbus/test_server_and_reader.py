"""The simulated line is as strict as the standard, and the reader finds its answer on a bad line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import modbus, modbus_meter
from protocols.lines.refused import Refused
from protocols.meters.readers.modbus import Reader
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

bounded = settings(max_examples=150, deadline=None)


@pytest.fixture
def server():
    return modbus_meter.Server(
        {
            (1, 1): {0: 1, 1: 0, 2: 1, 8: 1},
            (1, 2): dict.fromkeys(range(20), 1),
            (1, 3): {address: address * 257 for address in range(130)} | {200: None},
            (1, 4): {0x0B02: 0xFFFF},
            (1, 0x2B): {0: b"Loadkeeper", 1: b"T" * 200, 2: b"1.0", 0x80: b"\xff\xfe"},
            (2, 3): {0: 7, 1: 9},
        }
    )


def read(server, request, unit="1", fault=None):
    reader = Reader(unit, {})
    return drive(reader.read(request), reader, server, fault)


def write(server, request, data, unit="1"):
    reader = Reader(unit, {})
    return drive(reader.write(request, data), reader, server)


@pytest.mark.parametrize(
    ("request_text", "want"),
    [
        ("3:0x0001:3", "010102020303"),
        ("3:1:1", "0101"),
        ("4:0x0B02:1", "ffff"),
        ("1:0:3", "05"),
        ("2:0:20", "ffff0f"),
    ],
)
def test_values_come_as_on_the_wire(server, request_text, want):
    assert read(server, request_text).hex() == want


def test_the_longest_block_comes_whole(server):
    assert read(server, "3:0:125") == b"".join(bytes([n, n]) for n in range(125))


@pytest.mark.parametrize(
    ("code", "first", "names"),
    [
        (1, 0, {"0": "Loadkeeper", "1": "T" * 200, "2": "1.0"}),
        (3, 0, {"0": "Loadkeeper", "1": "T" * 200, "2": "1.0", "128": b"\xff\xfe"}),
        (2, 2, {"2": "1.0"}),
        (2, 9, {"0": "Loadkeeper", "1": "T" * 200, "2": "1.0"}),  # from the start when it is not there
        (4, 2, {"2": "1.0"}),
    ],
)
def test_identification_is_read_over_as_many_frames_as_it_takes(server, code, first, names):
    server.store[(1, 0x2B)][1] = b"T" * 200
    server.store[(1, 0x2B)][0x80] = b"\xff\xfe"
    assert read(server, f"43:{code}:{first}") == names


@pytest.mark.parametrize(
    ("request_text", "reason"),
    [
        ("3:129:2", "illegal_data_address"),
        ("3:200:1", "server_device_failure"),
        ("43:4:9", "illegal_data_address"),
    ],
)
def test_a_refused_block_says_why(server, request_text, reason):
    with pytest.raises(Refused) as told:
        read(server, request_text)
    assert (told.value.reason, told.value.detail) == ("refused", reason)


def test_a_table_that_the_unit_lacks_is_an_illegal_function(server):
    with pytest.raises(Refused, match="illegal_function"):
        read(server, "1:0:1", unit="2")


def test_writes_change_the_store(server):
    write(server, "6:0x0000", b"\x12\x34")
    write(server, "16:1", b"\x00\x01\x00\x02")
    write(server, "5:1", modbus.ON)
    write(server, "5:2", modbus.OFF)
    write(server, "15:0:3", b"\x03")
    assert [server.store[(1, 3)][a] for a in range(3)] == [0x1234, 1, 2]
    assert [server.store[(1, 1)][a] for a in range(3)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("request_text", "data", "detail"),
    [
        ("6:500", b"\0\0", "illegal_data_address"),
        ("16:129", bytes(4), "illegal_data_address"),
        ("6:200", b"\0\0", "server_device_failure"),
        ("15:0:9", b"\0\0", "illegal_data_address"),
    ],
)
def test_a_refused_write_changes_nothing(server, request_text, data, detail):
    before = {key: dict(table) for key, table in server.store.items()}
    with pytest.raises(Refused, match=detail):
        write(server, request_text, data)
    assert server.store == before


@pytest.mark.parametrize(
    ("wire", "answer"),
    [
        ("0107", "018701"),
        ("0108 0000 1234", "018801"),
        ("0111", "019101"),
        ("0116 0000 0000 0000", "019601"),
        ("0103 0000 0000", "018303"),
        ("0103 0000 007e", "018303"),
        ("0101 0000 07d1", "018103"),
        ("0105 0000 0001", "018503"),
        ("0110 0000 0002 02 0001", "019003"),
        ("0110 0000 0000 02 0001", "019003"),
        ("010f 0000 0009 01 ff", "018f03"),
        ("012b 0d 01 00", "01ab01"),
        ("012b 0e 05 00", "01ab03"),
        ("0303 0000 0001", ""),  # no such unit
        ("0003 0000 0001", ""),  # nobody answers a broadcast
        ("0183 02", ""),  # another server's exception
        ("0103 02 0000", ""),  # another server's reply
        ("010f 0000 0001", ""),  # reply to a write
    ],
)
def test_what_is_wrong_gets_the_exception_of_the_standard(server, wire, answer):
    body = bytes.fromhex(wire)
    got = server.feed(modbus.encode(body[0], body[1], body[2:]))
    assert got[:-2].hex() == answer


def test_a_broadcast_write_reaches_all_units_and_none_answers(server):
    assert server.feed(modbus.write_register(0, 1, b"\x00\x63")) == b""
    assert (server.store[(1, 3)][1], server.store[(2, 3)][1]) == (99, 99)


def test_requests_may_come_in_pieces(server):
    wire = modbus.read(1, 3, 1, 1)
    assert server.feed(wire[:5]) == b""
    assert server.feed(wire[5:]) == modbus.encode(1, 3, b"\x02\x01\x01")


@pytest.mark.parametrize("fault", [echoed, noisy], ids=["echoed", "noisy"])
def test_echo_and_noise_are_passed_over(server, fault):
    assert read(server, "3:1:2", fault=fault) == b"\1\1\2\2"
    assert read(server, "43:1:0", fault=fault)["2"] == "1.0"


def test_a_lost_answer_is_mute(server):
    with pytest.raises(Refused, match="mute"):
        read(server, "3:1:2", fault=lost({0}))


def test_a_late_answer_of_another_length_is_passed_over(server):
    reader, fault = Reader("1", {}), Late()
    assert drive(reader.read("3:1:1"), reader, server, fault) == b"\1\1"
    assert drive(reader.read("3:2:2"), reader, server, fault) == b"\2\2\3\3"


def test_answer_of_another_unit_is_none(server):
    with pytest.raises(Refused, match="mute"):
        read(server, "3:1:1", fault=lambda _n, _request, _reply: modbus.encode(2, 3, b"\2\0\0"))


class Fixed:
    """Says the same to everything."""

    def __init__(self, function, data) -> None:
        self.asked = 0
        self._reply = modbus.encode(1, function, bytes.fromhex(data))

    def feed(self, _data) -> bytes:
        self.asked += 1
        return self._reply


def test_an_identification_that_never_ends_is_given_up_at_once():
    circling = Fixed(0x2B, "0e01 01 ff 00 01 00 01 41")
    with pytest.raises(Refused, match="wrong_sequence"):
        read(circling, "43:1:0")
    assert circling.asked == 1


def test_a_single_object_is_one_frame_whatever_is_said_of_more():
    assert read(Fixed(0x2B, "0e04 01 ff 02 01 01 01 41"), "43:4:1") == {"1": "A"}


def test_while_it_waits_a_reader_looks_for_its_answer_only():
    """Of these 9 bytes the first 8 are a good frame too, and come first."""
    reader = Reader("91", {})
    ask = next(reader.read("1:0:32"))
    framer, wire = reader.FRAMER(), bytes.fromhex("5b0104ce9f9379a200")
    frames = [frame for at in range(len(wire)) for frame in framer.feed(wire[at : at + 1])]
    assert [ask.judge(frame) for frame in frames] == [""]


@pytest.mark.parametrize("address", ["0", "248", "x", ""])
def test_an_impossible_unit_is_our_mistake(address):
    with pytest.raises(ValueError, match=r"unit|invalid"):
        Reader(address, {})


@pytest.mark.parametrize("request_text", ["3", "3:0", "7:0:1", "3:0:1:2", "3:x:1", "16:0:1"])
def test_an_impossible_read_is_our_mistake(request_text):
    with pytest.raises(ValueError, match=r"request|invalid"):
        next(Reader("1", {}).read(request_text))


@pytest.mark.parametrize(
    ("request_text", "data"), [("3:0", b""), ("6:0:1", b"\0\0"), ("6:0", b"\0"), ("15:0", b"\0")]
)
def test_an_impossible_write_is_our_mistake(request_text, data):
    with pytest.raises(ValueError, match=r"request|bytes"):
        next(Reader("1", {}).write(request_text, data))


@bounded
@given(st.binary(max_size=40))
def test_the_line_never_breaks_the_server(data):
    server = modbus_meter.Server({(1, 1): {0: 0}, (1, 3): {0: 0}, (1, 0x2B): {0: b""}})
    wire = modbus.encode(1, data[0] & 0x3F, data[1:]) if data else b""
    assert isinstance(server.feed(data + wire), bytes)


@bounded
@given(st.lists(st.binary(max_size=20), max_size=4), st.sampled_from(["3:0:2", "1:0:9", "43:3:0"]))
def test_random_replies_give_a_value_or_refused(replies, request_text):
    class Line:
        def feed(self, data):
            body = replies.pop() if replies else b""
            return modbus.encode(1, data[1], body) if len(body) % 2 else body

    try:
        assert isinstance(read(Line(), request_text), (bytes, dict))
    except Refused:
        pass


@pytest.mark.parametrize(
    ("function", "name"), [(3, "read_holding"), (0x83, "read_holding-error"), (0x14, "unknown-14")]
)
def test_functions_have_names(function, name):
    assert modbus_meter.function_name(function) == name
