"""The line simulator: every byte takes its wire time, each fault does what it says and nothing else."""

import asyncio
import os
import time

import pytest

from hil.line485 import BITS, Line

BAUD = 9600


class Bench:
    """A line with a master on a PTY and a slave that keeps what it hears."""

    def __init__(self, baud=BAUD, seed=1, turnaround_ms=20):
        self.line = Line(baud, seed)
        self.heard = bytearray()
        self.slave = self.line.attach("meter", self.heard.extend, turnaround_ms)
        self.master = self.line.attach_pty("terminal")
        self.fd = os.open(self.master.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.got = bytearray()  # what the master read
        self.sent = 0  # bytes the line handed to the master's PTY
        to_pty = self.master.hear

        def hear(data):
            self.sent += len(data)
            to_pty(data)

        self.master.hear = hear

    def read(self) -> bytearray:
        try:
            self.got += os.read(self.fd, 4096)
        except BlockingIOError:
            pass
        return self.got

    async def until(self, met, timeout_s=10):
        async with asyncio.timeout(timeout_s):
            while not met():  # noqa: ASYNC110 (a PTY has no event to wait for)
                await asyncio.sleep(0.005)

    async def reply(self, data) -> bytes:
        """What the master hears when the slave says `data`."""
        await self.until(lambda: len(self.read()) == self.sent)  # a PTY hands over a little later
        before = self.sent
        self.slave.write(data)
        await self.until(lambda: not self.slave.queued and len(self.read()) == self.sent)
        return bytes(self.got[before:])

    def close(self):
        os.close(self.fd)
        self.line.close()


def on_bench(scenario, **settings):
    async def run():
        bench = Bench(**settings)
        try:
            await scenario(bench)
        finally:
            bench.close()

    asyncio.run(run())


@pytest.mark.parametrize("baud", [2400, 9600])
def test_bytes_arrive_unchanged_and_not_before_their_wire_time(baud):
    async def scenario(bench):
        start = time.monotonic()
        os.write(bench.fd, bytes(range(40)))
        await bench.until(lambda: len(bench.heard) == 40)
        assert time.monotonic() - start >= 40 * BITS / baud
        assert bench.heard == bytes(range(40))

    on_bench(scenario, baud=baud)


def test_a_slave_waits_its_turn_around_after_the_last_byte_it_heard():
    async def scenario(bench):
        os.write(bench.fd, b"ask")
        await bench.until(lambda: len(bench.heard) == 3)
        heard_s = bench.slave.heard_at
        bench.slave.write(b"ok")
        assert bench.slave.burst_from >= heard_s + 0.2
        await bench.until(lambda: bench.read() == b"ok")

    on_bench(scenario, turnaround_ms=200)


def test_mute_silences_the_slave_only():
    async def scenario(bench):
        bench.line.faults.mute = True
        assert await bench.reply(b"answer") == b""
        os.write(bench.fd, b"ask")
        await bench.until(lambda: bench.heard == b"ask")
        bench.line.faults.mute = False
        assert await bench.reply(b"answer") == b"answer"

    on_bench(scenario)


def test_noise_flips_single_bits_and_the_seed_repeats_it():
    said = bytes(200)
    heard = []

    async def scenario(bench):
        bench.line.faults.flip = 0.5
        heard.append(await bench.reply(said))
        assert bench.line.flipped == sum(b != 0 for b in heard[-1])

    for _ in range(2):
        on_bench(scenario, baud=115200, seed=5)
    assert heard[0] == heard[1]
    assert {b.bit_count() for b in heard[0]} == {0, 1}
    assert 60 < sum(b != 0 for b in heard[0]) < 140  # half of 200


def test_drop_loses_bytes_and_counts_them():
    async def scenario(bench):
        bench.line.faults.drop = 0.3
        got = await bench.reply(bytes(200))
        assert 0 < bench.line.dropped == 200 - len(got) < 200

    on_bench(scenario, baud=115200)


def test_a_late_reply_comes_late_and_a_duplicate_comes_twice():
    async def scenario(bench):
        bench.line.faults.duplicate = True
        assert await bench.reply(b"twin") == b"twintwin"
        bench.line.faults.duplicate = False
        os.write(bench.fd, b"?")
        await bench.until(lambda: bench.heard)
        bench.line.faults.late_reply_ms = 300
        bench.slave.write(b"late")
        assert bench.slave.burst_from >= bench.slave.heard_at + 0.3

    on_bench(scenario, turnaround_ms=1)


def test_echo_gives_the_talker_its_own_bytes():
    async def scenario(bench):
        bench.line.faults.echo = True
        os.write(bench.fd, b"me")
        await bench.until(lambda: bench.read() == b"me")

    on_bench(scenario)


def test_babble_fills_the_line_until_it_is_switched_off():
    async def scenario(bench):
        bench.line.set_babble(bench.slave, True)
        await bench.until(lambda: len(bench.read()) > 100)
        bench.line.set_babble(bench.slave, False)
        await bench.until(lambda: not bench.slave.queued)
        assert await bench.reply(b"calm") == b"calm"

    on_bench(scenario)


def test_two_talkers_at_once_garble_each_other():
    async def scenario(bench):
        bench.slave.write(bytes(30))
        os.write(bench.fd, bytes(30))
        await bench.until(lambda: len(bench.heard) == 30)
        await bench.until(lambda: not bench.slave.queued)
        assert bench.line.collided > 20
        assert bytes(bench.heard) != bytes(30)

    on_bench(scenario)


def test_a_reader_that_sleeps_loses_bytes_but_stops_nobody():
    async def scenario(bench):
        for _ in range(8):
            bench.slave.write(bytes(4096))
            await bench.until(lambda: not bench.slave.queued)
        assert bench.line.lost > 0

    on_bench(scenario, baud=4_000_000)


def test_a_talker_without_flow_control_overruns_its_queue_and_it_is_counted():
    async def scenario(bench):
        bench.slave.write(bytes(5000))
        assert bench.line.lost == 5000 - 4096

    on_bench(scenario)


def test_the_log_holds_bursts_with_talker_and_time():
    async def scenario(bench):
        before_ms = time.monotonic_ns() // 10**6
        os.write(bench.fd, b"ask")
        await bench.until(lambda: bench.heard == b"ask")
        await bench.reply(b"answer")
        assert [(b.port, bytes(b.data)) for b in bench.line.log] == [
            ("terminal", b"ask"),
            ("meter", b"answer"),
        ]
        assert before_ms <= bench.line.log[0].t_ms < bench.line.log[1].t_ms

    on_bench(scenario)
