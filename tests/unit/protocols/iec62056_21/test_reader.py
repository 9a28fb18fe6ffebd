"""The reader against our own meter, on a line that may do wrong."""

import pytest

from protocols.lines import iec62056_21
from protocols.lines.iec62056_21_meter import Server
from protocols.lines.refused import Refused
from protocols.meters.readers.iec62056_21 import Reader
from tests.unit.protocols.drive import Late, drive, echoed, lost, noisy

STORE = {
    "F.F": "00",
    "0.0.0": "12345678",
    "1.8.0": "000123.45*kWh",
    "1.6.1": "27.19*kW)(1702090945",
    "1.8.0*01": "000120.00",
}
WHOLE = {
    "F.F": "00",
    "0.0.0": "12345678",
    "1.8.0": (12345, 1),
    "1.6.1": (2719, 1),
    "1.6.1/1": "1702090945",
    "1.8.0*01": (12000, 1),
}


class Counted(Server):
    """Counts what it is asked."""

    def __init__(self, *args, **named):
        super().__init__(*args, **named)
        self.heard = []

    def feed(self, data):
        self.heard.append(data)
        return super().feed(data)


def meter(**named) -> Counted:
    return Counted("123", dict(STORE), **named)


def refusal(generator, reader, server, fault=None) -> tuple:
    with pytest.raises(Refused) as refused:
        drive(generator, reader, server, fault)
    return refused.value.args


@pytest.mark.parametrize("head", ["ISk5", "ISkC", "ISkx"], ids=["C", "B", "A"])
@pytest.mark.parametrize("fault", [None, echoed, noisy], ids=["clean", "echo", "noise"])
def test_a_readout_in_each_mode(head, fault):
    server = meter(head=head)
    reader = Reader("123", {})
    assert drive(reader.read(""), reader, server, fault) == WHOLE
    assert drive(reader.close(), reader, server) is None
    assert reader._speed == 300


def test_one_readout_serves_a_round_and_a_repeated_request_begins_the_next():
    server, reader = meter(), Reader("123", {})
    assert drive(reader.read("1-0:1.8.0*255"), reader, server) == {"1-0:1.8.0*255": (12345, 1)}
    said = len(server.heard)
    assert drive(reader.read("1.6.1"), reader, server) == {"1.6.1": (2719, 1), "1.6.1/1": "1702090945"}
    assert refusal(reader.read("9.9.9"), reader, server) == ("unknown_item", "9.9.9")
    assert len(server.heard) == said
    server.store["1.8.0"] = "000124.00*kWh"
    assert drive(reader.read("1-0:1.8.0*255"), reader, server) == {"1-0:1.8.0*255": (12400, 1)}
    drive(reader.close(), reader, server)
    server.store["1.6.1"] = "1*kW"
    assert drive(reader.read("1.6.1"), reader, server) == {"1.6.1": (1, 3)}


def test_the_speed_changes_after_the_option_and_goes_back():
    server, reader = meter(), Reader("123", {})
    asks = []
    generator = reader.read("1.8.0")
    drive(watch(generator, asks), reader, server)
    assert [ask.baud for ask in asks] == [0, 9600]
    assert server.speed == 9600
    del asks[:]
    drive(watch(reader.close(), asks), reader, server)
    assert [(ask.data, ask.baud) for ask in asks] == [(b"", 300)]


def watch(generator, asks):
    frame = None
    while True:
        try:
            ask = generator.send(frame)
        except StopIteration as end:
            return end.value
        asks.append(ask)
        frame = yield ask


def test_a_line_of_one_speed_stays_at_it():
    server, reader = meter(), Reader("123", {"fixed": True})
    asks = []
    drive(watch(reader.read("1.8.0"), asks), reader, server)
    assert [ask.baud for ask in asks] == [0, 0]
    assert server.heard[1] == b"\x06000\r\n"


