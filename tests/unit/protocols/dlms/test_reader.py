"""The reader against the simulated meter: HDLC and wrapper, every association, good and bad lines."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import axdr, clock, cosem, hdlc, meter, wrapper
from protocols.lines.refused import REASONS, Refused
from protocols.meters.readers.dlms import Reader, parse
from tests.unit.protocols.dlms.support import (
    CLOCK,
    CONNECTED,
    DISCONNECTED,
    ENERGY,
    PROFILE,
    SERIAL,
    STATE,
    WAYS,
    a_meter,
    a_reader,
    options,
    outcome,
)
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

bounded = settings(max_examples=60, deadline=None)
ways = pytest.mark.parametrize(("transport", "how"), WAYS)
NOON = clock.parse("20261122170500")


def nothing(_number, _request, reply) -> bytes:
    return reply


@ways
@pytest.mark.parametrize("fault", [nothing, echoed, noisy, Late], ids=["good", "echoed", "noisy", "late"])
def test_everything_is_read_and_written_on_any_line(transport, how, fault):
    line, reader, server = fault() if fault is Late else fault, a_reader(transport, how), a_meter(transport)
    values = drive(reader.read(f"{ENERGY},{SERIAL},{CLOCK},1:0-0:96.1.9*255:2"), reader, server, line)
    assert values == {"0": (123456, -2), "1": b"12345678", "2": NOON, "3": None}
    assert len(drive(reader.read(PROFILE), reader, server, line)) == 60, "thirty rows in blocks"
    if how != "none":
        drive(reader.write(SERIAL, axdr.encode((axdr.OCTETS, bytes(600)))), reader, server, line)
        assert drive(reader.read(SERIAL), reader, server, line) == {"0": bytes(600)}
        drive(reader.control("disconnect", {}), reader, server, line)
        assert server.store[STATE][1] == DISCONNECTED
        drive(reader.control("reconnect", {}), reader, server, line)
        assert server.store[STATE][1] == CONNECTED
    assert drive(reader.close(), reader, server, line) is None


@pytest.mark.parametrize(
    ("rows", "days"),
    [
        ("20261103..20261105", [3, 4, 5]),
        ("20261129120000..20261231", [30]),
        ("1..2", [1, 2]),
        ("29..0", [29, 30]),
        ("20270101..20270102", []),
    ],
)
def test_rows_of_a_profile_are_selected(rows, days):
    reader, server = a_reader(how="none"), a_meter()
    values = drive(reader.read(f"{PROFILE}@{rows}"), reader, server)
    assert [values[f"0/{at}/1"] for at in range(len(values) // 2)] == [day * 100 for day in days]


def test_columns_of_a_profile_are_selected():
    """By range of the meter's own columns, by entry by number; the reader asks for all, others may not."""
    objects, descriptor = a_meter().objects, parse(PROFILE)[0]
    energy = cosem.capture_object(3, cosem.name_bytes("1-0:1.8.0*255"), 2)
    selector, tree = cosem.by_range(clock.parse("20261103"), clock.parse("20261103"))
    tree[1][3] = (axdr.ARRAY, [energy])
    assert objects.get(descriptor, (selector, tree))[1] == (axdr.ARRAY, [(axdr.STRUCTURE, [(axdr.U32, 300)])])
    selector, tree = cosem.by_entry(3, 3)
    tree[1][2] = (axdr.U16, 2)
    assert objects.get(descriptor, (selector, tree))[1] == (axdr.ARRAY, [(axdr.STRUCTURE, [(axdr.U32, 300)])])
    assert objects.get(descriptor, (3, tree))[0] != 0
    assert objects.get(parse(SERIAL)[0], (selector, tree))[0] != 0


@ways
def test_scalers_are_read_once(transport, how):
    asked = []

    def line(_number, request, reply) -> bytes:
        asked.append(request)
        return reply

    reader, server = a_reader(transport, how), a_meter(transport)
    assert drive(reader.read(ENERGY), reader, server, line) == {"0": (123456, -2)}
    server.store[3, cosem.name_bytes("1-0:1.8.0*255"), 3] = (axdr.STRUCTURE, [(axdr.I8, 9), (axdr.ENUM, 30)])
    asked.clear()
    assert drive(reader.read(ENERGY), reader, server, line) == {"0": (123456, -2)}
    assert len(asked) == 1


def test_a_list_that_a_meter_does_not_take_is_read_one_by_one():
    server = a_meter()
    reader = a_reader(how="none")
    drive(reader.read(SERIAL), reader, server)
    reader._session.conformance = 0
    assert drive(reader.read(f"{ENERGY},{SERIAL}"), reader, server) == {"0": (123456, -2), "1": b"12345678"}


