"""Rooms and tasks that are there only while they have work."""

import asyncio
from typing import Any

import pytest

from firmware.collect.crew import Crew
from firmware.collect.seldom import REST_S, Seldom


class Room:
    """Works one order after another; `fails` of them raise."""

    def __init__(self, fails=0):
        self.error, self.held = "", 7
        self.orders, self.done, self.fails, self.cut = [], [], fails, False
        self.wake = asyncio.Event()

    def apply(self, _kind, _params, command, _scope=0):
        self.error = "" if command else "no"

        def commit():
            self.orders.append(command)
            self.wake.set()

        return (0, {}, commit) if command else (5, {}, None)

    def now(self):
        return [list(self.orders)]

    def tick(self):
        self.cut = False

    def idle(self):
        return not self.orders and not self.cut

    def tasks(self):
        return [("room", self.run)]

    async def run(self):
        while True:
            while self.orders:
                if self.fails:
                    self.fails -= 1
                    raise OSError("line")
                self.done.append(self.orders.pop(0))
            self.wake.clear()
            await self.wake.wait()


class Rooms(list):
    def make(self):
        self.append(Room())
        return self[-1]


def ticks(room, seconds):
    for _second in range(seconds):
        room.tick()


async def turns():
    for _turn in range(8):
        await asyncio.sleep(0)


async def ended(task):
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def test_a_room_is_made_for_an_order_works_and_leaves():
    async def scene():
        made = Rooms()
        seldom: Any = Seldom("room", made.make, None)
        task = asyncio.ensure_future(seldom.run())
        await turns()
        assert not made
        assert seldom.now() == []
        reason, _entries, commit = seldom.apply(0, {}, 3)
        assert (reason, seldom.error, seldom.held) == (0, "", 7)
        ticks(seldom, REST_S)  # the gate has not committed yet
        commit()
        assert seldom.now() == [[3]]
        await turns()
        assert made[0].done == [3]
        ticks(seldom, REST_S + 1)
        assert seldom.now() == []
        await turns()
        seldom.apply(0, {}, 4)[2]()
        await turns()
        assert [room.done for room in made] == [[3], [4]]
        await ended(task)

    asyncio.run(scene())


def test_a_refused_order_is_told_and_a_restart_brings_the_room_back():
    made = Rooms()
    seldom = Seldom("room", made.make, [9])
    assert len(made) == 1
    assert seldom.apply(0, {}, 0)[0] == 5
    assert seldom.error == "no"
    assert len(made) == 1


def test_a_room_with_work_never_leaves():
    made = Rooms()
    seldom = Seldom("room", made.make, None)
    seldom.apply(0, {}, 3)[2]()
    ticks(seldom, 3 * REST_S)
    assert seldom.now() == [[3]]


def test_what_a_room_raises_reaches_the_supervisor_and_its_work_goes_on():
    async def scene():
        made = Rooms()
        seldom = Seldom("room", made.make, [1])
        made[0].fails = 1
        seldom.apply(0, {}, 3)[2]()
        with pytest.raises(OSError, match="line"):
            await seldom.run()
        task = asyncio.ensure_future(seldom.run())
        await turns()
        assert made[0].done == [3]
        await ended(task)

    asyncio.run(scene())


def test_a_line_works_once_at_a_time_and_others_beside_it():
    async def scene():
        going, most, gates = [], [], {1: asyncio.Event(), 2: asyncio.Event()}

        async def work(line):
            going.append(line)
            most.append(sorted(going))
            await gates[line].wait()
            going.remove(line)

        crew = Crew(work)
        task = asyncio.ensure_future(crew.run())
        for line in (1, 2, 1):
            crew.call(line)
            await turns()
        assert most == [[1], [1, 2]]
        gates[1].set()
        await turns()
        assert most == [[1], [1, 2], [1, 2]]  # called while it worked: it begins once more
        gates[2].set()
        await turns()
        assert going == []
        await ended(task)

    asyncio.run(scene())


def test_a_line_that_fails_is_told_and_begins_again_with_the_next_start():
    async def scene():
        done, fails = [], [True]

        async def work(line):
            if line == 1 and fails.pop():
                fails.append(False)
                raise OSError("line")
            done.append(line)

        crew = Crew(work)
        crew.call(1)
        crew.call(2)
        with pytest.raises(OSError, match="line"):
            await crew.run()
        task = asyncio.ensure_future(crew.run())
        await turns()
        assert sorted(done) == [1, 2]
        await ended(task)

    asyncio.run(scene())


def test_an_end_of_the_task_ends_the_work_of_its_lines():
    async def scene():
        ends = []

        async def work(line):
            try:
                await asyncio.Event().wait()
            finally:
                ends.append(line)

        crew = Crew(work)
        crew.call(1)
        task = asyncio.ensure_future(crew.run())
        await turns()
        await ended(task)
        await turns()
        assert ends == [1]

    asyncio.run(scene())
