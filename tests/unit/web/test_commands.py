"""Draft, preview, confirm: errors in words, input kept, and what was confirmed is what is sent, once."""

import re
import time
from typing import Any

import pytest

from protocols.uplink import messages
from station.store import commands, db
from station.web import command, drafts, sealed
from tests.browser.seed import alive
from tests.unit.web.conftest import DEVICE, Station

TRIP = {"rounds": ["1", "3"], "delay_min": "2", "limit_half_hours": "1", "valid_min": "5", "note": "限电"}
PLAN = {
    "rounds": ["1"],
    "alarm_s-0": "60",
    "alarm_s-1": "60",
    "alarm_s-2": "60",
    "slide_s": "60",
    "safety_kw": "20",
    "float_pct": "-10",
    "post_trip_s": "120",
    "periods-0-start": "16",
    "periods-0-end": "20",
    "periods-0-setpoint_kw": "100",
    "periods-3-start": "30",
    "periods-3-end": "40",
    "periods-3-setpoint_kw": "120",
}


def new(kind: str) -> str:
    return f"/terminals/{DEVICE}/commands/new/{kind}"


CONFIRM = f"/terminals/{DEVICE}/commands/confirm"


def token_of(reply: Any) -> str:
    assert reply.status_code == 200, reply.text
    found = re.search('name="token" value="([^"]+)"', reply.text)
    assert found
    return found.group(1)


def stored(station: Station, number: int) -> dict[str, Any]:
    with db.reading(station.engine) as c:
        found = commands.get(c, DEVICE, number)
    assert found
    return found


def how_many(station: Station) -> int:
    with db.reading(station.engine) as c:
        return len(commands.recent(c, DEVICE, 100))


def test_a_confirmed_trip_is_queued_as_previewed(station: Station) -> None:
    desk = station.desk("en")
    preview = desk.post(new("trip"), data=TRIP)
    fingerprint = re.search(r'class="hash">([0-9a-f]{12})<', preview.text)
    assert fingerprint
    assert how_many(station) == 3
    reply = desk.post(CONFIRM, data={"token": token_of(preview), "typed": DEVICE})
    assert reply.location == f"/terminals/{DEVICE}/commands/4"
    row = stored(station, 4)
    assert (row["kind"], row["params"]) == (messages.TRIP, {"rounds": 0b101, "delay_s": 120, "limit_s": 1800})
    assert (row["state"], row["author"]) == ("queued", "admin")
    assert row["note"] == f"#{fingerprint.group(1)} 限电"
    assert abs(row["deadline_s"] - time.time() - 300) < 30


def test_an_impatient_second_confirmation_sends_nothing_more(station: Station) -> None:
    desk = station.desk()
    data = {"token": token_of(desk.post(new("trip"), data=TRIP)), "typed": DEVICE}
    first, second = desk.post(CONFIRM, data=data), desk.post(CONFIRM, data=data)
    assert first.location == second.location
    assert how_many(station) == 4


@pytest.mark.parametrize(
    ("language", "words"), [("zh_CN", "输入的终端编号不一致"), ("en", "That is not the terminal")]
)
def test_a_trip_wants_the_terminals_id_typed(station: Station, language: str, words: str) -> None:
    desk = station.desk(language)
    reply = desk.post(
        CONFIRM, data={"token": token_of(desk.post(new("trip"), data=TRIP)), "typed": "DF-FOUNDRY"}
    )
    assert reply.status_code == 422
    assert words in reply.text
    assert how_many(station) == 3


def test_a_changed_or_foreign_token_is_refused(station: Station) -> None:
    desk = station.desk()
    token = token_of(desk.post(new("guarantee"), data={"on": "1", "half_hours": "2"}))
    changed = token[:10] + ("A" if token[10] != "A" else "B") + token[11:]
    elsewhere = "/terminals/CB-WATER-02/commands/confirm"
    content = sealed.Content(
        DEVICE, messages.GUARANTEE, {"on": 0, "duration_s": 0}, int(time.time()) + 99, "mallory", ""
    )
    stolen = sealed.token(station.app.config["SECRET_KEY"], content)
    for path, bad in ((CONFIRM, changed), (CONFIRM, ""), (elsewhere, token), (CONFIRM, stolen)):
        assert desk.post(path, data={"token": bad, "typed": DEVICE}).status_code == 400
    assert how_many(station) == 3


