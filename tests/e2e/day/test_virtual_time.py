"""The virtual time of the long day on the real interpreter: order, timeouts, sockets, and a busy machine."""

import os
import socket
import subprocess

from hil.adapters.unix import micropython
from tests.e2e.day.terminal import HERE

HEAD = """
import asyncio, socket, time
import warp
ticks = warp.Warp(%d)
began = ticks.ms
def passed():
    return ticks.ms - began
"""


def said(script: str, factor: int = 500) -> list[str]:
    done = subprocess.run(
        [micropython(), "-c", HEAD % factor + script],
        env={**os.environ, "MICROPYPATH": f".frozen:{HERE}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.split()


def test_sleepers_wake_in_the_order_of_their_times_and_at_them():
    script = """
async def sleeper(ms):
    await asyncio.sleep_ms(ms)
    print("%d@%d" % (ms, passed()))
async def main():
    await asyncio.gather(*[sleeper(ms) for ms in (60000, 100, 3000, 101, 99)])
asyncio.run(main())
"""
    assert said(script) == ["99@99", "100@100", "101@101", "3000@3000", "60000@60000"]


def test_a_timeout_comes_at_its_virtual_time_and_an_event_before_it():
    script = """
async def main():
    event = asyncio.Event()
    try:
        await asyncio.wait_for_ms(event.wait(), 2000)
    except asyncio.TimeoutError:
        print("timeout", passed())
    async def later():
        await asyncio.sleep_ms(500)
        event.set()
    task = asyncio.create_task(later())
    await asyncio.wait_for_ms(event.wait(), 2000)
    print("event", passed())
asyncio.run(main())
"""
    assert said(script) == ["timeout", "2000", "event", "2500"]


def test_a_busy_machine_costs_no_virtual_time():
    """A task that works for half a real second, minutes at this factor, moves no timer of another."""
    script = """
async def ticker():
    for n in range(1, 6):
        await asyncio.sleep_ms(1000)
        print(passed())
async def worker():
    await asyncio.sleep_ms(1500)
    until = time.ticks_add(time.ticks_ms(), 500)
    while time.ticks_diff(until, time.ticks_ms()) > 0:
        pass
async def main():
    await asyncio.gather(ticker(), worker())
asyncio.run(main())
"""
    assert said(script) == ["1000", "2000", "3000", "4000", "5000"]


def test_a_loop_that_only_yields_lets_time_pass_and_others_run():
    script = """
async def spinner():
    while passed() < 50:
        await asyncio.sleep_ms(0)
    print("spinner", passed())
async def sleeper():
    await asyncio.sleep_ms(20)
    print("sleeper", passed())
async def main():
    await asyncio.gather(spinner(), sleeper())
asyncio.run(main())
"""
    assert said(script) == ["sleeper", "20", "spinner", "50"]


def test_a_socket_wakes_its_reader_while_timers_go_on():
    """At factor 1 the answer of a real socket comes long before a virtual hour is over."""
    with socket.create_server(("127.0.0.1", 0)) as probe:  # MicroPython tells no port of a server
        port = probe.getsockname()[1]
    script = f"""
async def serve(reader, writer):
    writer.write(await reader.read(4))
    await writer.drain()
    writer.close()
async def main():
    await asyncio.start_server(serve, "127.0.0.1", {port})
    reader, writer = await asyncio.open_connection("127.0.0.1", {port})
    writer.write(b"ping")
    await writer.drain()
    answer = await asyncio.wait_for_ms(reader.read(4), 3600000)
    print(answer.decode(), passed() < 3600000)
asyncio.run(main())
"""
    assert said(script, factor=1) == ["ping", "True"]


def test_time_goes_no_faster_than_its_factor():
    """1000 virtual seconds at 500 take two real ones or more, however idle the process is."""
    script = """
async def main():
    real = time.ticks_ms()
    for n in range(1000):
        await asyncio.sleep_ms(1000)
    print(time.ticks_diff(time.ticks_ms(), real) >= 1900, passed())
asyncio.run(main())
"""
    assert said(script) == ["True", "1000000"]
