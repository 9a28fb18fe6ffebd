"""Our meter is as strict as a real one, and takes any bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.iec62056_21 import ACKED, Frame, Framer, encode
from protocols.lines.iec62056_21_meter import Server

STORE = {"1.8.0": "1*kWh"}


def frames(data) -> list:
    framer = Framer()
    return framer.feed(data) + framer.quiet()


@pytest.mark.parametrize(
    ("asked", "answers"), [("", True), ("00123", True), ("123", True), ("1234", False), ("23", False)]
)
def test_it_answers_to_its_address_and_to_none(asked, answers):
    server = Server("0123", dict(STORE))
    assert bool(server.feed(encode("request", "", asked.encode()))) == answers


def test_a_request_with_noise_and_one_in_pieces_are_heard():
    server = Server("", dict(STORE))
    assert server.feed(b"\xff\0/?") == b""
    assert frames(server.feed(b"!\r\n")) == [Frame("ident", "ISk5", b"\\2MT382-1000")]


@pytest.mark.parametrize("option", ["041", "150", "05A", "061"])
def test_an_option_it_did_not_offer_gets_no_answer(option):
    server = Server("", dict(STORE))
    server.feed(b"/?!\r\n")
    assert server.feed(encode("option", option)) == b""
    assert server.speed == 300


def test_an_option_before_the_identification_gets_no_answer():
    assert Server("", dict(STORE)).feed(encode("option", "050")) == b""


def test_it_falls_back_to_its_first_speed_when_it_is_called_anew():
    server = Server("", dict(STORE))
    server.feed(b"/?!\r\n")
    server.feed(encode("option", "051"))
    assert server.speed == 9600
    server.feed(b"/?!\r\n")
    assert server.speed == 300


def opened() -> Server:
    server = Server("", dict(STORE), password="secret")
    server.feed(b"/?!\r\n" + encode("option", "051"))
    return server


def test_nothing_is_read_or_written_before_the_password():
    server = opened()
    assert frames(server.feed(encode("command", "W5", b"1.8.0(9*kWh)"))) == [Frame("command", "B0", b"")]
    assert server.store == STORE
    assert server.feed(encode("command", "P1", b"(secret)")) == b""


@pytest.mark.parametrize(
    "command",
    [
        ("W5", b"9.9.9(1)"),
        ("W5", b"1.8.0"),
        ("W5", b"1.8.0(1)(2)"),
        ("W5", b"1.8.0(" + b"1" * 200 + b")"),
        ("W9", b"1.8.0(1)"),
    ],
)
def test_a_write_of_what_is_not_there_or_not_allowed_changes_nothing(command):
    server = opened()
    assert frames(server.feed(encode("command", "P1", b"(secret)"))) == [ACKED]
    assert frames(server.feed(encode("command", *command))) == [Frame("data", "", b"(ERROR)")]
    assert server.store == STORE


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.binary(max_size=30)
        | st.sampled_from(
            [b"/?!\r\n", b"\x06051\r\n", b"\x06050\r\n", b"\6", b"\x15", encode("command", "B0")]
        )
        | st.builds(
            lambda head, data: encode("command", head, data.encode()),
            st.sampled_from(["R5", "R6", "W5", "P1", "E2", "W1"]),
            st.text("18.0()*kWh", max_size=20),
        ),
        max_size=12,
    ),
    st.sampled_from(["ISk5", "ISkA", "ISkz"]),
    st.sampled_from([0, 5]),
)
def test_any_bytes_get_an_answer_or_none(pieces, head, block):
    server = Server("", dict(STORE), head)
    server.block = block
    for piece in pieces:
        said = server.feed(piece)
        assert not said or frames(said)