def test_the_token_keeps_every_kind_of_parameter(station: Station) -> None:
    desk = station.desk()
    reply = desk.post(CONFIRM, data={"token": token_of(desk.post(new("period_plan"), data=PLAN))})
    params = stored(station, int(reply.location.rsplit("/", 1)[1]))["params"]
    assert params["setpoints_w"] == [100_000, 120_000]
    assert params["float_pct"] == -10
    assert len(params["codes"]) == 12
    messages.pack(messages.PERIOD_PLAN_PARAMS, params)


def test_a_preview_that_outlived_its_deadline_is_not_sent(
    station: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = station.desk("en")
    monkeypatch.setattr(command, "now_s", lambda: int(time.time()) - 400)
    token = token_of(desk.post(new("guarantee"), data={"on": "0", "valid_min": "5"}))
    monkeypatch.undo()
    reply = desk.post(CONFIRM, data={"token": token})
    assert reply.status_code == 422
    assert "The deadline has passed" in reply.text
    assert how_many(station) == 3


@pytest.mark.parametrize(
    ("language", "whole", "needed"),
    [("zh_CN", "请输入整数", "此项必填"), ("en", "whole number", "This is needed")],
)
def test_every_wrong_field_is_named_and_the_input_kept(
    station: Station, language: str, whole: str, needed: str
) -> None:
    data = PLAN | {"periods-3-setpoint_kw": "many", "slide_s": "", "note": "机器检修"}
    reply = station.desk(language).post(new("period_plan"), data=data)
    assert reply.status_code == 422
    assert re.search(rf'id="periods-3-setpoint_kw-error">.*?{whole}', reply.text)
    assert re.search(rf'id="slide_s-error">.*?{needed}', reply.text)
    for kept in ('value="many"', "机器检修", 'value="-10"'):
        assert kept in reply.text
    assert 'aria-invalid="true"' in reply.text


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("trip", {}),
        ("trip", TRIP | {"rounds": "9"}),
        ("trip", TRIP | {"delay_min": "16"}),
        ("trip", TRIP | {"delay_min": "1.5"}),
        ("trip", TRIP | {"delay_min": "1,5"}),
        ("trip", TRIP | {"valid_min": "100000"}),
        ("trip", TRIP | {"note": "x" * 121}),
        ("permit_close", {}),
        ("guarantee", {}),
        ("guarantee", {"on": "1", "half_hours": "49"}),
        ("guarantee", {"on": "yes"}),
        (
            "purchase",
            {"order": "2", "flag": "85", "value_kwh": "-5", "alarm_kwh": "1", "trip_kwh": "0", "rounds": "1"},
        ),
        (
            "purchase",
            {"order": "2", "flag": "1", "value_kwh": "5", "alarm_kwh": "1", "trip_kwh": "2", "rounds": "1"},
        ),
        (
            "purchase",
            {"order": "９", "flag": "85", "value_kwh": "5", "alarm_kwh": "1", "trip_kwh": "0", "rounds": "1"},
        ),
        ("period_plan", PLAN | {"periods-0-end": "16"}),
        ("period_plan", PLAN | {"periods-3-start": "18"}),
        ("period_plan", PLAN | {"safety_kw": "500"}),
        ("period_plan", PLAN | {"float_pct": "80"}),
        ("period_plan", PLAN | {"alarm_s-0": "\x00"}),
        ("period_plan", PLAN | {"alarm_s-0": ""}),
        ("period_plan", PLAN | {"alarm_s-1": "soon"}),
        ("period_plan", PLAN | {"safety_kw": "1,5"}),
    ],
)
def test_bad_input_is_an_error_in_words_and_never_a_command(
    station: Station, kind: str, data: dict[str, Any]
) -> None:
    reply = station.desk().post(new(kind), data=data)
    assert reply.status_code == 422
    assert 'class="error"' in reply.text
    assert "error." not in re.sub(r"[-\w]+-error", "", reply.text)
    assert how_many(station) == 3


