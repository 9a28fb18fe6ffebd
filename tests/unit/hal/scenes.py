"""Scenes on the unix board, one a process: `scenes.py SCENE run.json`. For MicroPython; prints JSON."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import asyncio
import json
import select
import sys
import time

from firmware.hal import unix_flash
from firmware.hal.unix import Board


async def line(board):
    """Reads: what comes, a timeout, then the end; a ticker shows that the loop never stood still."""
    port = board.serial("line")
    ticks = [time.ticks_ms()]
    worst = 0

    async def tick():
        nonlocal worst
        while True:
            await asyncio.sleep_ms(1)
            now = time.ticks_ms()
            worst = max(worst, time.ticks_diff(now, ticks[0]))
            ticks[0] = now

    ticker = asyncio.create_task(tick())
    port.write(b"?")
    first = await port.read(2000)
    start = time.ticks_ms()
    nothing = await port.read(120)
    waited = time.ticks_diff(time.ticks_ms(), start)
    port.write(b"!")
    await asyncio.sleep_ms(200)  # a late answer has come meanwhile
    port.drop_input()
    dropped = await port.read(20)
    port.write(b"x")
    while not port.lost:
        await port.read(500)
    start = time.ticks_ms()
    after = await port.read(60)
    waited_lost = time.ticks_diff(time.ticks_ms(), start)
    ticker.cancel()
    return {
        "first": first.decode(),
        "nothing": nothing.decode(),
        "waited": waited,
        "dropped": dropped.decode(),
        "after": after.decode(),
        "waited_lost": waited_lost,
        "written": port.write(b"gone"),
        "worst": worst,
    }


async def held(board):
    """The loop stands for longer than a read may wait, while the rest of an answer lies in the receiver."""
    line = board.serial("line")
    cut = 0
    for _ in range(20):
        line.write(b"?")
        got = await line.read(5000)

        async def hold():
            line.write(b"!")
            while not line._flags() & select.POLLIN:
                pass
            time.sleep_ms(60)

        task = asyncio.create_task(hold())
        cut += [got, await line.read(30)] != [b"first", b"second"]
        await task
    return {"cut": cut}


async def again(board):
    """A line whose PTY has the speed already: set by whoever ran before, and it keeps no parity."""
    line = board.serial("line")
    for _ in range(2):
        line.configure(9600, "8E1")
    return {"taken": line.write(b"?")}


async def deaf(board):
    """Nobody reads the other end: writes give up instead of stopping the loop."""
    port = board.serial("line")
    start = time.ticks_ms()
    taken = sum(port.write(bytes(20)) for _ in range(5000))
    return {"taken": taken, "discards": port.discards, "ms": time.ticks_diff(time.ticks_ms(), start)}


async def panel(board):
    ((_name, run),) = board.tasks
    task = asyncio.create_task(run())
    seen = [board.relays.open()]
    board.relays.drive(5)
    board.relays.drive(5)
    board.lamps.show(2, 4)
    board.serial("line").write(b"1")
    for _ in range(2):
        board.serial("line").write(await board.serial("line").read(5000))  # the test has written to the panel
        seen.append(board.relays.open())
    await asyncio.sleep_ms(3300)
    seen.append(board.relays.open())
    task.cancel()
    return {"seen": seen, "bad": board.relays.bad, "tripped": board.relays.tripped()}


def counted(name):
    try:
        with open(name) as f:
            count = int(f.read())
    except OSError:
        count = 0
    with open(name, "w") as f:
        f.write(str(count + 1))
    return count


async def flash(board):
    count = counted(board.flash.mount() + "/count")
    return {"count": count, "lost": board.flash.lost, "free": board.flash.free()}


async def busy_flash(board):
    """The image cannot be opened at the first try; then it can."""

    def once(path, mode):
        del unix_flash.open
        raise OSError(24)  # EMFILE

    unix_flash.open = once
    try:
        board.flash.mount()
    except OSError as e:
        told = await flash(board)
        told["errno"] = e.errno
        return told


async def clock(board):
    now = board.clock.now_s()
    ok = board.clock.ok
    step = board.clock.set_ms((now + 100) * 1000)
    return {"now": now, "ok": ok, "step": step, "then": board.clock.now_s() - now, "set": board.clock.ok}


async def connect(board):
    told = {}
    for name in ("open", "closed", "unknown"):
        host, port = board.identity["broker"][name]
        start = time.ticks_ms()
        try:
            reader, writer = await board.connect(host, port)
            writer.write(b"ping")
            await writer.drain()
            told[name] = (await asyncio.wait_for_ms(reader.read(4), 2000)).decode()
            writer.close()
        except OSError as e:
            told[name] = e.errno
        told[name + "_ms"] = time.ticks_diff(time.ticks_ms(), start)
    return told


SCENES = {
    "line": line,
    "held": held,
    "again": again,
    "deaf": deaf,
    "panel": panel,
    "flash": flash,
    "busy_flash": busy_flash,
    "clock": clock,
    "connect": connect,
}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(SCENES[sys.argv[1]](Board(sys.argv[2])))))