@pytest.mark.parametrize("gone", [{1}, {2}, {1, 2}, {3}, {2, 4}])
def test_lost_parts_are_asked_for_again_and_none_is_taken_twice(gone):
    server, reader = meter(), Reader("123", {})
    server.block = 16
    assert drive(reader.read(""), reader, server, lost(gone)) == WHOLE


def test_a_block_with_a_wrong_check_character_is_asked_for_again():
    server, reader = meter(), Reader("123", {})

    def hurt(number, _request, reply):
        return reply.replace(b"123.45", b"123.46") if number == 1 else reply

    assert drive(reader.read("1.8.0"), reader, server, hurt) == {"1.8.0": (12345, 1)}
    assert server.heard[-1] == b"\x15"


def test_a_mode_a_readout_that_was_hurt_is_asked_for_again():
    server, reader = meter(head="ISkx"), Reader("123", {})

    def hurt(number, _request, reply):
        return reply.replace(b"123.45", b"123.46") if number == 0 else reply

    assert drive(reader.read("1.8.0"), reader, server, hurt) == {"1.8.0": (12345, 1)}


def test_a_silent_meter_is_mute_and_a_foreign_address_too():
    reader = Reader("124", {})
    assert refusal(reader.read(""), reader, meter()) == ("mute", "")
    reader = Reader("123", {})
    assert refusal(reader.read(""), reader, meter(), lost(set(range(1, 99)))) == ("mute", "")


def test_a_reader_recovers_after_it_lost_the_meter():
    server, reader = meter(password="secret"), Reader("123", {"password": "secret"})
    assert refusal(reader.read("R5:1.8.0(1)"), reader, server, lost(set(range(3, 99)))) == ("mute", "")
    assert drive(reader.read("R5:1.8.0(1)"), reader, server) == {"1.8.0": (12345, 1)}
    assert refusal(reader.read(""), reader, server, lost(set(range(1, 99)))) == ("mute", "")
    assert drive(reader.read(""), reader, server) == WHOLE


def test_late_replies_are_not_taken_for_others():
    server, reader = meter(), Reader("123", {})
    drive(reader.read("R5:1.8.0(1)"), reader, server)
    late = Late()
    assert drive(reader.read("R5:0.0.0(1)"), reader, server, late) == {"0.0.0": "12345678"}
    assert drive(reader.read("R5:1.8.0(1)"), reader, server, late) == {"1.8.0": (12345, 1)}


@pytest.mark.parametrize("fault", [None, echoed], ids=["clean", "echo"])
def test_programming_mode_reads_writes_and_executes(fault):
    server = meter(password="secret")
    reader = Reader("123", {"password": "secret"})
    assert drive(reader.read("R5:1-0:1.8.0*255(1)"), reader, FullNames(server), fault) == {
        "1.8.0": (12345, 1),
        "1-0:1.8.0*255": (12345, 1),
    }
    assert drive(reader.write("W5:1.8.0", b"000200.00*kWh"), reader, server, fault) is None
    assert server.store["1.8.0"] == "000200.00*kWh"
    assert drive(reader.control("E2", {"data": "0.1.0(1)"}), reader, server, fault) is None
    assert server.executed == [b"0.1.0(1)"]
    server.block = 10
    assert drive(reader.read("R6:1.6.1(1)"), reader, server, fault) == {
        "1.6.1": (2719, 1),
        "1.6.1/1": "1702090945",
    }
    drive(reader.close(), reader, server)
    assert server.speed == 300


def test_a_write_is_not_done_because_of_a_byte_of_noise():
    reader, server = Reader("123", {}), meter()
    drive(reader.read("R5:1.8.0(1)"), reader, server)
    for said in (b"\x12\x06\x44", b"\x42(ER)\x03\x06"):
        noise = lambda *_, said=said: said  # noqa: E731
        assert refusal(reader.write("W5:9.9.9", b"1"), reader, server, noise) == ("mute", "")
        drive(reader.read("R5:1.8.0(1)"), reader, server)


