"""Pages of the data query: values with quality, holes that say so, uses, files, foreign points."""

from typing import Any

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.uplink import messages
from station.query.slots import label_s
from station.store import audit, db, devices, org
from station.store import query as store
from station.store.readings import DAY_S, Reading, SqliteReadingStore
from station.store.scope import EVERYWHERE, ROOT
from station.store.statistics import put as put_statistics
from station.web.curve import local_day
from station.web.query_chart import Line, draw
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

ENERGY, POWER = BY_ALIAS["energy_import_wh"][0], BY_ALIAS["power_dw"][0]
OFFSET_S = 28_800


def put(station: Station, values: list[int | None], quality: int = 0) -> dict[str, Any]:
    """Daily freezes up to today of the first terminal; the arguments of the question for them."""
    today = local_day(db.now_s(), OFFSET_S)
    end_s = label_s(today, OFFSET_S)
    labels = [end_s - (len(values) - 1 - n) * DAY_S for n in range(len(values))]
    with station.writing() as c:
        meter = SqliteReadingStore.meter_id(c, DEVICE, 1)
        for label, value in zip(labels, values, strict=True):
            if value is not None:
                SqliteReadingStore.put(
                    c, [Reading(meter, messages.DAILY, label, 0, quality, 1, {ENERGY: value})]
                )
    first = local_day(labels[0], OFFSET_S).isoformat()
    return {"p": f"{DEVICE}:1", "kind": "daily", "item": ENERGY, "first": first, "last": today.isoformat()}


def test_values_uses_and_holes_are_shown(station: Station) -> None:
    asked = put(station, [1_000_000, 1_250_500, None, 1_300_000], quality=4)
    page = station.desk("en").get("/data", query_string=asked).text
    assert "1,250.500" in page
    assert "250.500" in page
    assert "20,040.000" in page  # the sum times the multiplier of 80
    assert "1 of 3" in page
    assert "suspect" in page
    assert "missing" in page


def test_a_record_of_an_unset_clock_says_so(station: Station) -> None:
    asked, at = put(station, [1_000_000, None]), label_s(local_day(db.now_s(), OFFSET_S), OFFSET_S)
    with station.writing() as c:
        meter = SqliteReadingStore.meter_id(c, DEVICE, 1)
        SqliteReadingStore.put(c, [Reading(meter, messages.DAILY, at, 0, 0, 0, {ENERGY: 1_000_500})])
    desk = station.desk("en")
    assert desk.get("/data", query_string=asked).text.count("clock was not set") == 1
    assert "measured; clock was not set" in desk.get("/data/0.csv", query_string=asked).get_data(as_text=True)


def test_an_item_that_did_not_come_with_the_others_is_a_gap(station: Station) -> None:
    asked = put(station, [1_000_000, 1_250_500]) | {"item": [ENERGY, POWER]}
    page = station.desk("en").get("/data", query_string=asked).text
    assert page.count("</svg>gap</span>") == 2


def test_a_meter_that_fell_is_told_and_makes_no_number(station: Station) -> None:
    page = station.desk("en").get("/data", query_string=put(station, [9_000_000, 4_000])).text
    assert "register fell" in page
    assert "-8,996" not in page


def test_points_are_found_by_name_and_only_in_ones_own_units(station: Station) -> None:
    desk = station.desk("en")
    assert f'value="{DEVICE}:1"' in desk.get("/data?q=东方").text
    asked = put(station, [1, 2])
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(station, "chief", low)
    desk = station.desk("en")
    assert f'value="{DEVICE}:1"' not in desk.get("/data?q=东方").text
    assert desk.get("/data", query_string=asked).status_code == 404
    assert desk.get("/data/0.csv", query_string=asked).status_code == 404


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        ({"kind": "yearly"}, 400),
        ({"first": "soon"}, 400),
        ({"first": "9999-12-31", "last": "9999-12-31"}, 400),
        ({"p": "nobody:1"}, 404),
        ({"p": f"{DEVICE}:99999999999999999999"}, 400),
        ({"item": "999999"}, 200),
        ({"part": "9223372036854775807"}, 200),
    ],
)
def test_an_address_that_nobody_gave_is_answered_calmly(
    station: Station, arguments: dict[str, str], status: int
) -> None:
    asked = put(station, [1, 2]) | arguments
    assert station.desk("en").get("/data", query_string=asked).status_code == status


@pytest.mark.parametrize("first", ["2020-01-01", "2027-01-02"])
def test_too_many_days_are_said_at_the_form(station: Station, first: str) -> None:
    asked = {"p": f"{DEVICE}:1", "kind": "curve", "first": first, "last": "2027-01-01"}
    page = station.desk("en").get("/data", query_string=asked)
    assert page.status_code == 200
    assert "Choose 1 to 31 days" in page.text


