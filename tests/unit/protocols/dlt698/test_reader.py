"""The master's side against the simulated meter, on a good line."""

import pytest

from protocols.lines.dlt698 import apdu, axdr, link, segments
from protocols.meters.readers.dlt698 import Reader
from protocols.meters.readers.dlt698_requests import CONTROLS
from tests.unit.protocols import drive
from tests.unit.protocols.dlt698.worlds import (
    ADDRESS,
    CLOCK,
    DAYS,
    NEUTRAL,
    NOTE,
    MasterLock,
    Meter,
    MeterLock,
    Saying,
    day,
    read,
    refusal,
    talk,
)

VOLTS = {"0": 2301, "1": 2302, "2": 2303}
OPTIONS = (
    {},
    {"connect": "public"},
    {"connect": "password", "password": "1234"},
    {"scramble": True, "client": 3},
    {"frame": 64},
)


# ---- reading


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("address", [ADDRESS, "A" * 12])
def test_an_object_is_read_under_every_option(options, address):
    server = Meter()
    server.password = options.get("password", "")
    assert read("20000200", options, server, address=address) == VOLTS


@pytest.mark.parametrize(
    ("request_", "want"),
    [
        ("20010400", {"0": -7}),
        ("20000202", {"0": 2302}),
        ("40000200", {"0": bytes.fromhex("07e00101000000")}),
        ("20010400,30000200,20000203", {"20010400/0": -7, "30000200": None, "20000203/0": 2303}),
        ("record:50040200:last=2:00100200", {f"0/00100200/{i}": 2700 + i for i in range(5)}),
        (
            "record:50040200:newest=2:20210200",
            {f"{i}/20210200/0": bytes([7, 0xE0, 1, 27 + i, 0, 0, 0]) for i in (0, 1)},
        ),
        ("record:50040200:at=20160107000000:20210200", {"0/20210200/0": bytes([7, 0xE0, 1, 7, 0, 0, 0])}),
        ("record:50040200:from=20160130000000-20160201000000", {}),
        (
            "record:50040200:last=1:20210200,00200200",
            {"0/20210200/0": bytes([7, 0xE0, 1, 28, 0, 0, 0]), "0/00200200/0": None},
        ),
    ],
)
def test_requests(request_, want):
    assert read(request_) == want


@pytest.mark.parametrize("frame_size", [60, 200, 1024])
@pytest.mark.parametrize("apdu_size", [100, 700, 9000])
def test_long_answers_come_in_blocks_and_segments(frame_size, apdu_size):
    server = Meter()
    server.frame_size, server.apdu_size = frame_size, apdu_size
    got = read("record:50040200:all", server=server)
    assert len(got) == DAYS * 6
    assert got["27/00100200/4"] == 2804
    assert read(f"{NOTE:08X}", server=server) == {"0": server.store[NOTE][1]}


def test_an_array_or_a_list_goes_on_in_the_next_block():
    """The standard's own example splits one array over two blocks; the meter here would not."""
    first = (False, 1, (1, [(NEUTRAL, (1, (5, -7))), (NOTE, (1, (1, [(6, 1)])))]))
    second = (True, 2, (1, [(NOTE, (1, (1, [(6, 2), (6, 3)])))]))

    class Splitting:
        def feed(self, data):
            (frame,) = link.Framer().feed(data)
            asked = apdu.decode(frame.data)
            body = second if asked.kind == apdu.NEXT else first
            reply = apdu.encode(apdu.Apdu(0x85, apdu.NEXT, asked.piid, body, None, None))
            return link.encode(frame._replace(control=0xC3, data=reply))

    assert read(f"{NEUTRAL:08X},{NOTE:08X}", server=Splitting()) == {
        f"{NEUTRAL:08X}/0": -7,
        f"{NOTE:08X}/0": 1,
        f"{NOTE:08X}/1": 2,
        f"{NOTE:08X}/2": 3,
    }


@pytest.mark.parametrize(
    ("request_", "detail"),
    [
        ("30000200", "undefined"),
        ("20000400", "absent"),
        ("30000200,30010200", "undefined"),
        ("record:50050200:all", "undefined"),
    ],
)
def test_what_the_meter_refuses_is_refused_by_its_name(request_, detail):
    reader = Reader(ADDRESS, {})
    assert refusal(reader.read(request_), reader, Meter()) == ("refused", detail)


# ---- writing and control


