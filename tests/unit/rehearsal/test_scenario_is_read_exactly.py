"""What people write becomes whole numbers of the project's units, and nothing is guessed."""

import pytest

from protocols.uplink import codes, messages
from station.rehearsal import fields, units
from station.rehearsal.tree import Node, ScenarioError, read


def node(text):
    return read(f"x: {text}", "f").value["x"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("90 s", 90),
        ("2 min", 120),
        ("1 h 30 min", 5400),
        ("0.5 h", 1800),
        ("2 d", 172800),
        ("0", 0),
    ],
)
def test_durations(text, seconds):
    assert units.duration(node(text)) == seconds


@pytest.mark.parametrize("text", ["1.5 s", "-3 s", "2 weeks", "min", "1:30", "1e3", "", "٣ s", "0x10"])
def test_a_text_that_is_no_duration_is_refused(text):
    with pytest.raises(ScenarioError, match=r"^f:1: x: "):
        units.duration(node(text))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("120 kW", "setpoint_w", 120000),
        ("1.2345 MW", "setpoint_w", 1234500),
        ("-5 kW", "power_before_w", -5000),
        ("1000 kWh", "value_wh", 1000000),
        ("0.001 kWh", "value_wh", 1),
        ("0.55 yuan", "value_yuan_e4", 5500),
        ("0.1234 yuan", "value_yuan_e4", 1234),
        ("-10 %", "float_pct", -10),
        ("2 min", "delay_s", 120),
        ("7", "order", 7),
    ],
)
def test_a_figure_is_in_the_unit_of_its_field(text, name, value):
    assert fields.whole(node(text), name) == value


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("0.0001 kWh", "value_wh"),
        ("0.5 W", "setpoint_w"),
        ("5 kWh", "setpoint_w"),
        ("0.00005 yuan", "price_yuan_e4"),
    ],
)
def test_what_is_no_whole_number_of_the_unit_is_refused_not_rounded(text, name):
    with pytest.raises(ScenarioError):
        fields.whole(node(text), name)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("start", 0),
        ("+90 s", 90),
        ("+0", 0),
        ("22:30", 0),
        ("22:30:05", 5),
        ("23:00", 1800),
        ("02:00", 12600),
        ("2026-09-22 22:30", 86400),
    ],
)
def test_instants_are_seconds_since_the_start(text, seconds):
    calendar = units.Calendar(units.local_day(node("2026-09-21")) * 86400 + 22 * 3600 + 1800)
    assert calendar.instant(node(text)) == seconds


@pytest.mark.parametrize(
    "text", ["10 min", "24:00", "22:60", "2026-09-21 22:29", "2026-09-31 08:00", "soon", "+"]
)
def test_a_text_that_is_no_instant_is_refused(text):
    calendar = units.Calendar(units.local_day(node("2026-09-21")) * 86400 + 22 * 3600 + 1800)
    with pytest.raises(ScenarioError):
        calendar.instant(node(text))


def test_times_and_words_that_yaml_would_turn_into_something_else_stay_what_they_are():
    found = read("a: 10:00\nb: no\nc: 1_000\nd: 0o17\ne: 2026-09-21\nf: ~\n", "f").value
    assert [item.value for item in found.values()] == ["10:00", "no", "1_000", "0o17", "2026-09-21", None]


def test_half_hours_of_period_control_as_spans():
    """Q/GDW 376.1 F18: two bits a half hour, the first in the low bits."""
    plan = fields._half_hours(node("{00:00-01:00: 1, 23:30-24:00: 2}"), bits=2, rest=0)
    assert plan == "05" + "00" * 10 + "80"


def test_a_span_of_tariffs_may_cross_midnight_and_the_rest_is_rate_1():
    codes_ = bytes.fromhex(fields._half_hours(node("{22:00-06:00: 3}"), bits=4, rest=1))
    rates = [codes_[slot >> 1] >> (slot & 1) * 4 & 15 for slot in range(48)]
    assert rates == [3] * 12 + [1] * 32 + [3] * 4


@pytest.mark.parametrize(
    "text", ["{08:00-08:15: 1}", "{8-9: 1}", "{08:00-09:00: 4}", "abc", "{08:00-10:00: 1, 09:00-09:30: 1}"]
)
def test_a_wrong_span_is_refused(text):
    with pytest.raises(ScenarioError):
        fields._half_hours(node(text), bits=2, rest=0)


def test_masks_are_numbers_of_rounds_days_and_hours():
    assert fields.rounds(node("[1, 3]")) == 5
    assert fields.rounds(node("5")) == 5
    assert fields.mask(node("all"), 1, 8) == 255
    assert fields._days(node("[Mon, Sun]")) == 0b1000001
    assert fields._hours(node("[0, 8-10, 23]")) == 1 | 3 << 8 | 1 << 23


def test_the_last_day_of_a_business_stop_is_included():
    """Decision 4: inclusive on screen, the bound of the message is exclusive."""
    loop = "rounds: 1, alarm_s: [60], slide_s: 60, safety_w: 0, post_trip_s: 60"
    stop = node(f"{{setpoint_w: 1, from_day: 2026-05-01, last_day: 2026-05-10, {loop}}}")
    params = fields.command(messages.BUSINESS_STOP, stop)
    assert params["until_day"] - params["from_day"] == 10


@pytest.mark.parametrize("kind", [kind for kind in messages.COMMANDS if kind not in (15, 16, 17, 18, 19)])
def test_a_command_without_its_fields_names_every_missing_one(kind):
    needed = [field for _key, field, _letter, need in messages.rows(messages.COMMANDS[kind]) if need]
    with pytest.raises(ScenarioError) as refused:
        fields.command(kind, Node({}, "f", 1, "x"))
    assert all(field in str(refused.value) for field in needed)


def test_words_of_flags_and_controls_are_those_of_the_contract():
    order = fields.command(
        messages.PURCHASE,
        node("{order: 1, flag: refresh, value_wh: 1 kWh, alarm_wh: 0, trip_wh: -1 kWh, rounds: [1]}"),
    )
    assert (order["flag"], order["trip_wh"]) == (codes.REFRESH, -1000)
    assert fields.command(messages.RELEASE, node("{control: down_float}")) == {"control": codes.DOWN_FLOAT}


def test_a_scenario_holds_only_what_both_runtimes_can_read(parse):
    plain = parse("parameters:\n  tariff: {codes: {08:00-10:00: 2}, prices_yuan_e4: [0.5 yuan]}\n").plain

    def kinds(value):
        if isinstance(value, dict):
            return {str} | set().union(*map(kinds, value.values()), *map(kinds, value))
        return {type(value)} | (set().union(*map(kinds, value)) if isinstance(value, list) else set())

    assert kinds(plain) <= {dict, list, int, str, type(None)}
