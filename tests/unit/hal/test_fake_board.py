"""The fake board has the verbs of the unix board, and time that only moves when it is told to."""

import ast
import asyncio

import pytest

from firmware.hal import fake
from tests.conftest import ROOT


def members(path, name):
    """Public methods, properties and attributes set in __init__ of a class, from its source."""
    (found,) = [
        node
        for node in ast.parse((ROOT / path).read_text()).body
        if isinstance(node, ast.ClassDef) and node.name == name
    ]
    names = {node.name for node in found.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    for node in ast.walk(found):
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            names.add(node.attr)
    return {name for name in names if not name.startswith("_")}


@pytest.mark.parametrize(
    ("path", "name", "twin"),
    [
        ("firmware/hal/unix.py", "Board", "Board"),
        ("firmware/hal/unix.py", "Clock", "Clock"),
        ("firmware/hal/unix_port.py", "Port", "Port"),
        ("firmware/hal/unix_flash.py", "Flash", "Flash"),
    ],
)
def test_the_fake_has_every_public_verb(path, name, twin):
    assert members(path, name) <= members("firmware/hal/fake.py", twin)


def test_relays_and_lamps_have_the_panel_s_verbs():
    verbs = members("firmware/hal/fake.py", "Relays") | members("firmware/hal/fake.py", "Lamps")
    assert {"drive", "tripped", "open", "show"} <= verbs & members("firmware/hal/unix_panel.py", "Panel")


def test_ticks_wrap_and_differences_stay_right():
    clock = fake.Clock(before_wrap_ms=100)
    start = clock.ticks_ms()
    clock.advance(250)
    assert clock.ticks_ms() == 150
    assert clock.ticks_diff(clock.ticks_ms(), start) == 250
    assert clock.ticks_diff(start, clock.ticks_ms()) == -250


def test_setting_the_clock_moves_utc_but_not_ticks():
    clock = fake.Clock()
    ticks, now = clock.ticks_ms(), clock.now_ms()
    assert (clock.ok, clock.set_ms(now - 5000), clock.ok) == (False, -5000, True)
    assert (clock.now_ms(), clock.ticks_ms()) == (now - 5000, ticks)


def test_reads_wait_on_the_fake_clock(tmp_path):
    board = fake.Board(str(tmp_path))
    port = board.serial("line")
    port.answer = lambda data: b"re:" + data
    start = board.clock.ticks_ms()

    def waited():
        return board.clock.ticks_diff(board.clock.ticks_ms(), start)

    async def scene():
        port.write(b"ask")
        assert (await port.read(100), waited()) == (b"re:ask", 0)
        port.deliver(b"late", after_ms=150)
        assert (await port.read(100), waited()) == (b"", 100)
        assert (await port.read(100), waited()) == (b"late", 150)
        port.deliver(b"old")
        port.drop_input()
        assert (await port.read(10), waited()) == (b"", 160)
        port.lost = True
        assert (port.write(b"x"), await port.read(5), port.discards) == (0, b"", 1)

    asyncio.run(scene())
    assert port.sent == [b"ask"]
