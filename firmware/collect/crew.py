"""Work that lines have now and then: a task a line while it has some, one for the supervisor besides."""

import asyncio


class Crew:
    """`work(line)`: a coroutine function that returns when nothing is left to do on the line."""

    def __init__(self, work):
        self._work = work
        self._called, self._busy, self._failed = [], {}, None
        self._wake = asyncio.Event()

    def call(self, line):
        """There is work on it; it is begun once more when that was said after the work had begun."""
        if line not in self._called:
            self._called.append(line)
        self._wake.set()

    async def run(self):
        """Never returns. Raises what the work on a line raised; that on others goes on, and its own with the
        next start."""
        while True:
            failed, self._failed = self._failed, None
            if failed:
                raise failed
            self._begin()
            self._wake.clear()
            try:
                await self._wake.wait()
            except asyncio.CancelledError:
                for task in self._busy.values():
                    task.cancel()
                raise

    def _begin(self):
        for line in [line for line in self._called if line not in self._busy]:
            self._called.remove(line)
            self._busy[line] = asyncio.create_task(self._do(line))

    async def _do(self, line):
        try:
            await self._work(line)
        except Exception as error:
            self._failed = error
            self.call(line)
        finally:
            del self._busy[line]
            self._wake.set()
