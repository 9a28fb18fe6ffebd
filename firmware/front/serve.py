"""The task of the service console: bytes of a port to a Console and back.

The console is loaded when somebody types, and leaves when nobody has for IDLE_MS. More than FLOOD bytes in a
second come from no keyboard: they are thrown away, or a line looped back would talk to itself for ever.
"""

import asyncio

from firmware.overlay import Overlay

IDLE_MS = 300_000
FLOOD = 400
WRITE_TRIES, WRITE_MS = 50, 20  # a port whose other end does not read gets 1 s, then the text is lost


async def serve(port, clock, make):
    """Forever. `make()` imports and returns a Console."""
    while True:
        data = await port.read(1000)
        if data:
            with Overlay():
                await _session(port, clock, make(), data)


async def _session(port, clock, console, data):
    """Until nobody types any more; `data` came first."""
    heard = window = clock.ticks_ms()
    count = 0
    while clock.ticks_diff(clock.ticks_ms(), heard) < IDLE_MS:
        now = clock.ticks_ms()
        if clock.ticks_diff(now, window) >= 1000:
            window, count = now, 0
        count += len(data)
        if count > FLOOD:
            port.drop_input()
        elif data:
            heard = now
            await _write(port, console.feed(data))
        data = await port.read(1000)


async def _write(port, pieces):
    """What finds no reader is lost; the pieces behind it are still made: a command is done to its end."""
    for piece in pieces:
        tries = WRITE_TRIES
        while piece and not port.lost and tries and not port.write(piece):
            tries -= 1
            await asyncio.sleep_ms(WRITE_MS)
        await asyncio.sleep_ms(0)
