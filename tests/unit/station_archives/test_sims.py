"""What is odd about SIM cards, each by a card that has it and one that has not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, insert, update

from station.archives import checks, sims
from station.store import archives
from station.store import sims as store
from station.store.schema import devices, links
from station.store.scope import EVERYWHERE
from station.store.sim_schema import sim_months
from tests.unit.station_archives.conftest import Make, c, engine, house, make, settings, template
from tests.unit.station_archives.test_checks import numbers

__all__ = ["c", "engine", "house", "make", "settings", "template"]
MB = 1 << 20
GOOD = "8986001234567890120"  # 19 digits with a check digit


def tell(c: Connection, card: dict, month: int, **facts) -> None:
    told = {
        "traffic_bytes": MB,
        "quota_bytes": 0,
        "cost_yuan_e4": 50_000,
        "ip": "",
        "roaming": 0,
        "state": "",
    }
    c.execute(insert(sim_months).values(record=card["id"], month=month, **(told | facts)))


@pytest.fixture
def card(c: Connection, house: Make) -> dict:
    """A running card of which two sound months were told."""
    made = house("sim", GOOD, "running")
    for month in (202609, 202610):
        tell(c, made, month)
    return made


def odd(c: Connection) -> dict[str, set[str]]:
    return {rule: found for rule in sims.RULES if (found := numbers(c, rule))}


def test_a_sound_card_has_no_finding(c: Connection, card: dict) -> None:
    assert odd(c) == {}
    assert set(sims.RULES) <= set(checks.RULES)


def test_nothing_is_odd_before_anybody_told_of_a_month(c: Connection, house: Make) -> None:
    house("sim", GOOD, "running")
    assert odd(c) == {}


@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("sim_no_traffic", {"traffic_bytes": 0}),
        ("sim_over_quota", {"traffic_bytes": 30 * MB + 1, "quota_bytes": 30 * MB}),
        ("sim_stopped", {"state": "stopped"}),
        ("sim_stopped", {"state": "expired"}),
        ("sim_roaming", {"roaming": 1}),
    ],
)
def test_the_last_month_alone_counts(c: Connection, card: dict, rule: str, facts: dict) -> None:
    tell(c, card, 202611, **facts)
    assert odd(c) == {rule: {GOOD}}
    tell(c, card, 202612)
    assert odd(c) == {}


def test_at_the_quota_is_not_over_it(c: Connection, card: dict) -> None:
    tell(c, card, 202611, traffic_bytes=30 * MB, quota_bytes=30 * MB)
    assert odd(c) == {}


def test_an_address_that_jumps(c: Connection, card: dict) -> None:
    tell(c, card, 202611, ip="10.0.0.7")
    assert odd(c) == {}  # nothing was said before
    tell(c, card, 202612, ip="10.0.0.8")
    assert odd(c) == {"sim_ip_changed": {GOOD}}
    tell(c, card, 202701, ip="10.0.0.8")
    assert odd(c) == {}


def test_a_card_in_store_with_traffic(c: Connection, card: dict, house: Make) -> None:
    spare = house("sim", "8986001234567890138")
    tell(c, spare, 202610, traffic_bytes=0)
    assert odd(c) == {}
    tell(c, card, 202611)
    tell(c, spare, 202611)
    assert odd(c) == {"sim_not_in_use": {"8986001234567890138"}}


def test_a_cost_out_of_all_proportion(c: Connection, card: dict) -> None:
    tell(c, card, 202611, cost_yuan_e4=500_000)
    assert odd(c) == {}  # two months say too little
    tell(c, card, 202612, cost_yuan_e4=600_000)
    assert odd(c) == {}  # the mean is 200,000 now
    tell(c, card, 202701, cost_yuan_e4=900_001)
    assert odd(c) == {"sim_cost": {GOOD}}


def test_a_running_card_that_the_operator_does_not_know(c: Connection, card: dict, house: Make) -> None:
    old = house("sim", "8986001234567890138", "running")
    c.execute(update(archives.records).where(archives.records.c.id == old["id"]).values(created_s=1))
    assert odd(c) == {"sim_not_told": {"8986001234567890138"}}


def in_device(c: Connection, house: Make, seen_s: int) -> dict:
    """A card in the terminal T1, which was last heard of then."""
    box = house("terminal", "Z1", "running")
    c.execute(update(archives.records).where(archives.records.c.id == box["id"]).values(device="T1"))
    c.execute(links.delete().where(links.c.device == "T1"))
    c.execute(insert(links).values(device="T1", last_seen_s=seen_s))
    assert c.execute(devices.select().where(devices.c.device == "T1")).first()
    return house("sim", GOOD, "running", at_collector="Z1")


def test_traffic_and_the_device_must_agree(c: Connection, house: Make) -> None:
    start_s = sims.months(202610).start_s
    made = in_device(c, house, start_s - 1)
    tell(c, made, 202610)
    assert odd(c) == {"sim_device_silent": {GOOD}}
    c.execute(update(links).where(links.c.device == "T1").values(last_seen_s=start_s))
    assert odd(c) == {}
    c.execute(update(sim_months).values(traffic_bytes=0))
    assert odd(c) == {"sim_no_traffic": {GOOD}, "sim_other_card": {GOOD}}
    assert store.card(c, EVERYWHERE, made["id"])["in_device"] == "T1"


@pytest.mark.parametrize("number", ["8986001234567890121", "898600", "89860012345678901207X"])
def test_a_number_that_no_card_has(c: Connection, house: Make, number: str) -> None:
    house("sim", number)
    assert odd(c) == {"sim_number": {number}}


def test_months_begin_at_midnight_of_the_operators() -> None:
    assert sims.months(202611) == (202611, 202610, 1_793_462_400)
    assert sims.months(202701)[:2] == (202701, 202612)


@given(st.integers(10**17, 10**18 - 1))
def test_one_check_digit_of_ten_fits_and_no_two_swapped_neighbours_but_09(body: int) -> None:
    fit = [digit for digit in "0123456789" if sims.luhn(f"{body}{digit}")]
    assert len(fit) == 1
    text = f"{body}{fit[0]}"
    for at in range(len(text) - 1):
        one, other = text[at], text[at + 1]
        if one != other and {one, other} != {"0", "9"}:
            assert not sims.luhn(text[:at] + other + one + text[at + 2 :])


def test_the_example_of_the_standard() -> None:
    assert sims.luhn("79927398713")
    assert not sims.luhn("79927398710")
    assert not sims.luhn("٧٩")