def test_an_open_order_blocks_the_next_one(station: Station) -> None:
    desk = station.desk("en")
    order = {
        "order": "2",
        "flag": "85",
        "value_kwh": "500",
        "alarm_kwh": "100",
        "trip_kwh": "0",
        "rounds": "1",
    }
    assert (
        desk.post(CONFIRM, data={"token": token_of(desk.post(new("purchase"), data=order))}).status_code
        == 302
    )
    reply = desk.post(
        CONFIRM, data={"token": token_of(desk.post(new("purchase"), data=order | {"order": "3"}))}
    )
    assert reply.status_code == 422
    assert "Order 2 has no known outcome yet" in reply.text


def test_the_preview_says_what_stands_against_it(station: Station) -> None:
    desk = station.desk("en")
    with station.writing() as c:
        alive(c, int(time.time()))
    water = desk.post("/terminals/CB-WATER-02/commands/new/trip", data=TRIP).text
    assert "the terminal will refuse to trip" in water
    assert "refused: supply guaranteed" in water
    assert "The terminal is offline" in desk.post("/terminals/BS-CEMENT-03/commands/new/trip", data=TRIP).text
    assert (
        "All chosen rounds are tripped already"
        in desk.post("/terminals/LJ-STEEL-06/commands/new/trip", data=TRIP | {"rounds": ["1", "2"]}).text
    )


def test_change_leads_back_to_the_form_as_it_was_filled(station: Station) -> None:
    reply = station.desk().post(new("trip"), data=TRIP | {"edit": "1", "delay_min": "7"})
    assert reply.status_code == 200
    assert 'value="7"' in reply.text
    assert "限电" in reply.text


def test_the_plan_form_starts_from_the_running_plan(station: Station) -> None:
    page = station.desk().get(new("period_plan")).text
    assert 'name="periods-1-setpoint_kw"' in page
    assert re.findall(r'name="periods-\d-setpoint_kw"[^>]*value="(\d+)"', page) == ["190", "160", "190"]


def test_the_picture_survives_half_typed_rows(station: Station) -> None:
    rows = {
        "periods-0-start": "4",
        "periods-0-end": "",
        "periods-0-setpoint_kw": "x",
        "safety_kw": "-",
        "float_pct": "999",
    }
    reply = station.desk().post(f"/terminals/{DEVICE}/commands/picture", data=rows)
    assert reply.status_code == 200
    assert "<svg" in reply.text


def test_the_commands_page_shows_the_reason_and_the_measured_relays(station: Station) -> None:
    page = station.desk().get(f"/terminals/{DEVICE}/commands/3").text
    assert "正在保电，禁止跳闸" in page
    assert 'data-state="refused"' in page
    assert "随结果上报的实测继电器状态" in page


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,500", 1500),
        ("-12,345,678", -12_345_678),
        (" +7 ", 7),
        ("1234567890123", 1_234_567_890_123),
        ("1,5", "1,5"),
        ("1,50", "1,50"),
        ("1500,000", "1500,000"),
        (",5", ",5"),
        ("1" * 5000, "1" * 5000),
        ("1" + ",000" * 2000, "1" + ",000" * 2000),
        ("", None),
    ],
)
def test_a_comma_only_groups_thousands(text: str, value: Any) -> None:
    assert drafts.number(text) == value


def test_a_number_of_many_digits_is_told_its_range(station: Station) -> None:
    page = station.desk("en").post(new("trip"), data=TRIP | {"delay_min": "1234567890123"}).text
    assert re.search('id="delay_min-error">.*?Must be 0 to 15', page)


def test_errors_of_a_plan_row_name_the_column_and_speak_of_clock_times(station: Station) -> None:
    rows = {"periods-3-start": "", "periods-3-end": "", "periods-0-start": "99"}
    page = station.desk("en").post(new("period_plan"), data=PLAN | rows).text
    for field, words in (
        ("periods-3-start", "From: This is needed."),
        ("periods-3-end", "To: This is needed."),
        ("periods-0-start", "From: Must be 00:00 to 23:30."),
    ):
        assert re.search(rf'id="{field}-error">.*?</svg>{words}', page), field


