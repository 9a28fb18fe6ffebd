"""The DL/T 645 slave of the simulated meter: answers what it has, refuses the rest, keeps quiet when told."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.world import registers
from hil.world.factory import Factory
from hil.world.meter import Meter
from hil.world.responder import Responder
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items, profile
from protocols.meters.points import BY_OBIS

NOON_MS = 1763784000000  # 2025-11-22 12:00 in China
OPERATOR = "00000001"


@pytest.fixture
def meter():
    meter = Meter()
    for t_ms, dt_ms, flow in Factory(7, NOON_MS - 17 * 60_000).slices(NOON_MS):
        meter.take(t_ms, dt_ms, flow)
    return meter


@pytest.fixture
def slave(meter):
    return Responder(meter)


def ask(slave, request):
    """The slave's replies to bytes on the line, as frames."""
    framer = dlt645.Framer()
    replies = []
    for frame in slave.requests(request):
        replies += framer.feed(slave.answer(frame))
    return replies


def one(slave, request):
    (reply,) = ask(slave, request)
    (frame,) = dlt645.Framer().feed(request)
    assert dlt645.match(frame, reply) == ""
    return reply


def read(slave, di, address="123456789012"):
    """{alias: value at the item's scale} of a read."""
    got_di, data, more, errors = dlt645.reply_data(one(slave, dlt645.read(address, di)))
    assert (got_di, more, errors) == (di, False, ())
    decoded = dlt645_items.decode(di, data)
    return {BY_OBIS[obis][2]: value for obis, value, _scale, _unit in decoded}


def control(slave, n1, valid_until, level=2, password="000000", address="123456789012"):
    fields = (valid_until.year, valid_until.month, valid_until.day)
    fields += (valid_until.hour, valid_until.minute, valid_until.second)
    reply = one(slave, dlt645.control(address, n1, level, password, OPERATOR, fields))
    return dlt645.reply_data(reply)[3]


def soon(meter):
    return meter.local() + timedelta(minutes=5)


def test_energy_block_holds_total_and_four_tariffs(slave, meter):
    values = read(slave, 0x0001FF00)
    assert list(values) == ["energy_import_wh"] + [f"energy_import_t{i}_wh" for i in range(1, 5)]
    assert [v * 10 for v in values.values()] == meter.energy_wh()


@pytest.mark.parametrize(
    ("di", "first", "shown"),
    [
        (0x0201FF00, "voltage_a_dv", Meter.volts_dv),
        (0x0202FF00, "current_a_ma", Meter.currents_ma),
        (0x0203FF00, "power_dw", Meter.powers_dw),
        (0x0204FF00, "reactive_power_dvar", Meter.reactive_dvar),
        (0x0205FF00, "apparent_power_dva", Meter.apparent_dva),
        (0x0206FF00, "power_factor_e3", Meter.power_factors_e3),
    ],
)
def test_blocks_of_the_instant_show_the_model_and_their_members_one_by_one(slave, meter, di, first, shown):
    values = read(slave, di)
    assert next(iter(values)) == first
    assert list(values.values()) == shown(meter)
    lowest = 0 if len(values) == 4 else 1
    singles = [read(slave, (di & 0xFFFF0000) + 0x100 * (lowest + i)) for i in range(len(values))]
    assert {k: v for single in singles for k, v in single.items()} == values


def test_demand_comes_with_its_time(slave, meter):
    demand_dw, at_s = meter.max_demand[0]
    assert demand_dw > 0
    assert read(slave, 0x01010000) == {"demand_import_dw": demand_dw, "demand_import_time": at_s}


def test_clock_address_and_plate(slave, meter):
    assert read(slave, 0x04000101) == {"clock_date": int(datetime(2025, 11, 22, tzinfo=UTC).timestamp())}
    assert read(slave, 0x04000102) == {"clock_time": 12 * 3600}
    assert read(slave, 0x04000401) == {"address": "123456789012"}
    assert read(slave, 0x04000306) == {"ct_ratio": 80}
    assert read(slave, 0x04000404) == {"rated_voltage": "220V"}


