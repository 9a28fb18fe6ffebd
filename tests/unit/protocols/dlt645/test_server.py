"""The simulated meter is strict: it answers what is its, does what is allowed, and says no by name."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645, dlt645_admin, dlt645_meter
from protocols.lines.dlt645_server import Refusal, Server

ADDRESS = "123456789012"
SOON = (2026, 11, 22, 10, 35, 0)
CONTROL = (2, "000000", "0")
WRITE = (4, "111111", "0")
bounded = settings(max_examples=200, deadline=None)


def meter(**store: str) -> Server:
    known = {"00010000": "26000000", "04000503": "0100"}
    return Server(ADDRESS, {key.lstrip("x"): bytes.fromhex(data) for key, data in (known | store).items()})


def answer(server: Server, request: bytes) -> dlt645.Frame:
    (frame,) = dlt645.Framer().feed(server.feed(request))
    assert dlt645_admin.match(dlt645.Framer().feed(request)[0], frame) == ""
    assert frame.address == server.address
    return frame


def refusal(server: Server, request: bytes) -> tuple:
    return dlt645_admin.errors_of(answer(server, request))


# ---- who is meant --------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [ADDRESS, "A" * 12, "AAAAAAAA9012", "AAAAAAAAAAA2"])
def test_reads_by_any_fitting_wildcard_are_answered_with_the_full_address(address):
    assert answer(meter(), dlt645.read(address, 0x00010000)).address == ADDRESS


@pytest.mark.parametrize(
    "request_bytes",
    [
        dlt645.read("1", 0x00010000),
        dlt645.read("AAAAAAAA9013", 0x00010000),
        dlt645.read(dlt645.BROADCAST, 0x00010000),
        dlt645.write("A" * 12, 0x00010000, *WRITE, bytes(4)),
        dlt645.control("A" * 12, dlt645.TRIP, *CONTROL, SOON),
        dlt645.control(dlt645.BROADCAST, dlt645.TRIP, *CONTROL, SOON),
        dlt645_meter.reply(ADDRESS, dlt645.READ, 0x00010000, bytes(4)),
        dlt645.read(ADDRESS, 0x00010000)[:-2] + b"\0\x16",
    ],
    ids=[
        "other",
        "digits",
        "broadcast",
        "write to all",
        "trip to all",
        "trip broadcast",
        "a reply",
        "checksum",
    ],
)
def test_it_is_silent_when_it_is_not_meant(request_bytes):
    server = meter()
    assert server.feed(request_bytes) == b""
    assert not server.relay_open


def test_requests_may_come_in_pieces_and_together():
    server, request = meter(), dlt645.read(ADDRESS, 0x00010000)
    assert b"".join(server.feed(bytes([byte])) for byte in request) == server.feed(request)
    assert server.feed(request + request) == 2 * server.feed(request)


# ---- reads ---------------------------------------------------------------------------------------


def test_long_answers_come_in_numbered_pieces_of_200_bytes():
    data = bytes(range(256)) * 2
    server = meter(x05060001=data.hex())
    frame = answer(server, dlt645.read(ADDRESS, 0x05060001))
    out, seq = dlt645.reply_data(frame)[1], 0
    while frame.control & dlt645.MORE:
        seq += 1
        frame = answer(server, dlt645.read_next(ADDRESS, 0x05060001, seq))
        assert len(frame.data) <= 200
        out += dlt645.reply_data(frame)[1]
    assert (out, seq) == (data, 2)
    assert refusal(server, dlt645.read_next(ADDRESS, 0x05060001, 3)) == ("no_such_data",)
    assert refusal(server, dlt645.read_next(ADDRESS, 0x00010000, 1)) == ("no_such_data",)


def test_unknown_items_functions_and_shapes_are_refused():
    server = meter()
    assert refusal(server, dlt645.read(ADDRESS, 0x00020000)) == ("no_such_data",)
    assert refusal(server, dlt645.encode(ADDRESS, dlt645.READ, bytes(3))) == ("no_such_data",)
    for control in (0x1F, 0x00, 0x05):
        assert refusal(server, dlt645.encode(ADDRESS, control)) == ("other",)
    assert refusal(server, dlt645.encode(ADDRESS, dlt645.READ_ADDRESS, b"1")) == ("other",)


def test_load_records_are_found_by_their_whole_request():
    server = meter(**{"06000001/2/2611221030": "a0"})
    di, tail = dlt645_admin.request("06000001/2/2611221030")
    assert answer(server, dlt645.read(ADDRESS, di, tail)).data[4:] == b"\xa0"
    assert refusal(server, dlt645.read(ADDRESS, di, b"\x03" + tail[1:])) == ("no_such_data",)


# ---- writes and authority ------------------------------------------------------------------------


def test_only_the_right_password_of_a_high_enough_level_writes():
    server = meter()
    for level, password in ((4, "111112"), (5, "111111"), (2, "111111"), (0, "000000"), (0x98, "111111")):
        request = dlt645.write(ADDRESS, 0x00010000, level, password, "0", bytes(4))
        assert refusal(server, request) == ("password",)
    assert refusal(server, dlt645.write(ADDRESS, 0x00020000, *WRITE, bytes(4))) == ("no_such_data",)
    assert refusal(server, dlt645.write(ADDRESS, 0x00010000, *WRITE, bytes(3))) == ("other",)
    assert refusal(server, dlt645.write(ADDRESS, 0x00010000, *WRITE, b"")) == ("other",)
    assert server.store["00010000"] == b"\x26\0\0\0"
    assert answer(server, dlt645.write(ADDRESS, 0x00010000, *WRITE, b"\x27\0\0\0")).data == b""
    assert server.store["00010000"] == b"\x27\0\0\0"
    assert refusal(server, dlt645.write(ADDRESS, 0x00010000, 2, "000000", "0", bytes(4))) == ()


def test_the_address_is_taken_only_with_the_key_pressed():
    server, request = meter(), dlt645_admin.write_address(dlt645.ANY_ADDRESS, "1")
    assert server.feed(request) == b""
    server.programming = True
    assert answer(server, request).control == 0x95
    assert server.address == "000000000001"
    assert answer(server, dlt645.read_address()).data == b"\1" + bytes(5)
    assert server.feed(dlt645.encode(dlt645.ANY_ADDRESS, 0x15, b"\xbb" * 6)) == b""


def test_passwords_change_by_the_same_or_a_higher_level():
    server = meter()
    change = dlt645_admin.set_password
    assert refusal(server, change(ADDRESS, 4, "111111", 2, "222222")) == ("password",)
    assert answer(server, change(ADDRESS, 2, "000000", 4, "333333")).data == b"\x04\x33\x33\x33"
    assert refusal(server, dlt645.write(ADDRESS, 0x00010000, *WRITE, bytes(4))) == ("password",)
    assert refusal(server, dlt645.write(ADDRESS, 0x00010000, 4, "333333", "0", bytes(4))) == ()
    assert refusal(server, dlt645.encode(ADDRESS, 0x18, bytes(12))) == ("no_such_data",)
    assert refusal(server, dlt645.encode(ADDRESS, 0x18, bytes(11))) == ("other",)


@pytest.mark.parametrize("baud", dlt645_admin.SPEEDS)
def test_speeds_are_bits(baud):
    server, request = meter(), dlt645_admin.set_speed(ADDRESS, baud)
    assert answer(server, request).data == bytes([2 << dlt645_admin.SPEEDS.index(baud)])
    assert server.baud == baud


@pytest.mark.parametrize("z", [b"\0", b"\x01", b"\x06", b"\x80"])
def test_a_speed_it_does_not_know_is_refused(z):
    assert refusal(meter(), dlt645.encode(ADDRESS, 0x17, z)) == ("speed",)


def test_clearing_needs_its_level_and_clears_only_its_own():
    server = meter(x01010000="5634123010221126", x03010000="010000", x03010101="01", x03020001="01")
    assert refusal(server, dlt645_admin.clear_meter(ADDRESS, *WRITE)) == ("password",)
    assert refusal(server, dlt645_admin.clear_events(ADDRESS, *WRITE)) == ("password",)
    assert refusal(server, dlt645_admin.clear_demand(ADDRESS, *WRITE)) == ()
    assert server.store["01010000"] == bytes(8)
    assert server.store["00010000"] != bytes(4)
    for di in (0x03010101, 0x000100FF):
        assert refusal(server, dlt645_admin.clear_events(ADDRESS, *CONTROL, di)) == ("no_such_data",)
    assert refusal(server, dlt645_admin.clear_events(ADDRESS, *CONTROL, 0x030101FF)) == ()
    assert (server.store["03010101"], server.store["03020001"]) == (b"\0", b"\1")
    assert refusal(server, dlt645_admin.clear_events(ADDRESS, *CONTROL)) == ()
    assert server.store["03020001"] == b"\0"
    assert refusal(server, dlt645_admin.clear_meter(ADDRESS, *CONTROL)) == ()
    assert server.store["00010000"] == bytes(4)
    assert server.store["04000503"] == b"\1\0"


# ---- control -------------------------------------------------------------------------------------


def control(name: str, valid_until=SOON, password="000000", level=2) -> bytes:
    n1 = dlt645_admin.CONTROLS[name]
    return dlt645.control(ADDRESS, n1, level, password, "1", valid_until, 3)


def test_every_control_shows_in_status_word_3():
    server = meter()
    for name, word in (
        ("alarm", 0x0081),
        ("trip", 0x00D1),
        ("permit_close", 0x00D1),
        ("close", 0x0081),
        ("alarm_off", 0x0001),
        ("trip_permit", 0x0051),
        ("close", 0x0001),
        ("trip_close", 0x0051),
        ("guarantee_on", 0x2051),
        ("close", 0x2001),
        ("guarantee_off", 0x0001),
    ):
        assert refusal(server, control(name)) == ()
        assert server.store["04000503"] == word.to_bytes(2, "little"), name
    assert not server.close_permitted


@pytest.mark.parametrize("name", ["trip", "trip_permit", "trip_close"])
def test_a_guaranteed_meter_refuses_every_trip(name):
    server = meter()
    assert refusal(server, control("guarantee_on")) == ()
    assert refusal(server, control(name)) == ("other",)
    assert not server.relay_open


@pytest.mark.parametrize(
    ("request_bytes", "errors"),
    [
        (control("trip", (2026, 11, 22, 10, 29, 59)), ("other",)),
        (control("trip", password="000001"), ("password",)),
        (control("trip", level=4, password="111111"), ("password",)),
        (dlt645.control(ADDRESS, 0x77, *CONTROL, SOON), ("other",)),
        (control("trip", (2026, 13, 22, 10, 40, 0)), ("other",)),
        (dlt645.encode(ADDRESS, dlt645.CONTROL, bytes(15)), ("other",)),
        (dlt645_admin.sealed_control(ADDRESS, "1", bytes(20)), ("password",)),
    ],
    ids=["too late", "password", "level", "unknown N1", "no time", "length", "sealed, no ESAM"],
)
def test_a_control_that_must_not_act_does_not(request_bytes, errors):
    server = meter()
    assert refusal(server, request_bytes) == errors
    assert not server.relay_open
    assert server.store["04000503"] == b"\1\0"


def test_until_its_last_second_a_control_is_valid():
    assert refusal(meter(), control("trip", (2026, 11, 22, 10, 30, 0))) == ()


class Esam:
    """Stands in for the security module: "seals" by adding 20 bytes of nothing to N1.. ."""

    def open(self, sealed):
        return sealed[:8] if sealed[8:] == bytes(12) else None

    def operate(self, di, operator, data):
        if di == 0x070000FF:
            return operator.encode() + data
        raise Refusal("esam", "customer_no")


def test_what_is_sealed_is_opened_by_the_esam_alone():
    server = meter()
    server.esam = Esam()
    words = bytes([0x1A, 0]) + bytes.fromhex("003510221126")
    assert refusal(server, dlt645_admin.sealed_control(ADDRESS, "1", words + bytes(11) + b"\1")) == (
        "password",
    )
    assert not server.relay_open
    assert refusal(server, dlt645_admin.sealed_control(ADDRESS, "1", words + bytes(12))) == ()
    assert server.relay_open


def test_security_operations_go_to_the_esam_and_errors_are_words():
    server, request = meter(), dlt645_admin.security(ADDRESS, 0x070000FF, "12", b"data")
    assert refusal(server, request) == ("identity",)
    server.esam = Esam()
    assert answer(server, request).data == bytes.fromhex("ff000007") + b"00000012data"
    other = answer(server, dlt645_admin.security(ADDRESS, 0x070001FF, "12", b""))
    assert (other.control, len(other.data)) == (0xC3, 2)
    assert dlt645_admin.errors_of(other) == ("esam", "customer_no")


@pytest.mark.parametrize("signal", dlt645_admin.OUTPUTS)
def test_the_multifunction_output_is_chosen(signal):
    server = meter()
    assert answer(server, dlt645_admin.set_output(ADDRESS, signal)).data == bytes([server.output])
    assert server.output == dlt645_admin.OUTPUTS[signal]
    assert refusal(server, dlt645.encode(ADDRESS, dlt645_admin.OUTPUT, b"\3")) == ("other",)


# ---- clock and freezes ---------------------------------------------------------------------------


def test_broadcast_time_moves_the_clock_a_little_and_once_a_day():
    server = meter()
    for now, told, then in (
        ((2026, 11, 22, 10, 30, 0), (2026, 11, 22, 10, 35, 1), (2026, 11, 22, 10, 30, 0)),
        ((2026, 11, 22, 0, 2, 0), (2026, 11, 22, 0, 3, 0), (2026, 11, 22, 0, 2, 0)),
        ((2026, 11, 22, 10, 30, 0), (2026, 11, 23, 10, 30, 0), (2026, 11, 22, 10, 30, 0)),
        ((2026, 11, 22, 10, 30, 0), (2026, 11, 22, 10, 35, 0), (2026, 11, 22, 10, 35, 0)),
        ((2026, 11, 22, 10, 36, 0), (2026, 11, 22, 10, 35, 0), (2026, 11, 22, 10, 36, 0)),
        ((2026, 11, 23, 10, 36, 0), (2026, 11, 23, 10, 35, 0), (2026, 11, 23, 10, 35, 0)),
    ):
        server.now = now
        assert server.feed(dlt645.broadcast_time(*told)) == b""
        assert server.now == then
    assert server.feed(dlt645.encode(dlt645.BROADCAST, dlt645.BROADCAST_TIME, b"\xff" * 6)) == b""
    assert server.now == (2026, 11, 23, 10, 35, 0)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ((11, 22, 10, 30), "11221030"),
        ((None, 1, 0, 0), "99010000"),
        ((None, None, 0, 0), "99990000"),
        ((None, None, None, 30), "99999930"),
        ((None, None, None, None), "99999999"),
        ((13, 22, 10, 30), ""),
        ((1, 1, 24, 0), ""),
        ((1, 1, 0, 60), ""),
    ],
)
def test_freeze_patterns(pattern, taken):
    server = meter()
    assert refusal(server, dlt645.freeze(ADDRESS, *pattern)) == (() if taken else ("other",))
    assert server.freezes == ([taken] if taken else [])


def test_a_broadcast_freeze_is_obeyed_in_silence():
    server = meter(x0001FF00="26000000")
    for energy in (26, 27, 28, 29):
        server.store["0001FF00"] = bytes([energy, 0, 0, 0])
        assert server.feed(dlt645.freeze(dlt645.BROADCAST)) == b""
    assert [server.store[f"0501010{n}"][0] for n in (1, 2, 3)] == [29, 28, 27]
    assert server.store["05010001"] == bytes.fromhex("3010221126")
    assert refusal(server, dlt645.encode(ADDRESS, dlt645.FREEZE, b"\x30\x99\x22\x11")) == ("other",)
    assert refusal(server, dlt645.encode(ADDRESS, dlt645.FREEZE, b"\xff" * 4)) == ("other",)


# ---- anything ------------------------------------------------------------------------------------

FRAMES = st.builds(
    dlt645.encode,
    st.sampled_from([ADDRESS, "A" * 12, "9" * 12]),
    st.integers(0, 0x7F),
    st.binary(max_size=40),
)


@bounded
@given(st.lists(st.one_of(FRAMES, st.binary(max_size=40)), max_size=5))
def test_whatever_comes_it_answers_frames_or_nothing(pieces):
    server = meter()
    server.esam, server.programming = Esam(), True
    framer = dlt645.Framer()
    for piece in pieces:
        replies = framer.feed(server.feed(piece))
        assert all(
            frame.control & dlt645.FROM_METER and frame.address == server.address for frame in replies[-1:]
        )
    assert (framer.bad, framer.skipped) == (0, 0)


@pytest.mark.parametrize(
    "call",
    [
        lambda: dlt645_admin.write_address(dlt645.ANY_ADDRESS, "A"),
        lambda: dlt645_admin.set_speed(ADDRESS, 300),
        lambda: dlt645_admin.set_output(ADDRESS, "horn"),
        lambda: dlt645_admin.sealed_control(ADDRESS, "1", bytes(19)),
        lambda: dlt645_admin.set_password(ADDRESS, 4, "1234567", 4, "1"),
    ],
)
def test_our_own_mistakes_are_told(call):
    with pytest.raises(ValueError):
        call()
