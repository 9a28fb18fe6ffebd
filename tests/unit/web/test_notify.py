"""What one wants to be told, at the desk; channels are of who runs the whole house."""

from station.store import db, notify, org
from station.web.notify import said_in
from tests.unit.web.conftest import Station
from tests.unit.web.test_approvals import person

HOOK = {"kind": "webhook", "name": "depot", "url": "http://127.0.0.1:9/", "per_hour": "60", "on": "1"}
HOOK |= {"secret": "sixteen-or-more-chars"}
WISH = {
    "channel": "1",
    "unit": "1",
    "severity": "2",
    "quiet_from": "22:30",
    "quiet_until": "06:00",
    "once": "s",
}


def test_a_channel_is_set_up_tried_and_changed_by_one_editor(station: Station) -> None:
    desk = station.desk("en")
    wrong = desk.post("/notices/channels", data=HOOK | {"url": "ftp://x"})
    assert wrong.status_code == 422
    assert 'value="depot"' in wrong.text
    assert desk.post("/notices/channels", data=HOOK).status_code == 302
    assert desk.post("/notices/channels", data=HOOK).status_code == 422  # the name is taken
    assert HOOK["secret"] not in desk.get("/notices/channels").text
    for _press in range(2):
        desk.post("/notices/channels/1", data={"test": "1", "once": "t"})
    with db.reading(station.engine) as c:
        assert [row["key"] for row in notify.page(c, 9)] == ["test:1:t"]
    change = HOOK | {"version": "1", "secret": ""}
    assert desk.post("/notices/channels/1", data=change).status_code == 302
    assert desk.post("/notices/channels/1", data=change).status_code == 422
    assert desk.post("/notices/channels/9", data=change).status_code == 404


def test_one_subscribes_once_for_oneself_where_one_may_look(station: Station) -> None:
    station.desk().post("/notices/channels", data=HOOK)
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "viewer", unit)
    assert eva.post("/notices", data=WISH).status_code == 422
    assert eva.post("/notices", data=WISH | {"unit": str(unit), "quiet_from": "soon"}).status_code == 422
    for _press in range(2):
        assert eva.post("/notices", data=WISH | {"unit": str(unit)}).status_code == 302
    with db.reading(station.engine) as c:
        (row,) = notify.subscriptions_of(c, "eva")
    assert (row["quiet_from_min"], row["quiet_until_min"], row["on"]) == (1350, 360, 1)
    assert station.desk().post("/notices/1", data={"version": "1"}).status_code == 404  # not his
    assert eva.post("/notices/1", data={"version": "1"}).status_code == 302
    assert eva.get("/notices/channels").status_code == 403


def test_who_runs_a_part_of_the_house_sets_up_no_channels(station: Station) -> None:
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    assert person(station, "dan", "duty", unit).get("/notices/channels").status_code == 403


def test_a_template_with_a_placeholder_that_is_none_is_refused(station: Station) -> None:
    desk = station.desk("en")
    asked = {"version": "0", "subject": "{alarm}", "body": "{unit}"}
    wrong = desk.post("/notices/templates/en/opened", data=asked | {"body": "{key}"})
    assert wrong.status_code == 422
    assert desk.post("/notices/templates/en/opened", data=asked).status_code == 302
    assert desk.post("/notices/templates/en/opened", data=asked).status_code == 422  # changed meanwhile
    assert desk.post("/notices/templates/fr/opened", data=asked).status_code == 404


def test_words_are_there_without_a_page() -> None:
    assert said_in("en", "kind", "offline") == "Terminal offline"
    assert said_in("zh_CN", "severity", "1") == "特急"
    assert said_in("zh_CN", "kind", "voltage_loss") == "失压"
    assert said_in("en", "kind", "meter_cover_open") != "event.meter_cover_open"
