"""A room that is there only while it has work, such as a search: its code takes no heap meanwhile.

`make()` imports and makes it (firmware/overlay.py has the rules of such a module). The room has `apply`,
`now`, `tick`, `tasks` as others, of which one task, and `idle`: whether nothing is to be done or to be told.
"""

import asyncio

from firmware.overlay import Overlay

REST_S = 60  # an idle room stays so long: of a command just judged the commit is still to come


class Seldom:
    """`began`: a restart has left it work."""

    def __init__(self, name, make, began):
        self._name, self._make = name, make
        self._room = self._task = None
        self._idle_s = 0
        self._wake = asyncio.Event()
        self.error, self.held = "", None
        if began:
            self._enter()

    def _enter(self):
        self._idle_s = 0
        if self._room is None:
            with Overlay():
                self._room = self._make()
            self._wake.set()
        return self._room

    def apply(self, kind, params, command_id, scope=0):
        room = self._enter()
        found = room.apply(kind, params, command_id, scope)
        self.error, self.held = room.error, room.held
        return found

    def now(self) -> list:
        return self._room.now() if self._room else []

    def tick(self):
        """Each second."""
        room = self._room
        if room is None:
            return
        room.tick()
        self._idle_s = self._idle_s + 1 if room.idle() else 0
        if self._idle_s > REST_S:
            self._room = None
            if self._task:
                self._task.cancel()

    def tasks(self):
        return [(self._name, self.run)]

    async def run(self):
        while True:
            if self._room is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            self._task = asyncio.create_task(self._room.tasks()[0][1]())
            try:
                await self._task
            except asyncio.CancelledError:
                if self._room is not None:
                    raise
            finally:
                self._task = None
