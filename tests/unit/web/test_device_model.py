"""Wanted against reported, energy against thresholds, the day against what was due."""

from datetime import date

import pytest

from station.plans import build
from station.store import db
from station.store import devices as device_store
from station.web import curve, device_model, figures, fleet, frames, picture
from tests.browser.seed import MULTIPLIER, load_w
from tests.unit.web.conftest import DEVICE, Station


@pytest.mark.parametrize(
    ("tripped", "is_open", "permitted", "online", "state"),
    [
        (0, 0, 0, True, "closed"),
        (1, 1, 0, True, "tripped"),
        (0, 1, 1, True, "permitted"),
        (0, 1, 0, True, "open"),
        (1, 0, 0, True, "mismatch"),
        (1, 0, 1, True, "mismatch"),
        (1, 1, 0, False, "stale"),
        (0, 0, 0, False, "stale"),
        (0, None, 0, True, "unreadable"),
        (1, None, 0, False, "stale"),
    ],
)
def test_a_round_is_what_output_and_contact_say_together(
    tripped: int, is_open: int | None, permitted: int, online: bool, state: str
) -> None:
    now = {
        "tripped": tripped << 1,
        "open": None if is_open is None else is_open << 1,
        "permitted": permitted << 1,
        "alarm": 0,
    }
    shown = device_model.round_state(1, now, online)
    assert (shown["no"], shown["state"]) == (2, state)


@pytest.mark.parametrize(
    ("remaining", "state"), [(5001, "ok"), (5000, "alarm"), (101, "alarm"), (100, "used_up"), (-7, "used_up")]
)
def test_energy_thresholds_include_their_own_value(remaining: int, state: str) -> None:
    order = {"alarm_wh": 5000, "trip_wh": 100, "value_wh": 9000, "remaining_after_wh": None}
    shown = device_model.energy({"remaining_wh": remaining, "power_w": 60}, order)
    assert shown is not None
    assert shown["state"] == state
    assert 0 <= shown["percent"] <= 100


def test_the_days_holes_stay_holes_and_only_due_slots_are_missing(station: Station) -> None:
    day = date(2026, 11, 20)
    with db.reading(station.engine) as c:
        device = device_store.get(c, DEVICE)
        assert device
        at = curve.day_start(day, device["utc_offset_s"]) + 40 * 900
        made = curve.build(c, device, day, at)
    assert made["here"] == 0
    assert made["due"] == 40
    assert made["gaps"] == [(0, 40)]
    assert made["rows"][39]["quality"] == "missing"
    assert made["rows"][41]["quality"] == "not_due"


def test_todays_curve_is_primary_power_with_named_gaps(station: Station) -> None:
    with db.reading(station.engine) as c:
        device = device_store.get(c, DEVICE)
        assert device
        now = device["live_s"]
        offset_s = device["utc_offset_s"]
        yesterday = curve.local_day(now, offset_s).fromordinal(curve.local_day(now, offset_s).toordinal() - 1)
        made = curve.build(c, device, yesterday, now)
    assert made["missing"] == 0
    assert abs(made["power_w"][40] - load_w(40, -1)) <= MULTIPLIER // 10
    assert all(isinstance(value, int) for value in made["power_w"])


def test_gap_runs_and_lonely_points() -> None:
    assert curve.gaps([1, None, None, 4, None], [True, True, True, True, False]) == [(1, 3)]
    assert curve._alone([None, 5, None], 1)
    assert not curve._alone([None, 5, 6], 1)


def test_the_setpoint_of_a_slot_is_that_of_the_plan_then_in_force() -> None:
    params = build([(16, 20, 100), (20, 24, 80)], [1], [60], 60, 10, float_pct=-10)
    found = [(1000, curve.period.build(params, 1)), (90_000, None)]
    assert curve.setpoint_w(found, 500, 0) is None
    assert curve.setpoint_w(found, 8 * 3600, 0) == 90_000
    assert curve.setpoint_w(found, 10 * 3600 + 1, 0) == 72_000
    assert curve.setpoint_w(found, 12 * 3600, 0) is None
    assert curve.setpoint_w(found, 86_400 + 8 * 3600, 0) is None


def test_a_day_begins_at_the_terminals_own_midnight() -> None:
    assert curve.day_start(date(1970, 1, 2), 8 * 3600) == 16 * 3600


@pytest.mark.parametrize(
    ("value", "scale", "digits", "text"),
    [
        (123_456, -3, 1, "123.5"),
        (-123_450, -3, 1, "-123.5"),
        (0, -3, 2, "0.00"),
        (10**15 + 1, -3, None, "1,000,000,000,000.001"),
        (None, 0, 1, "–"),
    ],
)
def test_figures_are_exact_and_rounded_half_up(
    value: int | None, scale: int, digits: int | None, text: str
) -> None:
    assert figures.fixed(value, scale, digits) == text


def test_times_beyond_the_calendar_are_nothing() -> None:
    assert figures.local(2**60, 0) == "–"
    assert figures.local(-1, 0) == "–"
    assert figures.local(0, 8 * 3600) == "01-01 08:00:00"


def test_an_address_that_makes_no_sense_is_the_whole_list() -> None:
    assert fleet.Filter.of({"unit": "-1", "queue": "zz", "q": " x "}) == fleet.Filter("all", "x")
    assert fleet.Filter.of({"unit": "²"}).unit == 0


def test_the_picture_draws_only_periods_that_make_sense() -> None:
    drawn = picture.draw(
        [(4, 8, 100), (9, 3, 100), (1, None, 5), (40, 49, 9)], 0, [None, 50_000, None, 60_000, 61_000]
    )
    assert drawn["periods"] == 1
    assert len(drawn["cells"]) == 48
    assert drawn["load"].count("M") == 2


def test_frames_never_raise_whatever_the_bytes(station: Station) -> None:
    with station.app.test_request_context():
        for raw in (b"", b"\x68" * 300, bytes(range(256)), bytes.fromhex("68AAAAAAAAAAAA68910433333333CC16")):
            assert frames.show(0, 1, raw)["hex"] == raw.hex(" ").upper()