@pytest.mark.parametrize("frame", [128, 300, 2000])
def test_frame_lengths_are_agreed_on(frame):
    """A message longer than a frame goes in segments both ways."""
    longest = []

    def line(_number, request, reply) -> bytes:
        longest.append(max(len(request), len(reply)))
        return reply

    reader, server = a_reader(how="lls", frame=frame, max_pdu=2048), a_meter(frame=frame, max_pdu=2048)
    drive(reader.write(SERIAL, axdr.encode((axdr.OCTETS, bytes(900)))), reader, server, line)
    assert drive(reader.read(SERIAL), reader, server, line) == {"0": bytes(900)}
    assert max(longest) <= frame + 12


@pytest.mark.parametrize("size", [1, 2, 4])
def test_addresses_of_each_size_find_the_meter(size):
    reader = Reader("" if size == 1 else "17", options(how="none", address_size=size))
    assert drive(reader.read(SERIAL), reader, a_meter()) == {"0": b"12345678"}


# ---- silence


@pytest.mark.parametrize("gone", range(6))
def test_hdlc_asks_once_more_after_silence(gone):
    reader, server = a_reader(), a_meter()
    assert drive(reader.read(ENERGY), reader, server, lost({gone})) == {"0": (123456, -2)}


def test_a_lost_request_is_sent_again_when_the_meter_has_not_seen_it():
    class Deaf:
        """Does not hear its fifth frame."""

        def __init__(self) -> None:
            self.inner, self.heard = a_meter(), 0

        def feed(self, data: bytes) -> bytes:
            self.heard += 1
            return b"" if self.heard == 5 else self.inner.feed(data)

    reader = a_reader()
    assert drive(reader.read(ENERGY), reader, Deaf()) == {"0": (123456, -2)}


@ways
def test_silence_is_told_and_the_next_read_opens_anew(transport, how):
    reader, server = a_reader(transport, how), a_meter(transport)
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, lost(set(range(99))))) == "mute"
    assert drive(reader.read(SERIAL), reader, server) == {"0": b"12345678"}
    assert outcome(lambda: drive(reader.read(SERIAL), reader, server, lost(set(range(99))))) == "mute"
    assert drive(reader.read(SERIAL), reader, server) == {"0": b"12345678"}


@ways
def test_a_session_the_meter_has_dropped_is_opened_again(transport, how):
    reader, server = a_reader(transport, how), a_meter(transport)
    drive(reader.read(SERIAL), reader, server)
    fresh = a_meter(transport)
    fresh.seen = server.seen
    fresh.state = server.state
    assert drive(reader.read(SERIAL), reader, fresh) == {"0": b"12345678"}
    if how != "none":
        again = a_meter(transport)
        again.seen, again.state = fresh.seen, fresh.state
        drive(reader.control("disconnect", {}), reader, again)
        assert again.store[STATE][1] == DISCONNECTED


@pytest.mark.parametrize("transport", ["hdlc", "wrapper"])
def test_a_control_is_sent_once_whatever_is_lost(transport):
    reader, tries = a_reader(transport), []
    server: Any = a_meter(transport)
    drive(reader.read(f"70:0-0:96.3.10*255:2,{SERIAL}"), reader, server)
    act = server.objects.act
    server.objects.act = lambda *args: tries.append(1) or act(*args)
    assert (
        outcome(lambda: drive(reader.control("disconnect", {}), reader, server, lost({1, 2, 3, 4}))) == "mute"
    )
    assert len(tries) == 1
    assert drive(reader.read("70:0-0:96.3.10*255:3"), reader, server) == {"0": DISCONNECTED}


def test_close_is_over_even_when_nobody_answers():
    reader, server = a_reader("wrapper"), a_meter("wrapper")
    drive(reader.read(SERIAL), reader, server)
    assert drive(reader.close(), reader, server, lost(set(range(9)))) is None
    assert drive(reader.close(), reader, server) is None
    assert drive(reader.read(SERIAL), reader, server) == {"0": b"12345678"}


# ---- refusals


@ways
def test_one_attribute_that_is_not_there_is_refused_by_name(transport, how):
    reader = a_reader(transport, how)
    with pytest.raises(Refused) as caught:
        drive(reader.read("1:0-0:96.1.9*255:2"), reader, a_meter(transport))
    assert (caught.value.reason, caught.value.detail) == ("refused", "object-undefined")


@pytest.mark.parametrize(
    ("request_text", "detail"),
    [("3:0-0:96.1.0*255:2", "object-class-inconsistent"), ("1:0-0:96.1.0*255:7", "read-write-denied")],
)
def test_other_refusals_have_their_names(request_text, detail):
    reader = a_reader(how="none")
    with pytest.raises(Refused, match=detail):
        drive(reader.read(request_text), reader, a_meter())


def test_writes_are_refused_by_type_place_and_right():
    server = a_meter()
    for how, request, tree, detail in (
        ("lls", SERIAL, (axdr.U8, 1), "type-unmatched"),
        ("lls", "1:0-0:96.1.9*255:2", (axdr.U8, 1), "object-undefined"),
        ("lls", PROFILE, (axdr.ARRAY, []), "read-write-denied"),
        ("none", SERIAL, (axdr.OCTETS, b"1"), "read-write-denied"),
        ("none", SERIAL, (axdr.OCTETS, bytes(999)), "read-write-denied"),
    ):
        reader = a_reader(how=how)
        with pytest.raises(Refused, match=detail):
            drive(reader.write(request, axdr.encode(tree)), reader, server)


