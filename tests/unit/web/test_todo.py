"""The home page begins with what waits for whom looks at it, and leads there."""

import pytest

from station.store import db
from station.web import todo
from tests.unit.web.conftest import Station
from tests.unit.web.test_rights import only


@pytest.fixture
def ticket(station: Station) -> Station:
    station.desk().post("/help-desk", data={"kind": "password", "text": "I cannot log in", "once": "a"})
    return station


def test_what_waits_is_shown_and_leads_there(ticket: Station) -> None:
    page = ticket.desk("en").get("/").text
    assert "Help wanted <b>1</b>" in page
    assert 'href="/help-desk' in page


def test_nobody_sees_what_is_not_his_to_do(ticket: Station) -> None:
    only(ticket, "viewer")
    assert "Help wanted" not in ticket.desk("en").get("/").text


def test_an_empty_desk_has_no_row(station: Station) -> None:
    only(station, "viewer")
    assert 'class="todo"' not in station.desk("en").get("/").text


def test_every_queue_counts_nothing_where_nothing_is(station: Station) -> None:
    with station.app.test_request_context("/"), db.reading(station.engine) as c:
        for queue in todo.QUEUES:
            if queue.function:
                assert queue.count(c, todo.Scope(()), db.now_s()) == 0, queue.endpoint


def test_every_queue_leads_to_a_page(station: Station) -> None:
    desk = station.desk()
    with station.app.test_request_context("/"):
        ways = [station.app.url_for(each.endpoint, **each.arguments) for each in todo.QUEUES]
    assert {desk.get(way).status_code for way in ways} == {200}
