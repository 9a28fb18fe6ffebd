"""The page of a trace: on and off by who may, filtered, live, as a file; a foreign one is not there."""

import time

import pytest

from protocols import cbor
from station.store import audit, db, org, traces
from station.store.scope import ROOT
from station.store.traces import Noted
from tests.unit.station.double import Double, event
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

PAGE = f"/terminals/{DEVICE}/trace"


@pytest.fixture
def heard(station: Station) -> Station:
    """A trace that is on, with an event, a refused message and an acknowledgement."""
    double = Double(DEVICE)
    mark = cbor.encode({0: 1, 1: cbor.encode({3: b"epoch--1", 4: {1: 7}}), 2: b"m" * 32})
    with station.writing() as c:
        traces.switch(c, DEVICE, db.now_s() + 600, "li.hua")
        batch = double.batch("ev", 7, [event("power_up")]).payload
        traces.put(
            c,
            1_790_000_000_123,
            [
                Noted(DEVICE, 1, "ev", batch),
                Noted(DEVICE, 1, "now", b"<script>", "malformed"),
                Noted(DEVICE, 0, "mark", mark),
            ],
        )
    return station


def test_it_is_switched_on_and_off_and_stands_in_the_record(station: Station) -> None:
    desk = station.desk("en")
    assert "not listening" in desk.get(PAGE).text
    assert desk.post(f"{PAGE}/on", data={"hours": "4"}).location == PAGE
    page = desk.get(PAGE).text
    assert "Stop listening" in page
    assert "admin" in page
    with db.reading(station.engine) as c:
        until_s = (traces.get(c, DEVICE) or {})["until_s"]
    assert abs(until_s - time.time() - 4 * 3600) < 60
    desk.post(f"{PAGE}/off")
    assert "not listening" in desk.get(PAGE).text
    with station.writing() as c:
        assert {"trace_begun", "trace_stopped"} <= {row["action"] for row in audit.recent(c)}


@pytest.mark.parametrize("hours", ["", "2", "-1", "x", "9" * 30])
def test_only_the_times_that_are_offered(station: Station, hours: str) -> None:
    assert station.desk().post(f"{PAGE}/on", data={"hours": hours}).status_code == 422
    with db.reading(station.engine) as c:
        assert traces.get(c, DEVICE) is None


def test_messages_are_read_newest_first(heard: Station) -> None:
    page = heard.desk("en").get(PAGE).text
    body = page.split("<tbody>")[1]
    assert body.index("acknowledgement") < body.index("3C 73 63") < body.index("7–7: ")
    assert "power_up" in body
    assert "ev 7" in body
    assert ".123" in body
    assert "<script>alert" not in page
    assert "3C 73 63 72 69 70 74 3E" in body
    assert "6D 6D 6D" not in body  # the seal


def test_the_filter_stands_in_the_address(heard: Station) -> None:
    desk = heard.desk("en")
    refused = desk.get(f"{PAGE}?trouble=1").text
    assert "3C 73" in refused
    assert "7–7" not in refused
    assert "7–7" in desk.get(f"{PAGE}?leaf=ev").text
    assert desk.get(f"{PAGE}?leaf=nothing").status_code == 400
    assert desk.get(f"{PAGE}?before=1").status_code == 200
    assert "No message is here" in desk.get(f"{PAGE}?before=1").text


def test_pages_follow_each_other(heard: Station) -> None:
    with heard.writing() as c:
        for n in range(60):
            traces.put(c, n, [Noted(DEVICE, 1, "now", b"")])
    desk = heard.desk("en")
    first = desk.get(PAGE).text
    assert first.count("<tr>") == 51
    older = first.split('class="button" href="')[-1].split('"')[0].replace("&amp;", "&")
    assert "before=" in older
    assert "7–7" in desk.get(older).text


def test_it_is_live(heard: Station) -> None:
    told = heard.desk("en").get(f"/api/panels/trace?device={DEVICE}").json
    assert "7–7" in told["panels"]["p-trace"]


def test_the_file_has_all_of_the_filter(heard: Station) -> None:
    desk = heard.desk("en")
    lines = desk.get(f"{PAGE}.csv").text.splitlines()
    assert len([line for line in lines if "2026-09" in line]) == 3
    assert "power_up" in "".join(lines)
    with heard.writing() as c:
        assert audit.recent(c)[0]["action"] == "exported"


def test_a_foreign_device_is_not_there_and_rights_are_asked(heard: Station) -> None:
    with heard.writing() as c:
        far = org.add_unit(c, ROOT, "city", "FAR", "远")
    only(heard, "chief", far)
    desk = heard.desk()
    for reply in (desk.get(PAGE), desk.get(f"{PAGE}.csv"), desk.post(f"{PAGE}/on", data={"hours": "1"})):
        assert reply.status_code in (403, 404)
    assert desk.get(f"/api/panels/trace?device={DEVICE}").status_code in (403, 404)
    only(heard, "viewer")
    desk = heard.desk()
    assert desk.get(PAGE).status_code == 200
    assert f"{PAGE}/on" not in desk.get(PAGE).text
    assert desk.post(f"{PAGE}/on", data={"hours": "1"}).status_code == 403
    assert desk.post("/terminals/nobody/trace/on", data={"hours": "1"}).status_code in (403, 404)
