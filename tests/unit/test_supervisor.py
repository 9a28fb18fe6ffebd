"""The supervisor: failures are restarted, counted and told; a marked task that stands starves the dog."""

import asyncio

import pytest

from firmware import supervisor
from firmware.hal import fake
from firmware.supervisor import BACKOFF_S, MAX_ERROR, Supervisor


class World:
    """A supervisor on a fake board; `let(seconds)` makes its time pass."""

    def __init__(self, tmp_path):
        self.board = fake.Board(str(tmp_path))
        self.logged, self.told = [], []
        self._sleepers = []
        self._now_s = 0
        self.supervisor = Supervisor(
            lambda event, **fields: self.logged.append((event, fields)),
            lambda *args: self.told.append(args),
            self.board,
            self.sleep,
        )

    async def sleep(self, seconds):
        wake = asyncio.get_running_loop().create_future()
        self._sleepers.append((self._now_s + seconds, wake))
        await wake

    async def let(self, seconds):
        for _ in range(seconds):
            self._now_s += 1
            self.board.clock.advance(1000)
            for sleeper in [s for s in self._sleepers if s[0] <= self._now_s]:
                self._sleepers.remove(sleeper)
                if not sleeper[1].done():
                    sleeper[1].set_result(None)
            await self.turns()

    async def turns(self):
        for _ in range(8):
            await asyncio.sleep(0)

    def play(self, scene):
        async def run():
            task = asyncio.create_task(self.supervisor.run())
            await self.turns()
            try:
                await scene()
            finally:
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, 2)
            assert len(asyncio.all_tasks()) == 1  # nothing was left running

        asyncio.run(run())


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def failing(error, starts):
    async def task():
        starts.append(1)
        raise error

    return task


def test_a_failed_task_is_restarted_after_growing_waits_told_and_counted(world):
    starts = []
    world.supervisor.add("meter", failing(ValueError("bad frame"), starts))

    async def scene():
        await world.let(sum(BACKOFF_S) + 1)

    world.play(scene)
    assert len(starts) == len(BACKOFF_S) + 1
    assert world.supervisor.restarts == len(starts)
    waits = [fields["restart_in_s"] for _event, fields in world.logged]
    assert waits == [*BACKOFF_S, BACKOFF_S[-1]]
    name, error, t_s = world.told[0]
    assert (name, error) == ("meter", repr(ValueError("bad frame")))
    assert 1_800_000_000 <= t_s <= 1_800_000_000 + 100
    assert world.supervisor.state()["meter"][:2] == (len(starts), error)


def test_a_task_that_ran_steadily_starts_from_the_shortest_wait_again(world):
    async def task():
        await world.sleep(supervisor.STEADY_BEATS + 1)
        raise OSError(5)

    world.supervisor.add("link", task)

    async def scene():
        await world.let(4 * (supervisor.STEADY_BEATS + 3))

    world.play(scene)
    assert [fields["restart_in_s"] for _event, fields in world.logged] == [1, 1, 1, 1]


def test_one_failure_leaves_the_others_alone(world):
    counts = []

    async def steady():
        while True:
            counts.append(1)
            await world.sleep(1)

    world.supervisor.add("steady", steady)
    world.supervisor.add("bad", failing(MemoryError(), []))

    async def scene():
        await world.let(20)

    world.play(scene)
    assert len(counts) >= 20
    assert world.supervisor.state()["steady"] == (0, "", 0)


@pytest.mark.parametrize("how", ["return", "cancelled"])
def test_ending_by_itself_is_a_failure_too(world, how):
    async def task():
        if how == "cancelled":
            raise asyncio.CancelledError

    world.supervisor.add("tick", task)

    async def scene():
        await world.let(2)

    world.play(scene)
    assert world.told[0][1] == {"return": "returned", "cancelled": "cancelled"}[how]
    assert world.supervisor.restarts >= 2


def test_watchdog_is_fed_each_beat_while_marked_tasks_progress(world):
    async def task():
        while True:
            world.supervisor.alive("tick")
            await world.sleep(1)

    world.supervisor.add("tick", task, 3000)

    async def scene():
        await world.let(30)  # the fake's ticks wrap in here

    world.play(scene)
    assert world.board.feeds == 30
    assert world.supervisor.restarts == 0


def test_watchdog_starves_and_a_stuck_task_is_started_anew(world):
    starts = []

    async def task():
        starts.append(world.board.clock.now_s())
        world.supervisor.alive("tick")
        await world.sleep(1 << 30)

    world.supervisor.add("tick", task, 3000)

    async def scene():
        await world.let(4)
        assert world.board.feeds == 3
        await world.let(16)

    world.play(scene)
    assert len(starts) >= 3
    assert world.told[0][:2] == ("tick", "stuck")
    assert world.board.feeds < 17


def test_a_task_that_refuses_to_end_starves_the_watchdog_for_good(world):
    async def task():
        while True:
            try:
                await world.sleep(1 << 30)
            except asyncio.CancelledError:
                if world.supervisor._stopping:
                    raise

    world.supervisor.add("tick", task, 3000)

    async def scene():
        await world.let(60)

    world.play(scene)
    assert world.board.feeds == 3
    assert world.supervisor.restarts == 0


def test_unmarked_tasks_may_be_quiet(world):
    async def task():
        await world.sleep(1 << 30)

    world.supervisor.add("link", task)

    async def scene():
        await world.let(50)

    world.play(scene)
    assert (world.board.feeds, world.supervisor.restarts) == (50, 0)


def test_a_callback_that_fails_stops_nothing_and_is_counted(world):
    def refuse(*_args):
        raise RuntimeError("flash full")

    world.supervisor._on_restart = refuse
    starts = []
    world.supervisor.add("meter", failing(ValueError("x" * 500), starts))

    async def scene():
        await world.let(4)

    world.play(scene)
    assert len(starts) == 3
    assert world.supervisor.untold == 3
    assert len(world.supervisor.state()["meter"][1]) <= MAX_ERROR


def test_stopping_lets_tasks_clean_up(world):
    cleaned = []

    async def task():
        try:
            await world.sleep(1 << 30)
        finally:
            cleaned.append(1)
            raise OSError(5)  # even a failing clean-up must not keep the supervisor

    world.supervisor.add("link", task)

    async def scene():
        await world.let(2)

    world.play(scene)
    assert cleaned == [1]


def test_the_same_on_micropython(run_micropython, tmp_path):
    script = tmp_path / "supervised.py"
    script.write_text(
        """
import asyncio
from firmware.hal import fake
from firmware.supervisor import Supervisor

board = fake.Board(".")
told = []
async def fast(seconds):
    board.clock.advance(seconds * 1000)
    await asyncio.sleep_ms(1)
keeper = Supervisor(lambda event, **fields: None, lambda *args: told.append(args[:2]), board, fast)
async def bad():
    raise ValueError("no")
async def stuck():
    await asyncio.sleep(60)
async def good():
    while True:
        keeper.alive("good")
        await asyncio.sleep_ms(1)
keeper.add("bad", bad)
keeper.add("stuck", stuck, 2000)
keeper.add("good", good, 60000)
async def main():
    task = asyncio.create_task(keeper.run())
    await asyncio.sleep_ms(200)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    before = len(told)
    await asyncio.sleep_ms(50)
    names = set(told)
    print(sorted(names), len(told) == before, keeper.state()["good"][0], board.feeds > 0)
asyncio.run(main())
"""
    )
    result = run_micropython(script)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.splitlines() == [
        "cancelled",
        "[('bad', \"ValueError('no',)\"), ('stuck', 'stuck')] True 0 True",
    ]
