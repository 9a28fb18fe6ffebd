"""A session without mechanism 5 proves nothing fresh: what guards it is kept across restarts."""

import pytest

from protocols.lines.dlms import meter
from protocols.lines.refused import Refused
from tests.unit.protocols.dlms.support import AUTHENTICATION, ENCRYPTION, SERIAL, a_meter, a_reader, outcome
from tests.unit.protocols.drive import drive
from tests.vectors.lines.dlms import block

CIPHERED = {"encrypt_block": block, "encryption_key": ENCRYPTION, "authentication_key": AUTHENTICATION}


def a_ciphered_reader(how: str, **more):
    """Its own counter begins at the same number each time, as after a restart from an old backup."""
    given = CIPHERED | {"system_title": b"CLI00001", "state": meter.Counter(100)} | more
    return a_reader("wrapper", how, **given)


class Recorded:
    """Says again what a meter said in a session before."""

    def __init__(self, replies: list[bytes]) -> None:
        self._replies = list(replies)

    def feed(self, _data: bytes) -> bytes:
        return self._replies.pop(0) if self._replies else b""


def recorded(how: str, seen) -> list[bytes]:
    replies: list[bytes] = []
    reader, server = a_ciphered_reader(how, seen=seen), a_meter("wrapper")
    drive(reader.read(SERIAL), reader, server, lambda _n, _q, reply: replies.append(reply) or reply)
    return replies


@pytest.mark.parametrize("how", ["none", "lls"])
def test_a_recorded_session_is_refused_by_the_next_reader(how):
    seen = {}
    replies = recorded(how, seen)
    assert seen == {b"MTR00001": 2}, "the association and one answer"
    reader = a_ciphered_reader(how, seen=seen)
    with pytest.raises(Refused, match="counter 1, it was at 2") as caught:
        drive(reader.read(SERIAL), reader, Recorded(replies))
    assert caught.value.reason == "replayed"


@pytest.mark.parametrize("how", ["none", "lls"])
def test_what_does_not_open_is_not_kept(how):
    seen = {}
    replies = recorded(how, seen)
    seen.clear()
    spoilt = [reply[:-1] + bytes([reply[-1] ^ 1]) for reply in replies]
    reader = a_ciphered_reader(how, seen=seen)
    assert outcome(lambda: drive(reader.read(SERIAL), reader, Recorded(spoilt))) == "bad_mac"
    assert seen == {}


def test_another_meter_with_the_same_keys_has_a_counter_of_its_own():
    seen = {b"MTR00009": 700}
    recorded("lls", seen)
    assert seen == {b"MTR00009": 700, b"MTR00001": 2}


@pytest.mark.parametrize("how", ["none", "lls"])
def test_the_title_of_the_meter_must_be_the_one_expected(how):
    reader = a_ciphered_reader(how, meter_title=b"MTR00009")
    assert outcome(lambda: drive(reader.read(SERIAL), reader, a_meter("wrapper"))) == "foreign"
    reader = a_ciphered_reader(how, meter_title=b"MTR00001")
    assert drive(reader.read(SERIAL), reader, a_meter("wrapper")) == {"0": b"12345678"}


def test_a_title_that_cannot_be_is_told():
    with pytest.raises(ValueError, match="meter_title"):
        a_ciphered_reader("lls", meter_title=b"short")


def test_a_counter_that_was_lost_is_named():
    server = a_meter("wrapper")
    server.seen[32, False] = 500
    reader = a_ciphered_reader("lls")
    with pytest.raises(Refused, match="option state is at 101") as caught:
        drive(reader.read(SERIAL), reader, server)
    assert caught.value.reason == "not_associated"
    reader = a_ciphered_reader("lls", state=meter.Counter(500))
    assert drive(reader.read(SERIAL), reader, server) == {"0": b"12345678"}
