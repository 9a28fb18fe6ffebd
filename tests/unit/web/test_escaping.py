"""What comes from outside stays text: names, event texts, topics, reports of a strange shape."""

import time

from protocols import cbor
from protocols.uplink import messages
from station.store import live
from tests.browser.seed import hostile, now_message, put_now
from tests.unit.web.conftest import DEVICE, Station


def test_markup_from_outside_is_shown_as_text(station: Station) -> None:
    hostile(station.home)
    desk = station.desk("en")
    for path in (
        "/",
        "/station",
        f"/terminals/{DEVICE}",
        f"/terminals/{DEVICE}/events",
        f"/terminals/{DEVICE}/commands/new/trip",
    ):
        page = desk.get(path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert "&lt;script&gt;alert" in page
    panels = desk.get(f"/api/panels/device?device={DEVICE}").json["panels"]
    assert "<img src=x" not in panels["p-events"]
    assert "q=&quot;&gt;&lt;b&gt;" not in desk.get('/?q="><b>').text
    assert '"><b>' not in desk.get('/?q="><b>').text


def test_a_report_of_a_strange_shape_is_shown_as_far_as_it_makes_sense(station: Station) -> None:
    with station.writing() as c:
        put_now(
            c,
            DEVICE,
            int(time.time()),
            controls=[[1], "x", [9, 9, 999, 9], [2, 1, 45, 1]],
            frames=[[1, 2], None, ["a", 0, b"\x68"], [5, 1, b""]],
            points={8: "text", 99999: 1, 1: None, 2: b"\xff"},
            tripped=0xFFFF,
            guarantee=7,
            guarantee_until_s=2**40,
        )
    desk = station.desk("en")
    page = desk.get(f"/terminals/{DEVICE}")
    assert page.status_code == 200
    assert "Period control" in page.text
    assert desk.get(f"/api/devices/{DEVICE}/live").status_code == 200


def test_unreadable_contacts_are_a_state_of_their_own(station: Station) -> None:
    message = now_message(int(time.time()), open=None, tripped=1)
    with station.writing() as c:
        live.put(c, DEVICE, message, cbor.encode(messages.pack(messages.NOW, message)), int(time.time()))
    assert "Unknown: contact not readable" in station.desk("en").get(f"/terminals/{DEVICE}").text
    assert DEVICE in station.desk("en").get("/?queue=unknown").text