def test_all_that_a_terminal_polls_is_answered(slave, meter):
    meter.freeze()
    for di, _rows in profile.dlt645()["reads"]:
        assert read(slave, di), hex(di)


def test_daily_freezes_newest_first_and_none_beyond(slave, meter):
    meter.freeze()
    old = meter.energy_wh()
    meter.import_[0] += 10**13
    meter.freeze()
    assert read(slave, 0x05060001) == {"freeze_time": int(meter.local().timestamp())}
    assert [v * 10 for v in read(slave, 0x05060101).values()] == meter.energy_wh()
    assert [v * 10 for v in read(slave, 0x05060102).values()] == old
    assert list(read(slave, 0x05061001).values()) == meter.powers_dw()
    assert dlt645.reply_data(one(slave, dlt645.read(meter.address, 0x05060103)))[3] == ("no_such_data",)


@pytest.mark.parametrize(
    "di", [0x05000001, 0x05060000, 0x06000001, 0x00900100, 0x03010000, 0x00010001, 0xFFFFFFFF]
)
def test_what_it_has_not_is_refused_as_no_such_data(slave, di):
    assert dlt645.reply_data(one(slave, dlt645.read("123456789012", di)))[3] == ("no_such_data",)


@given(st.integers(0, 0x0700FFFF) | st.sampled_from([0x00010000, 0x0203FF00, 0x04000501]))
def test_every_identifier_gets_data_that_decodes_or_a_refusal(di):
    meter = Meter()
    data = registers.value_of(meter, di)
    if data is not None:
        assert dlt645_items.decode(di, data)


def test_long_answers_come_in_pieces_that_join_to_the_whole(slave, meter):
    whole = dlt645.reply_data(one(slave, dlt645.read(meter.address, 0x0001FF00)))[1]
    slave.piece = 7
    reply = one(slave, dlt645.read(meter.address, 0x0001FF00))
    joined, seq = bytearray(dlt645.reply_data(reply)[1]), 0
    while dlt645.reply_data(reply)[2]:
        seq += 1
        reply = one(slave, dlt645.read_next(meter.address, 0x0001FF00, seq))
        joined += dlt645.reply_data(reply)[1]
    assert (seq, bytes(joined)) == (2, whole)
    assert dlt645.reply_data(one(slave, dlt645.read_next(meter.address, 0x0001FF00, 3)))[3] == (
        "no_such_data",
    )
    assert dlt645.reply_data(one(slave, dlt645.read_next(meter.address, 0x00010000, 1)))[3] == (
        "no_such_data",
    )


def test_wildcards_are_answered_with_the_full_address(slave):
    assert one(slave, dlt645.read_address()).address == "123456789012"
    assert one(slave, dlt645.read_address()).data == bytes.fromhex("129078563412")
    assert one(slave, dlt645.read("AAAAAA789012", 0x00010000)).address == "123456789012"


def test_it_is_silent_to_others_to_broadcast_and_to_replies(slave, meter):
    for silent in (
        dlt645.read("123456789013", 0x00010000),
        dlt645.read("AAAAAA789013", 0x00010000),
        dlt645.read(dlt645.BROADCAST, 0x00010000),
        dlt645_meter.reply(meter.address, dlt645.READ, 0x00010000, b"\0\0\0\0"),
        dlt645.control(dlt645.ANY_ADDRESS, dlt645.TRIP, 2, "000000", OPERATOR, (2099, 1, 1, 0, 0, 0)),
        dlt645.freeze(dlt645.BROADCAST),
    ):
        assert ask(slave, silent) == []
    assert not meter.relay_open
    assert len(meter.freezes) == 1  # the broadcast freeze was done, without a word


def test_trip_moves_the_relay_and_the_status_word(slave, meter):
    assert control(slave, dlt645.TRIP, soon(meter)) == ()
    assert meter.relay_open
    assert read(slave, 0x04000503)["status_word_3"] & 0x50 == 0x50
    assert control(slave, dlt645.PERMIT_CLOSE, soon(meter)) == ()
    assert read(slave, 0x04000503)["relay_state"] == 1


