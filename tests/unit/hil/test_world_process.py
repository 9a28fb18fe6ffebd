"""The world as tests use it: a process with PTYs and a control port, ended without leftovers."""

import json
import os
import select
import socket
import time

import pytest

from hil.adapters.process import Child, ChildError
from hil.adapters.pty_link import PtyLink
from hil.adapters.world import WorldProcess


@pytest.fixture
def panel(world):
    """Descriptor of the terminal's side of the block."""
    fd = os.open(world.panel, os.O_RDWR | os.O_NOCTTY)
    yield fd
    os.close(fd)


@pytest.fixture
def world(tmp_path):
    running = WorldProcess(tmp_path / "world", turnaround_ms=1)
    yield running
    running.stop()


def read_until(fd, wanted, timeout_s=5):
    got = b""
    while wanted not in got:
        assert select.select([fd], [], [], timeout_s)[0], f"only {got}"
        got += os.read(fd, 4096)
    return got


def test_a_trip_output_sheds_the_load_and_the_contact_reports_it(world, panel):
    world.ask(load_w=200_000)
    before_ms = time.monotonic_ns() // 10**6
    os.write(panel, b"O 1 0 0\n")
    read_until(panel, b"I 1\n")
    truth = world.truth()
    assert (truth["tripped"], truth["open"], truth["switches"][0]) == (1, 1, "open")
    assert truth["power_w"] == 200_000 - 36_000
    (coil_ms, *coil), (open_ms, *opened) = truth["edges"]
    assert (coil, opened) == ([1, "coil on"], [1, "open"])
    assert before_ms <= coil_ms
    assert open_ms == coil_ms + 50


def test_the_customer_closes_by_hand_only_what_the_relay_lets_go(world, panel):
    os.write(panel, b"O 2 0 0\n")
    read_until(panel, b"I 2\n")
    with pytest.raises(ValueError, match="held open"):
        world.ask(close=2)
    os.write(panel, b"O 0 0 2\n")
    read_until(panel, b"I 2\n")
    world.ask(close=2)
    read_until(panel, b"I 0\n")
    assert world.truth()["open"] == 0


def test_the_customer_comes_some_seconds_after_close_permitted_shows(world, panel):
    world.ask(recloses_after_s=1)
    os.write(panel, b"O 1 0 0\n")
    read_until(panel, b"I 1\n")
    os.write(panel, b"O 0 0 1\n")
    read_until(panel, b"I 0\n")
    edges = {what: t_ms for t_ms, _round, what in world.truth()["edges"]}
    assert edges["closed"] - edges["coil off"] == 1000


def test_every_o_line_is_answered(world, panel):
    for _ in range(3):
        os.write(panel, b"O 0 0 0\n")
        read_until(panel, b"I 0\n")


def test_registers_go_on_after_a_restart(tmp_path):
    first = WorldProcess(tmp_path)
    first.ask(load_w=5_000_000)
    time.sleep(0.3)
    before = first.truth()
    first.stop()
    second = WorldProcess(tmp_path)
    after = second.truth()
    second.stop()
    assert after["energy_wh"] >= before["energy_wh"] > 0
    assert after["meter"]["energy_wh"][0] >= before["meter"]["energy_wh"][0]


def test_the_control_port_survives_garbage_and_says_what_was_wrong(world):
    with socket.create_connection(("127.0.0.1", world_port(world)), timeout=5) as other:
        stream = other.makefile("rwb")
        for line in (b"\xff\xfe\n", b"{}\n", b'{"close": "x"}\n'):
            stream.write(line)
        stream.flush()
        assert [json.loads(stream.readline())["ok"] for _ in range(3)] == [False, True, False]
        stream.write(b"x" * 10_000 + b"\n")
        stream.flush()
        assert json.loads(stream.readline())["reason"] == "line too long"
    assert world.truth()["power_w"] > 0


def world_port(world):
    return world._control.port


def test_a_scenario_is_played(tmp_path):
    path = tmp_path / "story.json"
    path.write_text('{"steps": [{"at_s": 0, "load_w": 123456}]}')
    world = WorldProcess(tmp_path / "world", scenario=path)
    try:
        end = time.monotonic() + 5
        while world.truth()["power_w"] != 123_456:
            assert time.monotonic() < end
            time.sleep(0.02)
    finally:
        world.stop()


def test_a_world_that_cannot_start_says_why(tmp_path):
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ChildError, match="not a scenario"):
        WorldProcess(tmp_path, scenario=tmp_path / "bad.json")


def test_a_child_that_ignores_the_request_is_killed(tmp_path):
    child = Child(
        ["sh", "-c", "trap '' TERM; echo '{}'; while :; do sleep 1; done"], tmp_path / "log", pipe=True
    )
    child.ready()
    assert child.stop(timeout_s=0.2) == -9


def test_the_console_link_carries_both_ways_and_keeps_what_was_said():
    link = PtyLink()
    near, far = (os.open(path, os.O_RDWR | os.O_NOCTTY) for path in (link.near, link.far))
    try:
        os.write(far, b"boot terminal\n")
        assert read_until(near, b"\n") == b"boot terminal\n"
        os.write(near, b"help\n")
        assert read_until(far, b"\n") == b"help\n"
        assert bytes(link.log) == b"boot terminal\n"
    finally:
        os.close(near)
        os.close(far)
        link.close()
