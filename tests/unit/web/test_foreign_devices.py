"""Nobody reaches a device of another unit, by whatever address: every view of the application is tried."""

from collections.abc import Iterator
from typing import Any

import pytest
from werkzeug.routing import Rule

from protocols.uplink import messages
from station.access.roles import ROLES
from station.store import audit, db, devices, org
from station.store.scope import ROOT
from station.web import panels, sealed
from station.web.rights import OF_KIND
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

# what stands in an address besides the device
REST = {"kind": "trip", "command": 1, "number": 1, "act": "on"}
OTHER = "T-OTHER"


@pytest.fixture
def split(station: Station) -> Station:
    """The seeded devices stand in one unit, the person in another, with all that can be granted."""
    with station.writing() as c:
        here = org.add_unit(c, ROOT, "station", "here", "这里")
        there = org.add_unit(c, ROOT, "station", "there", "那里")
        for found in devices.all_devices(c):
            devices.change(c, found["device"], unit=there)
        facts: dict[str, Any] = {"meter_address": "", "multiplier": 1, "rounds": 1, "utc_offset_s": 0}
        devices.add(c, OTHER, name="mine", shard="00", unit=here, **facts)
    only(station, "chief", here)
    return station


def views(station: Station) -> Iterator[Rule]:
    for rule in station.app.url_map.iter_rules():
        if "device" in rule.arguments or rule.endpoint in ("live.stream", "api.panel_texts"):
            yield rule


def addresses(station: Station, device: str) -> Iterator[tuple[str, str]]:
    """(method, address); KeyError says that REST lacks what a new view has in its address."""
    adapter = station.app.url_map.bind("localhost")
    for rule in views(station):
        of_device = [each for each in panels.TOPICS if "device" in panels.ARGUMENTS[each]]
        topics = of_device if "topic" in rule.arguments else [""]
        for topic in topics:
            known = {**REST, "device": device, "topic": topic}
            values = {name: known[name] for name in rule.arguments} | (known if topic else {})
            made = adapter.build(rule.endpoint, values)
            for method in sorted((rule.methods or set()) & {"GET", "POST"}):
                yield method, made


def test_every_address_of_a_foreign_device_is_refused_and_written_down(split: Station) -> None:
    desk, tried = split.desk(), list(addresses(split, DEVICE))
    assert len(tried) > 30
    answers = {way: desk.open(way[1], method=way[0]).status_code for way in tried}
    assert {way: status for way, status in answers.items() if status != 403} == {}
    with db.reading(split.engine) as c:
        refused = [row for row in audit.recent(c, 2 * len(tried)) if row["action"] == "refused"]
    assert sorted(row["detail"]["method"] for row in refused) == sorted(method for method, _ in tried)
    assert {row["subject"] for row in refused} == {DEVICE}


def test_a_device_that_is_nowhere_is_not_found(split: Station) -> None:
    desk = split.desk()
    for method, address in addresses(split, "NOBODY"):
        if method == "GET":
            assert desk.get(address).status_code == 404, address


LISTS = [
    "/",
    "/?queue=offline",
    "/api/panels/overview",
    "/?unit=2",
    "/?unit=3",
    "/picture",
    "/api/panels/picture",
]


@pytest.mark.parametrize("address", LISTS)
def test_no_list_shows_it(split: Station, address: str) -> None:
    text = split.desk("en").get(address).text
    assert DEVICE not in text
    assert OTHER in text


def test_no_search_finds_it(split: Station) -> None:
    assert "No terminal fits" in split.desk("en").get(f"/?q={DEVICE}").text


def test_an_overview_in_the_stream_is_of_the_persons_own_scope(split: Station) -> None:
    reply, text = split.desk("en").get("/live/overview"), ""
    for chunk in reply.response:
        text += chunk if isinstance(chunk, str) else chunk.decode()
        if "p-table" in text:
            break
    reply.close()
    assert OTHER in text
    assert DEVICE not in text


@pytest.mark.parametrize("role", ROLES)
def test_a_role_sends_what_its_functions_say(station: Station, role: str) -> None:
    only(station, role)
    desk = station.desk()
    for kind in ("trip", "purchase", "meter_change"):
        allowed = {"view", OF_KIND[kind]} <= ROLES[role]
        status = desk.get(f"/terminals/{DEVICE}/commands/new/{kind}").status_code
        assert (status == 200) == allowed, (kind, status)


def test_what_was_previewed_is_not_sent_when_the_right_is_gone(station: Station) -> None:
    content = sealed.Content(DEVICE, messages.PERMIT_CLOSE, {"rounds": 1}, 2**40, "admin", "")
    token = {"token": sealed.token(station.app.config["SECRET_KEY"], content)}
    only(station, "clerk")
    desk, address = station.desk(), f"/terminals/{DEVICE}/commands/confirm"
    assert desk.post(address, data=token).status_code == 403
    only(station, "controller")
    assert desk.post(address, data=token).status_code == 302


def test_who_may_not_command_sees_no_way_to(station: Station) -> None:
    only(station, "viewer")
    assert "/commands/new/" not in station.desk().get(f"/terminals/{DEVICE}").text
    only(station, "controller")
    text = station.desk().get(f"/terminals/{DEVICE}").text
    assert "/commands/new/trip" in text
    assert "/commands/new/purchase" not in text