class Behind(Counted):
    """Values come without address; those of 1.8.0 after the time-out, when the next request was sent."""

    late = b""

    def feed(self, data):
        out, self.late = self.late, b""
        if b"1.8.0" in data or data == b"\x15":
            self.late = iec62056_21.encode("data", "", b"(1*kWh)")
        elif b"2.8.0" in data:
            out += iec62056_21.encode("data", "", b"(2*kWh)")
        elif b"W5" in data:
            out += iec62056_21.encode("data", "", b"(ERROR)")
        else:
            out += super().feed(data)
        return out


def test_the_second_answer_to_a_repeated_command_is_not_that_of_the_next():
    reader, server = Reader("123", {}), Behind("123", dict(STORE))
    for _ in range(2):
        assert drive(reader.read("R5:1.8.0()"), reader, server) == {"1.8.0": (1, 3)}
        assert drive(reader.read("R5:2.8.0()"), reader, server) == {"2.8.0": (2, 3)}
    assert drive(reader.read("R5:1.8.0()"), reader, server) == {"1.8.0": (1, 3)}
    assert refusal(reader.write("W5:9.9.9", b"1"), reader, server) == ("refused", "ERROR")


class InPieces(Counted):
    """Cuts its readout inside values; `deaf` to some ACKs, and `late` with the answer to its first option."""

    def __init__(self, deaf=(), late=False):
        super().__init__("123", dict(STORE))
        self.deaf, self.acks, self.late, self.kept = deaf, 0, late, b""

    def _blocks(self, data):
        cut = [data[at : at + 10] for at in range(0, len(data), 10)]
        self._parts = [iec62056_21.encode("part", "", piece) for piece in cut[:-1]]
        self._parts.append(iec62056_21.encode("data", "", cut[-1]))
        return self._parts.pop(0)

    def feed(self, data):
        self.acks += data == b"\6"
        if data == b"\6" and self.acks in self.deaf:
            return b""
        out, self.kept = self.kept, b""
        said = super().feed(data)
        if self.late and data in (b"\x06051\r\n", b"\x06050\r\n", b"\x15"):
            self.kept, said = said, b""
        return out + said


@pytest.mark.parametrize("deaf", [(1,), (2, 3), (4, 6)])
def test_a_part_that_comes_twice_counts_once(deaf):
    reader, server = Reader("123", {}), InPieces(deaf)
    assert drive(reader.read(""), reader, server) == WHOLE


def test_a_part_that_came_late_and_its_repeat_count_once():
    reader, server = Reader("123", {}), InPieces(late=True)
    assert drive(reader.read(""), reader, server) == WHOLE


def test_a_telegram_has_no_parity_to_take_out():
    with pytest.raises(ValueError, match="parity"):
        Reader("", {"parity": True, "telegram": True})


class FullNames:
    """A meter that answers to the full code with the reduced one."""

    def __init__(self, server):
        self.server = server

    def feed(self, data):
        if b"1-0:1.8.0*255" in data:
            data = iec62056_21.encode("command", "R5", b"1.8.0(1)")
        return self.server.feed(data)


def test_an_answer_without_an_address_is_that_of_the_address_asked():
    class Short(Counted):
        def feed(self, data):
            out = super().feed(data)
            return iec62056_21.encode("data", "", b"(5*kWh)") if b"R1" in data else out

    reader = Reader("", {})
    assert drive(reader.read("R1:1.8.0()"), reader, Short()) == {"1.8.0": (5, 3)}


@pytest.mark.parametrize("request_text", ["R5:9.9.9(1)", "R3:1.8.0(1)"])
def test_what_the_meter_refuses_is_told_in_its_words(request_text):
    reader = Reader("123", {})
    assert refusal(reader.read(request_text), reader, meter()) == ("refused", "ERROR")
    reader = Reader("123", {})
    assert refusal(reader.write("W5:9.9.9", b"1"), reader, meter()) == ("refused", "ERROR")


