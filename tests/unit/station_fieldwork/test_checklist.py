"""Every item of the checklist on both sides of its limit, and without knowledge."""

import pytest

from station.fieldwork import checklist
from station.fieldwork.checklist import Facts, findings, missing

NOW = 1_000_000
DEVICE = {
    "area": None,
    "last_seen_s": NOW - 10,
    "hello_s": NOW - 60,
    "t_ok": 1,
    "clock_off_s": 3,
    "meter_ok": 1,
    "setpoint_w": 1000,
    "multiplier": 40,
    "reported_multiplier": 40,
}
GOOD = Facts(DEVICE, (2301, 2299, 2310), NOW - 10, NOW - 100, None)
AREA = GOOD._replace(device=DEVICE | {"area": {}}, area={"meters": 3, "unread": 0}, archived=3)


def verdict(facts, item, kind="commission"):
    return {each.item: each for each in findings(kind, facts, {}, NOW)}[item].verdict


@pytest.mark.parametrize(
    ("item", "changed", "told"),
    [
        ("login", {"last_seen_s": NOW - 600}, "pass"),
        ("login", {"last_seen_s": NOW - 601}, "fail"),
        ("login", {"last_seen_s": None}, "fail"),
        ("clock", {"clock_off_s": -120}, "pass"),
        ("clock", {"clock_off_s": -121}, "fail"),
        ("clock", {"t_ok": 0}, "fail"),
        ("clock", {"t_ok": None}, "unknown"),
        ("clock", {"last_seen_s": NOW - 601}, "unknown"),
        ("meter", {"meter_ok": 0}, "fail"),
        ("meter", {"meter_ok": None}, "unknown"),
        ("setpoint", {"setpoint_w": None}, "fail"),
        ("multiplier", {"reported_multiplier": 30}, "fail"),
        ("multiplier", {"reported_multiplier": None}, "unknown"),
    ],
)
def test_an_item_about_the_device(item, changed, told):
    assert verdict(GOOD, item) == "pass"
    assert verdict(GOOD._replace(device=DEVICE | changed), item) == told


@pytest.mark.parametrize(
    ("item", "changed", "told"),
    [
        ("phases", {"voltages_dv": (2301, 499, 2310)}, "fail"),
        ("phases", {"voltages_dv": (500, 500, 500)}, "pass"),
        ("phases", {"voltages_dv": (2301, None, 2310)}, "fail"),
        ("phases", {"voltages_dv": (None, None, None)}, "unknown"),
        ("phases", {"voltages_dv": None}, "unknown"),
        ("relays", {"proven_s": NOW - 86_400}, "pass"),
        ("relays", {"proven_s": NOW - 86_401}, "unknown"),
        ("relays", {"proven_s": None}, "unknown"),
        *((item, {"told_s": NOW - 601}, "unknown") for item in ("meter", "phases", "setpoint")),
    ],
)
def test_an_item_about_what_it_told(item, changed, told):
    assert verdict(GOOD, item) == "pass"
    assert verdict(GOOD._replace(**changed), item) == told


@pytest.mark.parametrize(
    ("item", "changed", "told"),
    [
        ("meters_read", {"area": {"meters": 3, "unread": 1}}, "fail"),
        ("meters_read", {"area": {"meters": 0, "unread": 0}}, "fail"),
        ("meters_read", {"area": None}, "unknown"),
        ("meters_read", {"told_s": NOW - 601}, "unknown"),
        ("archive", {"archived": 4}, "fail"),
        ("archive", {"area": None}, "unknown"),
    ],
)
def test_an_item_of_an_area(item, changed, told):
    assert verdict(AREA, item) == "pass"
    assert verdict(AREA._replace(**changed), item) == told


def test_needed_and_open_items_are_missing_until_noted():
    assert missing(findings("commission", GOOD, {}, NOW)) == ("seal",)
    noted = {"seal": {"value": "S-1", "t_s": NOW}}
    assert missing(findings("commission", GOOD, noted, NOW)) == ()
    assert missing(findings("commission", GOOD._replace(proven_s=None), noted, NOW)) == ("relays",)


def test_without_a_device_only_the_person_says():
    assert [each.item for each in findings("replace", None, {}, NOW)] == ["seal", "label", "wiring"]
    assert {each.item for each in findings("replace", AREA, {}, NOW)} <= set(checklist.ITEMS)