@pytest.mark.parametrize(("mode", "state"), [(2, CONNECTED), (4, CONNECTED), (1, 2), (3, 2), (5, 2), (6, 2)])
def test_a_reconnect_may_leave_the_last_step_to_a_hand(mode, state):
    reader, server = a_reader(), a_meter()
    server.store[70, cosem.DISCONNECT_NAME, 4] = (axdr.ENUM, mode)
    drive(reader.control("disconnect", {}), reader, server)
    drive(reader.control("reconnect", {"name": "0-0:96.3.10*255"}), reader, server)
    assert server.store[STATE][1] == state


def test_mode_zero_cannot_be_switched():
    reader, server = a_reader(), a_meter()
    server.store[70, cosem.DISCONNECT_NAME, 4] = (axdr.ENUM, 0)
    with pytest.raises(Refused, match="read-write-denied"):
        drive(reader.control("disconnect", {}), reader, server)


@pytest.mark.parametrize(
    "given",
    [
        {"transport": "carrier pigeon"},
        {"encryption_key": b"short"},
        {"system_title": b"short"},
        {"state": None},
        {"random": None},
        {"max_pdu": 10},
        {"max_pdu": 70000},
        {"frame": 5000},
    ],
)
def test_options_that_cannot_be_are_told(given):
    with pytest.raises(ValueError):
        a_reader(**given)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "3",
        "3:1-0:1.8.0*255",
        "x:1-0:1.8.0*255:2",
        PROFILE + "@1",
        PROFILE + "@a..b",
        PROFILE + "@20269901..20270101",
    ],
)
def test_requests_that_cannot_be_are_told(text):
    with pytest.raises(ValueError):
        next(a_reader().read(text))


# ---- anything may come


@bounded
@given(st.data())
def test_no_answer_makes_the_reader_fail_otherwise(data):
    """At some exchange random bytes come in a frame that fits in address and sequence."""
    transport, how = data.draw(st.sampled_from(WAYS))
    at, junk = data.draw(st.integers(0, 6)), data.draw(st.binary(min_size=1, max_size=80))
    head = data.draw(
        st.sampled_from(
            [
                b"",
                b"\xc4\x01\xc1\x00",
                b"\xc4\x02\xc1\x00\0\0\0\1\0",
                b"\xc7\x01\xc1",
                b"\x61",
                b"\xd8",
                b"\xcc",
            ]
        )
    )

    def line(number, _request, reply) -> bytes:
        if number < at or not reply:
            return reply
        if transport == "wrapper":
            frame = wrapper.Framer().feed(reply)[0]
            return wrapper.encode(frame.to, frame.by, head + junk)
        frame = hdlc.Framer().feed(reply)[0]
        return hdlc.encode(frame.to, frame.by, frame.control, hdlc.FROM_METER + head + junk)

    reader, server = a_reader(transport, how), a_meter(transport)
    request = data.draw(st.sampled_from([ENERGY, f"{SERIAL},{CLOCK}", PROFILE]))
    assert outcome(lambda: drive(reader.read(request), reader, server, line)) in ("", *REASONS)


@bounded
@given(st.data())
def test_no_bytes_make_the_meter_fail(data):
    transport = data.draw(st.sampled_from(["hdlc", "wrapper"]))
    server, reader = a_meter(transport), a_reader(transport, data.draw(st.sampled_from(["none", "lls"])))
    drive(reader.read(SERIAL), reader, server)
    heads = st.sampled_from(
        [
            b"",
            b"\xc0\x01\xc1\x00\x07\x01\x00\x63\x01\x00\xff\x02\x01\x01",
            b"\xc1\x02\xc1",
            b"\xc3\x04\xc1",
            b"\x60",
            b"\xc8",
            b"\xdb",
        ]
    )
    for number in range(4):
        apdu = data.draw(heads) + data.draw(st.binary(min_size=1, max_size=60))
        if transport == "wrapper":
            server.feed(wrapper.encode(1, 32, apdu))
        else:
            control = data.draw(st.one_of(st.just(hdlc.information(number, number)), st.integers(0, 255)))
            server.feed(hdlc.encode(hdlc.address(1, 17), hdlc.address(32), control, hdlc.TO_METER + apdu))
    server.feed(data.draw(st.binary(max_size=60)))


def test_the_counter_is_kept_in_memory_or_where_the_caller_says():
    state = meter.Counter(1000)
    reader, server = a_reader(state=state), a_meter()
    drive(reader.read(SERIAL), reader, server)
    assert state.get() == 1004, "initiate, proof, its ACTION, GET"