def test_a_guaranteed_meter_refuses_the_trip_and_stays_closed(slave, meter):
    assert control(slave, dlt645.GUARANTEE_ON, soon(meter)) == ()
    assert control(slave, dlt645.TRIP, soon(meter)) == ("other",)
    assert not meter.relay_open
    assert control(slave, dlt645.GUARANTEE_OFF, soon(meter)) == ()
    assert control(slave, dlt645.TRIP, soon(meter)) == ()


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"password": "000001"}, "password"),
        ({"level": 4, "password": "111111"}, "password"),  # the level is too low for control
        ({"level": 9}, "password"),
    ],
)
def test_control_needs_authority(slave, meter, changes, error):
    assert control(slave, dlt645.TRIP, soon(meter), **changes) == (error,)
    assert not meter.relay_open


def test_a_control_past_its_time_is_refused(slave, meter):
    assert control(slave, dlt645.TRIP, meter.local() - timedelta(seconds=1)) == ("other",)
    assert not meter.relay_open


def test_an_unknown_control_and_an_unknown_function_are_refused(slave, meter):
    assert control(slave, 0x77, soon(meter)) == ("other",)
    assert dlt645.reply_data(one(slave, dlt645.encode(meter.address, 0x1F)))[3] == ("other",)


def broadcast_time(slave, when):
    fields = (when.year, when.month, when.day, when.hour, when.minute, when.second)
    assert ask(slave, dlt645.broadcast_time(*fields)) == []


def test_broadcast_time_moves_the_clock_a_little_and_once_a_day(slave, meter):
    true = meter.local()
    meter.set_clock_offset(-120)
    broadcast_time(slave, true)
    assert meter.local() == true
    broadcast_time(slave, true + timedelta(seconds=60))
    assert meter.local() == true


@pytest.mark.parametrize("off_s", [301, -301, 86_400])
def test_broadcast_time_does_not_follow_a_big_step(slave, meter, off_s):
    before = meter.local()
    broadcast_time(slave, before + timedelta(seconds=off_s))
    assert meter.local() == before


def test_broadcast_time_is_not_heard_near_midnight(slave, meter):
    meter.set_clock_offset(12 * 3600 - 60)
    before = meter.local()
    broadcast_time(slave, before + timedelta(seconds=30))
    assert meter.local() == before


def test_the_clock_is_written_with_the_password_only(slave, meter):
    data = bytes.fromhex("300713")  # 13:07:30, seconds first
    for level, password, errors in (
        (4, "111111", ()),
        (4, "222222", ("password",)),
        (5, "111111", ("password",)),
    ):
        before = meter.local()
        reply = one(slave, dlt645.write(meter.address, 0x04000102, level, password, OPERATOR, data))
        assert dlt645.reply_data(reply)[3] == errors
        assert meter.local() == (before if errors else datetime(2025, 11, 22, 13, 7, 30, tzinfo=UTC))
    for di, wrong in ((0x04000102, b"\x99\x99\x99"), (0x04000102, b"\x01"), (0x00010000, b"\0\0\0\0")):
        reply = one(slave, dlt645.write(meter.address, di, 4, "111111", OPERATOR, wrong))
        assert dlt645.reply_data(reply)[3]


@given(st.binary(max_size=400))
def test_noise_never_crashes_it_and_a_pause_frees_the_line(noise):
    slave = Responder(Meter())
    for frame in slave.requests(noise):
        slave.answer(frame)
    slave._heard_at = 0.0  # a pause
    assert len(ask(slave, dlt645.read("123456789012", 0x00010000))) >= 1


@given(st.integers(0, 255), st.binary(max_size=60))
def test_any_well_formed_request_is_answered_within_the_standard(function, data):
    slave = Responder(Meter())
    (frame,) = dlt645.Framer().feed(dlt645.encode("123456789012", function, data))
    reply = slave.answer(frame)
    assert (reply == b"") == bool(function & 0x80)
    for answer in dlt645.Framer().feed(reply):
        assert answer.control & 0x9F == function & 0x1F | 0x80
