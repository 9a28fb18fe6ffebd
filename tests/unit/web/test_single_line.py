"""The layout of a feeder: whole coordinates, every transformer once, nothing over anything else."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.store.network import Customer, Feeder, Transformer
from station.web import single_line
from station.web.single_line import COLUMNS, HEIGHT, SPINE, WIDTH, cut, draw, share, state_of


def device(**changed: Any) -> dict[str, Any]:
    """A terminal of three rounds, online, all closed, below its setpoint."""
    found = {"device": "A-1", "area": None, "online": True, "last_seen_s": 100, "rounds": 3}
    found |= {"tripped": 0, "open": 0, "permitted": 0, "power_w": 80_000, "setpoint_w": 100_000}
    return found | changed


def transformer(name: str = "A", kva: int | None = None, **changed: Any) -> Transformer:
    return Transformer(name, kva, device(**changed), (Customer(name, 1),))


def feeder(count: int) -> Feeder:
    return Feeder(1, "921", tuple(transformer(str(n)) for n in range(count)), 0)


@given(st.integers(0, 250))
def test_every_transformer_is_drawn_once_in_its_order(count: int) -> None:
    strips = draw(feeder(count))
    assert [tap.transformer.name for strip in strips for tap in strip.taps] == [str(n) for n in range(count)]
    assert len(strips) == -(-count // COLUMNS)


@given(st.integers(1, 250))
def test_symbols_stand_on_whole_points_inside_the_strip_and_apart(count: int) -> None:
    for strip in draw(feeder(count)):
        middles = [tap.x for tap in strip.taps]
        assert all(after - before >= 124 for before, after in pairwise(middles))
        assert middles[0] - 62 > SPINE
        assert middles[-1] + 62 <= WIDTH
        for tap in strip.taps:
            for at in (*tap.lines, *tap.symbols):
                assert all(type(part) is int for part in at if not isinstance(part, str))
                assert 0 <= at.y <= HEIGHT
                assert abs(at.x - tap.x) == 0


@given(st.integers(1, 250))
def test_the_spine_goes_without_a_hole_from_the_busbar_to_the_last_line(count: int) -> None:
    strips = draw(feeder(count))
    spines = [strip.lines[0] for strip in strips]
    assert [symbol.kind for strip in strips for symbol in strip.symbols] == ["busbar"]
    assert spines[0].y == strips[0].symbols[0].y
    assert all(spine.to_y == HEIGHT for spine in spines[:-1])
    assert all(spine.y == 0 for spine in spines[1:])
    assert spines[-1].to_y == strips[-1].lines[1].y
    for strip in strips:
        across = strip.lines[1]
        assert (across.x, across.to_x) == (SPINE, strip.taps[-1].x)


def test_what_hangs_on_a_line_is_joined_down_to_the_customer() -> None:
    (tap,) = draw(feeder(1))[0].taps
    top = {symbol.kind: symbol.y for symbol in tap.symbols}
    assert list(top) == ["dot", "transformer", "customer", "switch_closed"]
    ends = sorted((line.y, line.to_y) for line in tap.lines)
    assert ends[0] == (top["dot"], top["transformer"])
    assert ends[1] == (top["transformer"] + single_line.COIL_HIGH, top["switch_closed"])
    assert ends[2] == (top["switch_closed"] + single_line.SWITCH_HIGH, top["customer"])


def test_a_public_transformer_has_no_switch() -> None:
    public = transformer(area={}, tripped=0, open=None)
    (tap,) = draw(Feeder(1, "", (public,), 0))[0].taps
    assert tap.state == "running"
    assert [symbol.kind for symbol in tap.symbols] == ["dot", "transformer", "customer"]
    assert tap.lines[-1].to_y == single_line.CUSTOMER


@pytest.mark.parametrize(
    ("changed", "state", "switch"),
    [
        ({}, "closed", "switch_closed"),
        ({"power_w": 100_000}, "over", "switch_closed"),
        ({"power_w": None}, "closed", "switch_closed"),
        ({"tripped": 0b010, "open": 0b010}, "tripped", "switch_open"),
        ({"tripped": 0b010, "open": 0b010, "power_w": 200_000}, "tripped", "switch_open"),
        ({"open": 0b100}, "open", "switch_open"),
        ({"open": 0b1000}, "closed", "switch_closed"),  # a round that it has not
        ({"tripped": 0b010, "open": 0b000}, "unknown", "switch_unknown"),  # held, and reported closed
        ({"open": None}, "unknown", "switch_unknown"),
        ({"tripped": None, "open": None}, "unknown", "switch_unknown"),  # no NOW yet
        ({"online": False, "tripped": 0b1, "open": 0b1}, "offline", "switch_unknown"),
        ({"online": False, "last_seen_s": None}, "never", "switch_unknown"),
    ],
)
def test_the_state_is_what_is_known_now(changed: dict[str, Any], state: str, switch: str) -> None:
    (tap,) = draw(Feeder(1, "", (transformer(**changed),), 0))[0].taps
    assert tap.state == state
    assert switch in [symbol.kind for symbol in tap.symbols]


def test_how_many_rounds_are_open_is_told() -> None:
    assert state_of(device(tripped=0b011, open=0b111)) == ("tripped", (3, 3))
    assert state_of(device(tripped=0b001, open=0b001)) == ("tripped", (1, 3))
    assert state_of(device(open=0b001)) == ("open", (1, 3))


def test_no_two_states_look_the_same() -> None:
    shapes = [shape for _tone, shape in single_line.STATES.values()]
    assert len(set(shapes)) == len(shapes)


def test_a_silent_terminal_shows_no_load() -> None:
    (tap,) = draw(Feeder(1, "", (transformer(online=False),), 0))[0].taps
    assert (tap.power_w, tap.percent, tap.limit) == (None, None, "")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ((214_600, 190_000, 250), (112, "setpoint")),
        ((50_000, None, 250), (20, "capacity")),
        ((50_000, 0, 250), (20, "capacity")),
        ((50_000, None, None), (None, "")),
        ((None, 100_000, None), (None, "")),
        ((-5, 100_000, None), (None, "")),  # it feeds back
    ],
)
def test_the_share_is_of_the_setpoint_else_of_the_capacity(asked: Any, told: Any) -> None:
    assert share(*asked) == told


@given(st.text(max_size=60))
def test_a_name_is_cut_to_its_cell(name: str) -> None:
    shown = cut(name)
    assert shown == name or (shown.endswith("…") and name.startswith(shown[:-1]))
    assert single_line._columns(shown) <= single_line.NAME_COLUMNS  # pyright: ignore[reportPrivateUsage]
