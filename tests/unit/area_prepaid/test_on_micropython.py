"""The key scenes: what they must show, and that the device's interpreter shows the very same."""

import json
import subprocess
import sys
from itertools import pairwise

import pytest

SCRIPT = "tests/unit/area_prepaid/scenes.py"


@pytest.fixture(scope="module")
def told(repo_root):
    command = [sys.executable, "-m", SCRIPT.removesuffix(".py").replace("/", ".")]
    done = subprocess.run(command, cwd=repo_root, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout


def rows(told, name):
    return [row[1:] for row in map(json.loads, told.splitlines()) if row[0] == name]


def events(found):
    return [name for row in found for name, _data in row[-1]]


def test_both_runtimes_tell_the_same(told, run_micropython):
    done = run_micropython(SCRIPT, heap="512K")
    assert done.returncode == 0, done.stderr
    assert done.stdout == told


def test_a_household_is_cut_off_once_and_let_go_after_its_top_up(told):
    found = rows(told, "household")
    actions = [row[1][1] for row in found if row[0] in ("step", "look")]
    assert [action for action in actions if action in (1, 2)] == [1, 2]
    assert events(found) == [
        "purchase_applied",
        "energy_control_alarm",
        "energy_control_alarm",
        "switch_opened",
        "energy_control_trip",
        "purchase_applied",
        "close_permitted",
        "switch_closed",
    ]
    # 9 kWh sharp, then one more and a peak one; the year began with the count of tiers
    assert [row[2] for row in found if row[0] == "read"] == [None, 4843, -13842]
    assert [row[1] for row in found if row[0] == "order"] == [0, 22, 0, 22]


def test_year_and_price_turn(told):
    """10 of 365 days are left at first: tier 1 ends at 78.904 kWh, tier 2 at 131.506."""
    paid = [
        600 * 5283 + 52.602 * 500 + 468.494 * 3000,
        0,  # it waits for the freeze of the year's end
        40 * 5283 + 40 * 3007 + 80 * 3000,
        10 * 5283 + 10 * 3007,  # tiers begin anew
        8.75 * 5283 + 11.25 * 20000,  # 7 of 16 hours at the old price
        10 * 20000,
    ]
    left = [row[2] for row in rows(told, "year")][1:]
    assert [a - b for a, b in pairwise(left)] == [pytest.approx(each, abs=1) for each in paid]


def test_another_meter_is_found_named_and_told(told):
    found = rows(told, "replaced")
    assert [row[1] for row in found if row[0] == "change"] == [0, 7]
    assert events(found) == ["purchase_applied", "register_rebased", "meter_changed"]


def test_a_register_that_begins_again_is_charged_after_it_was_sure(told):
    assert [row[2] for row in rows(told, "rolls")][-2:] == [10000000 - 3007] * 2