def test_a_round_that_is_not_chosen_needs_no_alarm_time(station: Station) -> None:
    desk = station.desk()
    reply = desk.post(new("period_plan"), data=PLAN | {"alarm_s-1": "", "alarm_s-2": ""})
    params = stored(
        station,
        int(desk.post(CONFIRM, data={"token": token_of(reply)}).location.rsplit("/", 1)[1]),
    )["params"]
    assert params["alarm_s"] == [
        60,
        drafts.ALARM_S,
        drafts.ALARM_S,
    ]  # never 0: a later tick must not surprise


def test_a_mistyped_id_is_told_once_and_kept(station: Station) -> None:
    desk = station.desk("en")
    token = token_of(desk.post(new("trip"), data=TRIP))
    page = desk.post(CONFIRM, data={"token": token, "typed": "DF-FOUNDRY-0"}).text
    assert page.count("not the terminal") == 1
    assert re.search(
        r'<input id="typed"[^>]*value="DF-FOUNDRY-0"[^>]*aria-invalid=true aria-describedby=typed-error', page
    )


def test_a_trip_without_an_alarm_is_previewed_as_one(station: Station) -> None:
    desk = station.desk("en")
    assert "alarms and then opens" in desk.post(new("trip"), data=TRIP).text
    at_once = desk.post(new("trip"), data=TRIP | {"delay_min": "0"}).text
    assert "at once, without an alarm" in at_once
    assert "alarms and then opens" not in at_once


def test_an_order_that_leaves_the_terminal_alarming_says_so(station: Station) -> None:
    order = {
        "order": "2",
        "flag": "170",
        "value_kwh": "500",
        "alarm_kwh": "100",
        "trip_kwh": "0",
        "rounds": "1",
    }
    desk = station.desk("en")
    assert "the terminal will alarm" not in desk.post(new("purchase"), data=order).text
    assert "the terminal will alarm" in desk.post(new("purchase"), data=order | {"alarm_kwh": "500"}).text
    trips = desk.post(new("purchase"), data=order | {"alarm_kwh": "500", "trip_kwh": "500"}).text
    assert "the rounds will trip" in trips
    assert "the terminal will alarm" not in trips


@pytest.mark.parametrize(("written", "shown"), [("", None), ("#7 breaker", "#7 breaker")])
def test_the_fingerprint_is_not_shown_as_a_remark(station: Station, written: str, shown: str | None) -> None:
    desk = station.desk("en")
    token = token_of(
        desk.post(new("guarantee"), data={"on": "1", "half_hours": "2", "valid_min": "5", "note": written})
    )
    location = desk.post(CONFIRM, data={"token": token}).location
    mark = stored(station, int(location.rsplit("/", 1)[1]))["note"].split(" ")[0]
    page = desk.get(location).text
    assert re.fullmatch("#[0-9a-f]{12}", mark)
    assert mark not in page
    assert re.findall("<dt>Remark</dt><dd>(.*?)</dd>", page) == ([shown] if shown else [])


def test_a_round_released_but_still_open_says_what_it_waits_for(station: Station) -> None:
    desk = station.desk("en")
    waits = "until the customer closes it"
    token = token_of(desk.post(new("permit_close"), data={"rounds": "1"}))
    location = desk.post(CONFIRM, data={"token": token}).location
    number = int(location.rsplit("/", 1)[1])
    with station.writing() as c:
        assert commands.move(c, DEVICE, number, "sent")
        assert commands.move(c, DEVICE, number, "executed", reason=0, tripped=0b10, open=0b11)
    assert desk.get(location).text.count(waits) == 1  # round 1; round 2 is held by the terminal


def test_the_station_page_says_when_something_was_done(station: Station) -> None:
    page = station.desk("en").get("/station").text
    people = page[page.index("h-people") :]
    assert re.search(r"UTC[+-]\d\d:\d\d", people)
    assert re.search(r"<time [^>]*>20\d\d-\d\d-\d\d \d\d:\d\d:\d\d</time>", people)