def test_the_file_has_units_qualities_and_no_formula_and_stands_in_the_audit(station: Station) -> None:
    asked = put(station, [1_000_000, None, 1_250_500], quality=1)
    with station.writing() as c:
        devices.change(c, DEVICE, name="=SUM(A1)")
    text = station.desk("en").get("/data/0.csv", query_string=asked).get_data(as_text=True)
    head, *rows = text.splitlines()
    assert "Energy, active import / kWh,Use: Energy, active import / kWh" in head.replace('"', "")
    assert len(rows) == 3
    assert ",'=SUM(A1)," in rows[0]
    assert "1250.500" in rows[2]
    assert "missing" in rows[1]
    with db.reading(station.engine) as c:
        told = audit.recent(c)[0]
    assert (told["action"], told["detail"]["rows"]) == ("exported", 3)
    only(station, "viewer")
    assert station.desk().get("/data/0.csv", query_string=asked).status_code == 403


def test_a_month_of_twenty_curves_stays_below_a_megabyte(station: Station) -> None:
    asked = put(station, [1]) | {"kind": "curve", "item": [POWER, *range(8, 24)][:16]}
    today = local_day(db.now_s(), OFFSET_S)
    start = label_s(today, OFFSET_S) - 30 * DAY_S
    with station.writing() as c:
        for number in range(1, 21):
            meter = SqliteReadingStore.meter_id(c, DEVICE, number)
            many = [
                Reading(
                    meter, messages.CURVE, start + n * 900, 900, 4, 1, {no: n * 37 for no in range(8, 24)}
                )
                for n in range(31 * 96)
            ]
            SqliteReadingStore.put(c, many)
    asked |= {"p": [f"{DEVICE}:{n}" for n in range(1, 21)], "first": local_day(start, OFFSET_S).isoformat()}
    desk = station.desk("en")
    assert len(desk.get("/data", query_string=asked).data) < 1_000_000
    assert 100_000 < len(desk.get("/data/1.csv", query_string=asked).data) < 1_000_000


def test_statistics_of_a_day_are_those_of_the_point_and_of_its_terminal(station: Station) -> None:
    asked = put(station, [1])
    at = label_s(local_day(db.now_s(), OFFSET_S), OFFSET_S)
    row = {"device": DEVICE, "summation_group": 0, "period": 1, "from_s": at, "quality": 0, "t_ok": 1}
    with station.writing() as c:
        put_statistics(c, [row | {"metering_point": 1, "values": {20000: 28412, 20001: at + 3600}}])
        put_statistics(c, [row | {"metering_point": 0, "values": {20203: 3}}])
        (point,) = store.named(c, EVERYWHERE, [(DEVICE, 1)])
        assert store.counted(c, point, at, at + 1)[0].values == {20000: 28412, 20001: at + 3600, 20203: 3}
    items = {"kind": "statistics", "item": [20000, 20001, 20203]}
    page = station.desk("en").get("/data", query_string=asked | items).text
    assert "2.8412" in page
    assert "01:00" in page


def test_a_name_is_text_wherever_it_stands(station: Station) -> None:
    asked = put(station, [1, 2])
    with station.writing() as c:
        devices.change(c, DEVICE, name="<b>x</b>")
    page = station.desk("en").get("/data", query_string=asked | {"q": "<i>"}).text
    assert "<b>x" not in page
    assert "<i>" not in page


def test_a_line_ends_at_a_hole_and_a_doubtful_value_has_a_mark() -> None:
    values = [(10, 0), (20, 4), None, (30, 0)]
    drawn = draw([Line("a", [0, 900, 1800, 2700], values)], 0, 3600, 0)
    assert drawn is not None
    (line,) = drawn["lines"]
    assert line["path"].count("M") == 2
    assert line["path"].endswith("h0")
    assert list(line["marks"]) == [4]
    assert draw([Line("a", [0], [None])], 0, 3600, 0) is None


def test_a_long_line_keeps_its_extremes() -> None:
    many = [(n % 7, 0) for n in range(3000)]
    many[1234] = (999, 0)
    drawn = draw([Line("a", [n * 900 for n in range(3000)], many)], 0, 3000 * 900, 0)
    assert drawn is not None
    path = drawn["lines"][0]["path"]
    assert path.count(" ") < 1700
    heights = [float(each) for each in path[1:].replace("L", " ").split()[1::2]]
    assert min(heights) < 12
