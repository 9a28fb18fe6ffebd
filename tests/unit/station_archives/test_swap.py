"""A swap keeps the energy, moves all that hung on the old one, is done once and only as it was shown."""

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st
from sqlalchemy import Connection

from station.archives import records, swap
from station.archives.swap import Wish, used_wh
from station.errors import Invalid
from station.store import archives as store
from station.store.scope import EVERYWHERE
from tests.unit.station_archives.conftest import DESK, TODAY, Make, given, got

WISH = Wish("M2", TODAY, "periodic", 1_000_000, 1_250_000, 500, 30)


def wrong(c: Connection, old: dict, wish: Wish) -> set[tuple[str, str]]:
    with pytest.raises(Invalid) as refused:
        swap.look(c, DESK, old, wish)
    return {(each.field, each.key) for each in refused.value.errors}


def test_a_meter_is_swapped_once_and_all_goes_over(c: Connection, house: Make) -> None:
    old = house("meter", "M1")
    plan = swap.look(c, DESK, old, WISH)
    assert (plan.ratio_before, plan.ratio_after, plan.used_wh) == (30, 30, 7_500_000)
    numbers = {swap.do(c, DESK, old, WISH, plan.shown, "form") for _ in range(2)}
    assert len(numbers) == 1
    new = house("meter", "M2")
    assert (got(c, old["id"])["state"], new["state"]) == ("removed", "running")
    assert [row["number"] for row in store.above(c, new["id"], EVERYWHERE)] == ["P1"]
    assert store.above(c, old["id"], EVERYWHERE) == []
    assert [row["number"] for row in store.above(c, old["id"], EVERYWHERE, TODAY - 1)] == ["P1"]
    assert [row["number"] for row in store.below(c, [new["id"]], EVERYWHERE)] == ["N1"]
    held = store.swap(c, numbers.pop(), EVERYWHERE)
    assert held
    assert (held["final_wh"], held["point"]) == (1_250_000, house("point", "P1")["id"])


def test_a_swap_of_a_transformer_changes_the_ratio_from_its_day_on(c: Connection, house: Make) -> None:
    plan = swap.look(c, DESK, house("ct", "T30"), WISH._replace(number="T40", multiplier=40))
    assert (plan.ratio_before, plan.ratio_after) == (30, 40)
    assert wrong(c, house("ct", "T30"), WISH._replace(number="T40")) == {("multiplier", "ratio_differs")}


def test_a_concentrator_needs_no_register_and_takes_its_measuring_points(c: Connection, house: Make) -> None:
    new, old = house("concentrator", "K2"), house("concentrator", "K1")
    wish = Wish("K2", TODAY, "broken")
    swap.do(c, DESK, old, wish, swap.look(c, DESK, old, wish).shown, "form")
    assert [row["number"] for row in store.below(c, [new["id"]], EVERYWHERE)] == ["N1"]
    assert [row["number"] for row in store.above(c, new["id"], EVERYWHERE)] == ["A1"]


def test_what_makes_no_sense_is_refused(c: Connection, house: Make) -> None:
    old = house("meter", "M1")
    bad = Wish("M9", TODAY + 1, "", 2, 1, None, 1)
    assert wrong(c, old, bad) == {("number", "no_such_record"), ("day", "day_ahead"), ("reason", "needed")}
    bad = WISH._replace(final_wh=1, initial_wh=None, multiplier=1)
    assert wrong(c, old, bad) == {
        ("final_wh", "register_fell"),
        ("initial_wh", "not_a_register"),
        ("multiplier", "ratio_differs"),
    }
    assert wrong(c, old, WISH._replace(number="M1")) == {("number", "not_in_store")}
    assert wrong(c, old, WISH._replace(day=TODAY - 99)) == {("day", "before_first")}
    assert wrong(c, house("meter", "M2"), WISH) == {("", "not_running")}


def test_what_changed_since_it_was_shown_is_not_done(c: Connection, house: Make) -> None:
    old = house("meter", "M1")
    shown = swap.look(c, DESK, old, WISH).shown
    ct = house("ct", "T30")
    records.change(c, DESK, ct, ct["version"], given({"primary": "200"}))
    with pytest.raises(Invalid):
        swap.do(c, DESK, old, WISH._replace(multiplier=40), shown, "form")
    assert got(c, old["id"])["state"] == "running"


WH = st.integers(0, 10**9)


@any_of(WH, WH, WH, WH, st.integers(1, 10_000))
def test_energy_goes_on_over_a_swap(last: int, to_final: int, initial: int, since: int, ratio: int) -> None:
    """As if one register had counted all the way."""
    used = used_wh(last, last + to_final, initial, initial + since, ratio, ratio)
    assert used == (to_final + since) * ratio
