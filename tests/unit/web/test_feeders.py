"""The page of the single-line picture: whose it is, what it says, what it leaves to the list."""

import json
import re
from typing import Any

import pytest

from station.provisioning import add_device
from station.store import area, network, org
from station.store.scope import ROOT, Scope
from station.web import feeder_panels
from tests.browser import seed_area
from tests.browser.seed import put_now
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

LATER_S = 1 << 33


def units(station: Station) -> tuple[int, int]:
    """Two units below the root; three terminals in the first, one in the second."""
    with station.writing() as c:
        north, south = (org.add_unit(c, ROOT, "station", code, code) for code in ("NORTH", "SOUTH"))
        for device, code in (("N-1", "NORTH"), ("N-2", "NORTH"), ("N-3", "NORTH"), ("S-1", "SOUTH")):
            facts = {"meter_address": "000000000001", "multiplier": 1, "rounds": 2, "unit": code}
            add_device(c, device, "admin", name=f"of {device}", **facts)
    return north, south


def links(html: str) -> list[str]:
    return re.findall(r'<a class="tap [^"]*" href="/terminals/([^"]+)"', html)


def test_feeders_come_by_unit_and_say_how_many_they_leave_out(station: Station) -> None:
    north, south = units(station)
    with station.writing() as c:
        found = network.feeders(c, Scope((north, south)), 2, LATER_S)
    assert [(each.unit, each.name, each.more) for each in found] == [(north, "NORTH", 1), (south, "SOUTH", 1)]
    assert [each.device["device"] for each in found[0].transformers] == ["N-1", "N-2"]
    assert found[0].transformers[0].customers == (network.Customer("of N-1", 1),)
    assert found[1].transformers == ()


def test_a_concentrator_is_a_public_transformer_with_its_meters(station: Station) -> None:
    with station.writing() as c:
        seed_area.seed_area(c)
        meters = len(area.archive(c, seed_area.DEVICE))
        (root,) = network.feeders(c, Scope((ROOT,)), 100, LATER_S)
    made = next(each for each in root.transformers if each.device["device"] == seed_area.DEVICE)
    assert made.customers == (network.Customer("", meters),)
    assert meters > 100
    page = station.desk("en").get("/picture").text
    assert f"×{meters}" in page


def test_the_picture_and_its_list_name_every_terminal(station: Station) -> None:
    page = station.desk("en").get("/picture").text
    drawn = links(page)
    assert DEVICE in drawn
    assert len(drawn) == 7
    for device in drawn:
        assert page.count(f'href="/terminals/{device}"') == 2
    assert 'aria-label="东方铸造厂: Over setpoint, 214.6 kW, 112 % of the setpoint"' in page


def test_a_state_is_said_in_words_and_shapes(station: Station) -> None:
    page = station.desk("zh_CN").get("/picture").text
    for words in ("已跳闸 2/3", "状态不明", "离线", "未上线", "超定值", "合闸"):
        assert f">{words}</text>" in page
    assert 'class="switch_open"' in page
    assert 'class="switch_unknown"' in page


def test_a_unit_shows_what_is_below_it(station: Station) -> None:
    north, _south = units(station)
    assert links(station.desk().get(f"/picture?unit={north}").text) == ["N-1", "N-2", "N-3"]


@pytest.mark.parametrize("path", ["/picture", "/api/panels/picture", "/live/picture"])
def test_a_foreign_unit_is_not_there(station: Station, path: str) -> None:
    north, south = units(station)
    only(station, "viewer", north)
    desk = station.desk()
    assert desk.get(f"{path}?unit={south}").status_code == 404
    assert desk.get(f"{path}?unit=99999").status_code == 404
    assert desk.get(f"{path}?unit=x").status_code == 400


def test_a_person_of_a_unit_sees_its_feeder_alone(station: Station) -> None:
    north, _south = units(station)
    only(station, "viewer", north)
    desk = station.desk()
    assert links(desk.get("/picture").text) == ["N-1", "N-2", "N-3"]
    panels = desk.get("/api/panels/picture").json["panels"]
    assert set(panels) == {"p-feeder_counts", f"p-feeder-{north}"}


def test_who_may_not_view_sees_no_picture(station: Station) -> None:
    only(station, "administrator")
    assert station.desk().get("/picture").status_code == 403


def test_what_is_not_drawn_is_counted_and_led_to(station: Station, monkeypatch: Any) -> None:
    north, south = units(station)
    monkeypatch.setattr(feeder_panels, "MOST_DRAWN", 9)  # seven of the root, two of the north
    page = station.desk("en").get("/picture").text
    assert "Not drawn: 1." in page
    assert f'href="/?unit={north}"' in page
    assert f'<a href="/picture?unit={south}">SOUTH</a> <span class="muted">1</span>' in page
    monkeypatch.setattr(feeder_panels, "MOST_NAMED", 0)
    assert "Units not named here: 1." in station.desk("en").get("/picture").text


def test_a_live_message_holds_only_the_panels_of_feeders(station: Station) -> None:
    units(station)
    desk = station.desk("en")
    before = desk.get("/api/panels/picture").json["panels"]
    with station.writing() as c:
        put_now(c, "N-1", feeder_panels.now_s(), power_w=12_300, setpoint_w=None)
    after = desk.get("/api/panels/picture").json["panels"]
    changed = {name for name in after if after[name] != before[name]}
    assert "12.3 kW" in json.dumps(after)
    assert len(changed) == 2  # the counts, and the one feeder


def test_names_from_outside_are_text(station: Station) -> None:
    with station.writing() as c:
        facts = {"meter_address": "000000000001", "multiplier": 1, "rounds": 1}
        add_device(c, "X-1", "admin", name='"><script>1', **facts)
    page = station.desk().get("/picture").text
    assert "<script>1" not in page
    assert "&#34;&gt;&lt;script&gt;1" in page
