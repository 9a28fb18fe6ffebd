"""Bytes of the station go out once, and each ends in one REPLY."""

import asyncio

import pytest

from firmware.collect.forward import EXPIRES_S, MOST, Forward
from protocols.uplink.codes import REASON_NO
from tests.unit.collect_patrol.area_of_fakes import Rig

ORDER = {"line": 1, "data": b"\x68", "wait_ms": 500}


def made(rig):
    return Forward(rig.board, rig.kv, rig.add, rig.collector)


def test_the_answer_is_a_reply():
    rig = Rig(made)
    assert rig.order(5, baud=1200, urgent=1, **ORDER) == 0
    assert rig.kv["forward"] == [5]
    asyncio.run(rig.until(lambda: rig.records))
    assert rig.collector.asked == [(1, b"\x68", 500, 1200, True)]
    assert rig.records == [{"command": 5, "data": b"\x01", "took_ms": 12, "reason": 0}]
    assert rig.kv["forward"] == []


def test_no_answer_is_told_as_mute():
    rig = Rig(made)
    rig.collector.answers = b""
    rig.order(5, **ORDER)
    asyncio.run(rig.until(lambda: rig.records))
    assert (rig.records[0]["data"], rig.records[0]["reason"]) == (b"", 1)


def test_never_two_at_once_on_a_line_and_in_order():
    rig = Rig(made)
    for command in range(1, MOST + 1):
        assert rig.order(command, line=1 + command % 2, data=bytes([command]), wait_ms=1) == 0
    assert rig.order(9, **ORDER) == REASON_NO["busy"]
    asyncio.run(rig.until(lambda: len(rig.records) == MOST))
    assert rig.collector.most == 1
    for parity in (0, 1):
        of_line = [body["command"] for body in rig.records if body["command"] % 2 == parity]
        assert of_line == sorted(of_line)


def test_what_a_cut_left_does_not_go_out_again_and_is_told():
    rig = Rig(made)
    rig.order(5, **ORDER)
    again = Rig(made, kv=rig.kv)
    again.full = True
    again.room.tick()
    again.full = False
    again.room.tick()
    again.room.tick()
    assert again.records == [{"command": 5, "data": b"", "took_ms": 0, "reason": 10}]
    assert again.collector.asked == []
    assert again.kv["forward"] == []


def test_what_waits_too_long_expires():
    rig = Rig(made)
    rig.order(5, **ORDER)
    for _second in range(EXPIRES_S + 1):
        rig.room.tick()
    assert rig.records == [{"command": 5, "data": b"", "took_ms": 0, "reason": 8}]


def test_a_line_that_fails_is_told():
    async def lost(*_args):
        raise OSError("line lost")

    rig = Rig(made)
    rig.collector.raw = lost
    rig.order(5, **ORDER)
    asyncio.run(rig.until(lambda: rig.records))
    assert rig.records[0]["reason"] == 3


@pytest.mark.parametrize(
    "wrong",
    [{"line": 5}, {"data": b""}, {"data": bytes(513)}, {"wait_ms": 0}, {"wait_ms": 60001}, {"baud": 7}],
)
def test_what_cannot_go_is_refused(wrong):
    rig = Rig(made)
    assert rig.order(5, **{**ORDER, **wrong}) == REASON_NO["bad_params"]
    assert rig.room.error
    assert "forward" not in rig.kv