def test_a_wrong_password_is_sent_once_until_the_session_is_closed():
    """Meters lock after some wrong ones, and a profile has many reads."""
    server, reader = meter(password="secret"), Reader("123", {"password": "guess"})
    for _ in range(3):
        assert refusal(reader.read("R5:1.8.0(1)"), reader, server) == ("not_associated", "B0")
    assert sum(b"guess" in data for data in server.heard) == 1
    drive(reader.close(), reader, server)
    assert refusal(reader.read("R5:1.8.0(1)"), reader, server) == ("not_associated", "B0")
    assert sum(b"guess" in data for data in server.heard) == 2


def test_no_password_where_one_is_asked_ends_the_session():
    server, reader = meter(password="secret"), Reader("123", {})
    assert refusal(reader.read("R5:1.8.0(1)"), reader, server) == ("refused", "B0")


def test_the_second_password_goes_with_p2():
    server, reader = meter(password="secret"), Reader("123", {"password": "secret", "level": "P2"})
    drive(reader.read("R5:1.8.0(1)"), reader, server)
    assert iec62056_21.encode("command", "P2", b"(secret)") in server.heard


@pytest.mark.parametrize(
    "act", [lambda r: r.write("W5:1.8.0", b"1"), lambda r: r.control("E2", {"data": "X(1)"})]
)
def test_a_write_or_control_is_never_repeated(act):
    server, reader = meter(), Reader("123", {})
    drive(reader.read("R5:1.8.0(1)"), reader, server)
    del server.heard[:]
    assert refusal(act(reader), reader, server, lost({0, 1, 2, 3})) == ("mute", "")
    assert len(server.heard) == 1


def test_no_programming_in_modes_a_and_b():
    reader = Reader("123", {})
    assert refusal(reader.read("R5:1.8.0(1)"), reader, meter(head="ISkA"))[0] == "unsupported"


def test_a_meter_set_to_mode_c_whose_name_tells_no_speed_stays_at_the_first():
    server, reader = meter(head="ISkx"), Reader("123", {"mode": "C"})
    assert drive(reader.read(""), reader, server) == WHOLE  # it repeats its readout on NAK
    assert server.heard[1] == b"\x06000\r\n"


def test_a_meter_that_reads_out_in_place_of_programming_is_refused():
    class Stubborn(Counted):
        def feed(self, data):
            return super().feed(data.replace(b"051\r", b"050\r"))

    reader = Reader("123", {})
    assert refusal(reader.read("R5:1.8.0(1)"), reader, Stubborn("123", dict(STORE)))[0] == "not_associated"


def test_the_mode_of_the_options_counts_more_than_the_identification():
    """An Itron EM214 names itself with the 5 of mode C and reads out at once."""

    class Itron(Counted):
        def feed(self, data):
            return super().feed(data).replace(b"/ISkx", b"/ITR5")

    reader = Reader("", {"mode": "A"})
    assert drive(reader.read("0.0.0"), reader, Itron("", dict(STORE), "ISkx")) == {"0.0.0": "12345678"}


def test_an_8n1_port_gets_and_gives_parity():
    class Seven(Counted):
        def feed(self, data):
            said = super().feed(iec62056_21.strip_parity(data))
            return iec62056_21.add_parity(said)

    reader = Reader("123", {"parity": True})
    assert drive(reader.read(""), reader, Seven("123", dict(STORE))) == WHOLE
    reader = Reader("123", {})
    assert refusal(reader.read(""), reader, Seven("123", dict(STORE))) == ("mute", "")


def test_a_readout_of_too_many_parts_is_given_up():
    class Endless(Counted):
        def feed(self, data):
            if data in (b"\6", b"\x06050\r\n"):
                return iec62056_21.encode("part", "", b"1.8.0(1)\r\n" * 400)
            return super().feed(data)

    reader = Reader("123", {})
    assert refusal(reader.read(""), reader, Endless("123", dict(STORE))) == ("too_long", "")
