"""The overview's queries against the plain rules, over devices of every mix of states."""

import random
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import Connection

from station.store import devices, fleet, gaps, live
from station.store.schema import links, streams
from station.store.scope import EVERYWHERE, NOWHERE, Scope
from station.web.device_model import has_mismatch
from tests.unit.station_access.conftest import Tree

T_S, DEVICES = 1_800_000_000, 200
Rules = Mapping[str, Callable[[Mapping[str, Any]], bool]]
RULES: Rules = {
    "all": lambda _d: True,
    "online": lambda d: d["online"],
    "offline": lambda d: not d["online"],
    "alarm": lambda d: bool(d["alarm"]),
    "tripped": lambda d: bool(d["tripped"]),
    "unknown": has_mismatch,
    "guaranteed": lambda d: bool(d["guarantee"]),
    "gaps": lambda d: d["gaps"],
}


@pytest.fixture
def some(c: Connection, tree: Tree) -> list[dict[str, Any]]:
    """Rows of devices.all_devices with `gaps`, by id."""
    dice = random.Random(6)
    for number in range(DEVICES):
        device = f"D{dice.randrange(10**6):06}-{number}"
        facts: dict[str, Any] = {"shard": "00", "meter_address": f"{number:012}", "multiplier": 1}
        facts |= {"rounds": 3, "utc_offset_s": 0, "area": dice.choice([None, None, None, {"lines": {}}])}
        devices.add(c, device, name=f"客户_{number}%", unit=dice.choice(tree), **facts)
        _told(c, device, dice)
    held = {each["device"]: bool(gaps.open_gaps(c, each["device"])) for each in devices.all_devices(c, T_S)}
    return [{**each, "gaps": held[each["device"]]} for each in devices.all_devices(c, T_S)]


def _told(c: Connection, device: str, dice: random.Random) -> None:
    if dice.random() < 0.8:
        c.execute(links.insert().values(device=device, last_seen_s=T_S - dice.choice([0, 5, 20, 21, 900])))
    if dice.random() < 0.8:
        now = dict.fromkeys(("t_s", "t_ok", "power_w", "setpoint_w", "permitted", "remaining_wh"), 0)
        now |= {"meter_ok": 1, "plan_id": 0, "last_order": 0}
        now |= {"tripped": dice.choice([0, 0, 1, 3]), "open": dice.choice([None, 0, 1, 3])}
        now |= {"alarm": dice.choice([0, 0, 2]), "guarantee": dice.choice([0, 0, 1, 2])}
        live.put(c, device, now, b"", T_S - dice.choice([0, 20, 21, 900]))
    if dice.random() < 0.2:
        made = c.execute(
            streams.insert().values(device=device, epoch=b"e", stream=1, mark=0, top=9, opened_s=0)
        )
        gaps.cover(c, made.inserted_primary_key[0], 1, 3, 0, 0)  # type: ignore[index]


def _units(tree: Tree) -> dict[str, tuple[Scope, set[int]]]:
    return {
        "everywhere": (EVERYWHERE, {1, *tree}),
        "a city": (Scope((tree.city,)), {tree.city, tree.east, tree.west, tree.area}),
        "two": (Scope((tree.east, tree.other)), {tree.east, tree.area, tree.other}),
        "nowhere": (NOWHERE, set()),
    }


@pytest.mark.parametrize("where", ["everywhere", "a city", "two", "nowhere"])
def test_counts_and_pages_are_those_of_the_rules(
    c: Connection, tree: Tree, some: list[dict[str, Any]], where: str
) -> None:
    scope, inside = _units(tree)[where]
    counted = fleet.counts(c, scope, T_S)
    assert counted.keys() == RULES.keys()
    for queue, belongs in RULES.items():
        wanted = [each for each in some if each["unit"] in inside and belongs(each)]
        assert counted[queue] == len(wanted), queue
        assert _walked(c, fleet.Wanted(scope, queue)) == [each["device"] for each in wanted]
        assert fleet.page(c, fleet.Wanted(scope, queue), 2 * DEVICES, T_S) == wanted


def _walked(c: Connection, wanted: fleet.Wanted) -> list[str]:
    """All ids, page by page, forwards; backwards it must be the same."""
    out, after = list[str](), ""
    while page := fleet.page(c, wanted, 7, T_S, after=after):
        out += [each["device"] for each in page]
        after = out[-1]
    back, before = list[str](), "~"
    while page := fleet.page(c, wanted, 7, T_S, before=before):
        back = [each["device"] for each in page] + back
        before = back[0]
    assert back == out
    return out


@pytest.mark.parametrize("q", ["客户_1", "_", "%", "D", "00000019", "nothing", "d0"])
def test_a_search_takes_every_letter_as_it_is(c: Connection, some: list[dict[str, Any]], q: str) -> None:
    fields = ("device", "name", "meter_address")
    wanted = [each["device"] for each in some if any(q.lower() in each[name].lower() for name in fields)]
    assert _walked(c, fleet.Wanted(EVERYWHERE, "all", q)) == wanted


def test_the_newest_message_of_all(c: Connection, some: list[dict[str, Any]]) -> None:
    assert fleet.newest_s(c) == max(each["last_seen_s"] or 0 for each in some)