@pytest.mark.parametrize("frame", [60, 512])
def test_a_write_changes_the_meter_whatever_its_length(frame):
    server, reader = Meter(), Reader(ADDRESS, {"frame": frame})
    assert talk(reader, server, reader.write(f"{CLOCK:08X}", axdr.encode("data", day(5)))) is None
    talk(reader, server, reader.write(f"{NOTE:08X}", axdr.encode("data", (9, b"x" * 1000))))
    assert (server.store[CLOCK], server.store[NOTE]) == (day(5), (9, b"x" * 1000))
    assert refusal(reader.write("20010400", b"\x00"), reader, server) == ("refused", "refused")


def test_a_trip_says_relay_delay_limit_and_until_when():
    server, reader = Meter(), Reader(ADDRESS, {})
    fields = {"relay": "F2050202", "alarm_min": 1, "limit_min": 30, "auto_close": True}
    assert talk(reader, server, reader.control("trip", fields)) == {"0": 1}
    parts = [(0x51, 0xF2050202), (0x11, 1), (0x12, 30), (3, True)]
    assert server.acts == [(1, [(2, parts)])]
    late = {"sent": (2015, 12, 31, 0, 0, 0), "valid_min": 5}
    assert refusal(reader.control("trip", late), reader, server) == ("refused", "time_tag")
    talk(reader, server, reader.control("trip", {"sent": (2016, 1, 1, 0, 0, 0), "valid_min": 5}))
    assert len(server.acts) == 2


def test_a_trip_is_built_as_a_public_load_control_tool_sends_it():
    published = bytes.fromhex(
        "6831004385010000000000 10392A07013B80008100010102 0451F2050202 1101 120000 0301"
        "0107E2090B0A1315 0100C8F8E216"
    )
    (frame,) = link.Framer().feed(published)
    reader = Reader("000000000001", {})
    reader._number = 0x3A
    sent = {"sent": (2018, 9, 11, 10, 19, 21), "valid_min": 200}
    asked = next(reader.control("trip", {"relay": "F2050202", "alarm_min": 1, "auto_close": True} | sent))
    (ours,) = link.Framer().feed(asked.data)
    assert ours.data == frame.data


@pytest.mark.parametrize("name", sorted(CONTROLS))
def test_each_control_reaches_its_method(name):
    told = []
    omd, _parameter = CONTROLS[name]
    server, reader = Meter(), Reader(ADDRESS, {})
    server.methods = {omd: lambda _server, parameter: (told.append(parameter) or 0, None)}
    assert talk(reader, server, reader.control(name, {})) is None
    wire = axdr.encode("data", told[0])
    told.clear()
    talk(reader, server, reader.control("action", {"omd": f"{omd:08X}", "data": wire}))
    assert axdr.encode("data", told[0]) == wire


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("alarm", "00"),
        ("guarantee_on", "00"),
        ("guarantee_off", "00"),
        ("permit_close", "0101020251f20502011600"),
        ("close", "0101020251f20502011601"),
    ],
)
def test_what_a_control_says(name, data):
    """The last two and the release of the guarantee as public test benches send them."""
    (frame,) = link.Framer().feed(next(Reader(ADDRESS, {}).control(name, {})).data)
    assert axdr.encode("data", apdu.decode(frame.data).body[1]).hex() == data


@pytest.mark.parametrize(
    ("says", "detail"),
    [("ee01020000", "not_supported"), ("ee01000000", "other"), ("85050101000100 0b 0000", "no_transfer")],
)
def test_a_refusal_keeps_its_name(says, detail):
    reader = Reader(ADDRESS, {})
    assert refusal(reader.read("20000200"), reader, Saying(bytes.fromhex(says))) == ("refused", detail)


def test_a_control_is_sent_once_however_silent_the_meter():
    server, reader = Meter(), Reader(ADDRESS, {})
    assert refusal(reader.control("trip", {}), reader, server, drive.lost({0})) == ("mute", "")
    assert len(server.acts) == 1


# ---- associations


def test_an_association_is_opened_once_and_closed():
    server, reader = Meter(), Reader(ADDRESS, {"connect": "public"})
    for _ in range(2):
        assert talk(reader, server, reader.read("20000200")) == VOLTS
        assert server.connected
    assert talk(reader, server, reader.close()) is None
    assert not server.connected
    assert talk(reader, server, reader.close()) is None
    talk(reader, server, reader.read("20000200"))
    assert talk(reader, server, reader.close(), drive.lost({0})) is None


def test_after_any_failure_the_association_is_opened_anew():
    """A meter that was without power knows of none."""
    server, reader = Meter(), Reader(ADDRESS, {"connect": "public"})
    talk(reader, server, reader.read("20000200"))
    server.connected = False
    assert refusal(reader.read("20000200"), reader, server, drive.lost({0})) == ("mute", "")
    assert talk(reader, server, reader.read("20000200")) == VOLTS
    assert server.connected


