"""A simulated meter as strict as a real one, and the reader on a bad line."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import cjt188, cjt188_meter
from protocols.lines.refused import Refused
from protocols.meters.readers.cjt188 import Reader
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

ADDRESS = "78330011223344"
TOTALS = bytes.fromhex("00776655 2c 00776655 2c 31012211051520 0000")
bounded = settings(max_examples=150, deadline=None)


def new_server(**more) -> cjt188_meter.Server:
    store = {
        0x901F: TOTALS,
        0xD120: bytes.fromhex("132333432c"),
        0x8106: b"\3",
        0xA015: bytes(7),
        0xA016: bytes(5),
    }
    return cjt188_meter.Server(ADDRESS, store, **more)


@pytest.fixture
def server():
    return new_server()


def read(server, request, address=ADDRESS, options=None, fault=None):
    reader = Reader(address, options or {})
    return drive(reader.read(request), reader, server, fault)


def test_the_data_behind_an_identifier_comes_as_it_is(server):
    assert read(server, "901F") == TOTALS
    assert read(server, "D120") == bytes.fromhex("132333432c")
    assert read(server, "8106") == b"\3"


def test_values_come_with_the_scale_of_their_unit(server):
    assert read(server, "901F:values") == {
        "volume_now": (55667700, -2),
        "volume_settled": (55667700, -2),
        "time": (1431381691, 0),
        "status": 0,
    }
    server.store[0xD120] = bytes.fromhex("ffffffff2c")
    assert read(server, "D120:values") == {"volume_settled": None}


@pytest.mark.parametrize("kind", ["10", "AA"])
def test_the_wildcard_finds_the_single_meter(server, kind):
    assert read(server, "810A", "A" * 14, {"type": kind}) == cjt188.address_bytes(ADDRESS)
    assert read(server, "901F", "A" * 14, {"type": kind}) == TOTALS


def test_a_heat_meter_answers_to_its_own_type_only():
    server = new_server(kind=cjt188.HEAT)
    assert read(server, "8106", options={"type": "20"}) == b"\3"
    with pytest.raises(Refused, match="mute"):
        read(server, "8106", options={"type": "10"})


def test_a_meter_with_the_high_byte_first():
    server = new_server(high_first=True)
    assert read(server, "901F", options={"di_high_first": True}) == TOTALS
    with pytest.raises(Refused, match="refused"):
        read(server, "901F")


def test_a_short_address_is_filled_with_zeros():
    server = new_server()
    server.address = "00000000000042"
    assert read(server, "901F", "42") == TOTALS


@pytest.mark.parametrize("request_text", ["9020", "A017", "A015", "8102"])
def test_an_unknown_item_is_refused_with_the_status_of_the_meter(server, request_text):
    server.status = b"\x05\x80"
    del server.store[0xA015]
    with pytest.raises(Refused) as told:
        read(server, request_text)
    assert (told.value.reason, told.value.detail) == ("refused", "valve_closed battery_low")


def test_the_valve_closes_and_opens(server):
    reader = Reader(ADDRESS, {})
    assert drive(reader.control("valve_close", {}), reader, server) == b"\1\0"
    assert server.status == b"\1\0"
    assert drive(reader.control("valve_open", {}), reader, server) == b"\0\0"
    assert server.status == b"\0\0"


@pytest.mark.parametrize("name", ["close", "open", "trip", ""])
def test_another_control_is_our_mistake_and_sends_nothing(name):
    with pytest.raises(ValueError, match="no control"):
        next(Reader(ADDRESS, {}).control(name, {}))


def test_no_valve_is_moved_by_the_wildcard():
    with pytest.raises(ValueError, match="AAAAAAAAAAAAAA"):
        next(Reader("A" * 14, {}).control("valve_close", {}))


def test_writes_change_the_store(server):
    reader = Reader(ADDRESS, {})
    assert drive(reader.write("A015", bytes.fromhex("40501216071520")), reader, server) == b""
    assert server.store[0xA015] == bytes.fromhex("40501216071520")
    assert drive(reader.write("A016", bytes.fromhex("785634122c")), reader, server) == b"\0\0"
    with pytest.raises(Refused, match="refused"):
        drive(reader.write("A015", b"\0"), reader, server)
    with pytest.raises(Refused, match="refused"):
        drive(reader.write("A017", b"\x77"), reader, server)


def test_a_new_address_is_taken(server):
    reader = Reader(ADDRESS, {})
    drive(reader.write("A018", bytes.fromhex("05000000003378")), reader, server)
    assert server.address == "78330000000005"
    assert read(server, "901F", "78330000000005") == TOTALS


@pytest.mark.parametrize("fault", [echoed, noisy, Late()], ids=["echoed", "noisy", "late"])
def test_echo_noise_and_old_answers_are_passed_over(server, fault):
    reader = Reader(ADDRESS, {})
    assert drive(reader.read("8106"), reader, server, fault) == b"\3"
    assert drive(reader.read("901F"), reader, server, fault) == TOTALS


def test_the_same_question_again_does_not_take_the_old_answer(server):
    """SER grows: the late reply to the first read of an item is not that to the second."""
    reader = Reader(ADDRESS, {})
    old = []
    with pytest.raises(Refused, match="mute"):
        drive(reader.read("901F"), reader, server, lambda _n, _request, reply: old.append(reply) or b"")
    server.store[0x901F] = bytes(19)
    assert drive(reader.read("901F"), reader, server, lambda _n, _request, reply: old[0] + reply) == bytes(19)


@pytest.mark.parametrize(
    ("kind", "totals", "volume"),
    [(cjt188.COLD_WATER, TOTALS, 55667700), (0x30, TOTALS[:1] + b"\x12" + TOTALS[2:], 55661200)],
    ids=["water", "gas"],
)
def test_the_totals_of_water_and_gas_meters(kind, totals, volume):
    server, options = new_server(kind=kind), {"type": f"{kind:02X}"}
    server.store[0x901F] = totals
    assert read(server, "901F", options=options) == totals
    assert read(server, "901F:values", options=options)["volume_now"] == (volume, -2)


def test_ser_begins_anew_after_255(server):
    reader = Reader(ADDRESS, {})
    for _ in range(300):
        assert drive(reader.read("8106"), reader, server) == b"\3"


@pytest.mark.parametrize(
    ("function", "di"),
    [
        (cjt188.READ, "0681"),
        (cjt188.READ_KEY, "1f90"),
        (cjt188.READ_ADDRESS, "1f90"),
        (cjt188.WRITE, "18a0"),
        (0x2A, "1f90"),
    ],
)
def test_an_identifier_with_another_function_is_refused(server, function, di):
    data = bytes.fromhex(di) + b"\1" + (bytes(7) if function == cjt188.WRITE else b"")
    (answer,) = cjt188.Framer().feed(server.feed(cjt188.encode(0x10, ADDRESS, function, data)))
    assert answer.control == function | cjt188.FROM_METER | cjt188.ERROR


def test_a_lost_answer_is_mute(server):
    with pytest.raises(Refused, match="mute"):
        read(server, "901F", fault=lost({0}))


@pytest.mark.parametrize(
    ("address", "options"),
    [("1" * 15, {}), ("12G4", {}), ("1" * 14, {"type": "50"}), ("12", {"type": "x"})],
)
def test_an_impossible_meter_is_our_mistake(address, options):
    with pytest.raises(ValueError, match=r"digit|type|invalid"):
        Reader(address, options)


@pytest.mark.parametrize(
    ("name", "wire"),
    [
        ("wrong checksum", "68104433221100337801031f900081 16"),
        ("another meter", "68104533221100337801031f900081 16"),
        ("a reply", "68104433221100337881031f9000 00 16"),
        ("no identifier", "681044332211003378010000 16"),
    ],
)
def test_the_meter_is_silent_to(server, name, wire):
    frame = bytearray.fromhex(wire)
    if name != "wrong checksum":
        frame[-2] = sum(frame[:-2]) & 0xFF
    assert server.feed(bytes(frame)) == b"", name


@bounded
@given(st.binary(max_size=40))
def test_the_line_never_breaks_the_server(data):
    wire = cjt188.encode(0x10, "A" * 14, data[0] & 0x3F, data[1:]) if data else b""
    assert isinstance(new_server().feed(data + wire), bytes)


@bounded
@given(st.binary(max_size=60), st.integers(0, 255), st.sampled_from(["901F", "901F:values", "810A"]))
def test_random_replies_give_a_value_or_refused(body, control, request_text):
    class Line:
        def feed(self, data):
            (asked,) = cjt188.Framer().feed(data)
            return cjt188.encode(0x10, ADDRESS, control, asked.data[:3] + body)

    try:
        assert isinstance(read(Line(), request_text), (bytes, dict))
    except Refused:
        pass


@pytest.mark.parametrize(
    ("control", "name"), [(1, "read"), (0x81, "read-reply"), (0xC4, "write-error"), (0x2A, "unknown-2A")]
)
def test_functions_have_names(control, name):
    assert cjt188_meter.function_name(control) == name
