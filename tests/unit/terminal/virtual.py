"""Virtual time on CPython: an event loop whose clock moves only when nobody has work, straight to the next
timer; and the few names of MicroPython's asyncio that the firmware uses."""

import asyncio
import gc
import math
import selectors

STANDSTILL = 100_000  # turns of the loop within one ms: a task spins


def _where(task):
    """What the task waits in, from the outside in."""
    at, names = task.get_coro(), []
    while at is not None:
        frame = getattr(at, "cr_frame", None)
        names.append(f"{at.__qualname__}:{frame.f_lineno}" if frame else repr(at))
        at = getattr(at, "cr_await", None)
    return " > ".join(names)


class _Selector(selectors.DefaultSelector):
    """Waits for nothing: what would be waited for passes at once, in whole ms."""

    passed = staticmethod(lambda ms: None)
    turns = 0  # since time passed

    def select(self, timeout=None):
        if timeout is None:
            raise RuntimeError("every task waits for ever")
        self.turns += 1
        if timeout > 0:
            self.turns = 0
            self.passed(max(1, math.ceil(timeout * 1000 - 1e-4)))
        if self.turns > STANDSTILL:
            raise RuntimeError("time stands still:\n" + "\n".join(map(_where, asyncio.all_tasks())))
        return super().select(0)


class Loop(asyncio.SelectorEventLoop):
    """`pass_ms(ms)` is called for each step of time."""

    def __init__(self, pass_ms):
        self._ms = 0
        selector = _Selector()
        super().__init__(selector)

        def passed(ms):
            self._ms += ms
            pass_ms(ms)

        selector.passed = passed  # type: ignore[method-assign]

    def time(self):
        return self._ms / 1000


def names_of_micropython(monkeypatch):
    """Give CPython's asyncio and gc what the firmware takes from MicroPython's."""

    async def sleep_ms(ms):
        await asyncio.sleep(ms / 1000)

    async def wait_for_ms(awaitable, ms):
        return await asyncio.wait_for(awaitable, ms / 1000)

    monkeypatch.setattr(asyncio, "sleep_ms", sleep_ms, raising=False)
    monkeypatch.setattr(asyncio, "wait_for_ms", wait_for_ms, raising=False)
    monkeypatch.setattr(gc, "mem_free", lambda: 65536, raising=False)
    monkeypatch.setattr(gc, "mem_alloc", lambda: 131072, raising=False)
    monkeypatch.setattr(gc, "collect", lambda *_: 0)  # CPython's takes as long as a simulated minute