def test_a_refused_association_is_no_reading():
    server, reader = Meter(), Reader(ADDRESS, {"connect": "password", "password": "0"})
    server.password = "1234"
    assert refusal(reader.read("20000200"), reader, server) == ("not_associated", "password")


def test_the_shorter_frame_of_both_is_kept_to():
    server, reader = Meter(), Reader(ADDRESS, {"connect": "public", "frame": 512})
    server.receive_size = 100
    talk(reader, server, reader.write(f"{NOTE:08X}", axdr.encode("data", (9, bytes(400)))))
    assert reader._longest == 100


# ---- security


@pytest.mark.parametrize("cipher", [False, True])
def test_changes_go_secured_and_reads_in_plain(cipher):
    server = Meter(security=MeterLock(cipher))
    reader = Reader(ADDRESS, {"security": MasterLock(cipher), "frame": 100})
    assert talk(reader, server, reader.read("20000200")) == VOLTS
    talk(reader, server, reader.write(f"{NOTE:08X}", axdr.encode("data", (9, b"s" * 300))))
    assert talk(reader, server, reader.control("trip", {})) == {"0": 1}
    assert server.store[NOTE] == (9, b"s" * 300)


def test_a_wrong_mac_of_either_side_is_refused():
    for ours, theirs, reason in ((1, 0, "refused"), (0, 1, "bad_mac")):
        server = Meter(security=MeterLock())
        server.security.seal = MeterLock(lie=theirs).seal
        reader = Reader(ADDRESS, {"security": MasterLock(lie=ours)})
        assert refusal(reader.control("trip", {}), reader, server)[0] == reason
        assert len(server.acts) == theirs


@pytest.mark.parametrize(
    ("says", "reason"), [("900000 00", "bad_mac"), ("90021400", "refused"), ("9000000100020000", "bad_mac")]
)
def test_a_secured_answer_must_be_verified(says, reason):
    reader = Reader(ADDRESS, {"security": MasterLock()})
    assert refusal(reader.control("trip", {}), reader, Saying(bytes.fromhex(says)))[0] == reason


def test_an_answer_in_plain_to_a_secured_request_is_refused():
    reader = Reader(ADDRESS, {"security": MasterLock()})
    server = Meter()
    server._answer = lambda data: apdu.Apdu(0x87, 1, 1, (0x80008100, 0, None), None, None)
    assert refusal(reader.control("trip", {}), reader, server)[0] == "bad_mac"


# ---- our own mistakes


@pytest.mark.parametrize(
    "request_",
    ["", "2000020", "volts---", "20000200,", "record:5004:all", "record:50040200"]
    + ["record:50040200:" + rows for rows in ("some", "at=2016", "last=x")],
)
def test_a_request_that_is_none_is_told(request_):
    with pytest.raises(ValueError):
        next(Reader(ADDRESS, {}).read(request_))


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("dance", {}),
        ("trip", {"relay": "F2"}),
        ("trip", {"alarm_min": 999}),
        ("action", {"omd": "1", "data": b"\x00"}),
    ],
)
def test_a_control_that_is_none_is_told(name, fields):
    with pytest.raises(ValueError):
        next(Reader(ADDRESS, {}).control(name, fields))


@pytest.mark.parametrize("address", ["A" * 12, "AA", "AAAAAA789012"])
def test_no_change_goes_to_more_than_one(address):
    reader = Reader(address, {})
    for change in (reader.control("trip", {}), reader.write("40000200", b"\x00")):
        with pytest.raises(ValueError, match="no change"):
            next(change)


def test_only_an_action_may_wait_for_its_relay():
    assert next(Reader(ADDRESS, {}).control("trip", {})).wait_ms == 2000
    assert next(Reader(ADDRESS, {}).read("20000200")).wait_ms == 0


def test_an_address_that_is_none_is_told():
    with pytest.raises(ValueError):
        Reader("meter 5", {})


def test_segments_leave_room_for_their_frame():
    server, reader = Meter(), Reader(ADDRESS, {"frame": 60})
    sizes = []

    class Line:
        def feed(self, data):
            sizes.append(len(data.lstrip(b"\xfe")))
            return server.feed(data)

    talk(reader, Line(), reader.write(f"{NOTE:08X}", axdr.encode("data", (9, bytes(200)))))
    assert max(sizes) <= 60
    assert len(sizes) == len(segments.cut(bytes(212), 60 - link.OVERHEAD))
