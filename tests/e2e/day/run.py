"""Runs the long day: station, fault proxy and terminal as processes; what was told and what was stored."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cbor2

from hil.adapters.process import ChildError
from hil.adapters.station import StationProcess
from hil.faults.net import NetProxy
from hil.plugin import DEVICE
from protocols.uplink import codes, messages, topics
from station.store import schema
from tests.e2e.day import plant, story
from tests.e2e.day.terminal import METER_ADDRESS, DayTerminal, image, local
from tests.e2e.day.truth import Truth
from tests.e2e.rig import Rig

FACTOR = 1000
STUCK_S = 120  # real: a terminal that says nothing for so long is dead
DRAIN_S = 120
POLL_S = 0.05

Ledger = dict[tuple[int, int], tuple[Any, ...]]  # (stream number, sequence) -> record


@dataclass
class Day:
    """What a run left behind."""

    midnight: int
    end_s: int
    moves: list[tuple[int, int]] = field(default_factory=list)  # (t_s, open switches)
    driven: list[tuple[int, int]] = field(default_factory=list)  # (t_s, trip outputs)
    heaps: list[list[int]] = field(default_factory=list)  # bytes in use at each hour, a list a start
    told: Ledger = field(default_factory=dict)  # by the terminal, as it went into its outbox
    cut_off: list[Any] = field(default_factory=list)  # records under way as the power went
    stored: Ledger = field(default_factory=dict)
    received_s: dict[tuple[int, int], int] = field(default_factory=dict)  # real time, by the station
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    commands: dict[str, dict[str, Any]] = field(default_factory=dict)  # what -> row at the end
    began_s: dict[str, int] = field(default_factory=dict)  # what -> virtual second it began
    began_real_s: dict[str, int] = field(default_factory=dict)  # what -> real UTC second it began
    truths: list[tuple[int, int]] = field(default_factory=list)  # (t_s, energy W s) as the plant has it
    failures: list[str] = field(default_factory=list)  # tasks that were restarted, seconds that were missed
    now: dict[str, Any] = field(default_factory=dict)  # the last live state
    now_s: int = 0  # virtual second of it
    wall_s: float = 0.0

    @property
    def begin_s(self) -> int:
        return self.midnight + story.BEGIN_MIN * 60

    def truth(self) -> Truth:
        return Truth(self.begin_s, self.end_s + 60, self.moves)


def run(home: Path, hours: float, say: Callable[[str], None], factor: int = FACTOR) -> Day:
    """`hours` of the story from its beginning; all of it when that is less."""
    midnight = story.midnight_s()
    end_s = midnight + 60 * min(story.END_MIN, story.BEGIN_MIN + int(hours * 60))
    day = Day(midnight, end_s)
    station = StationProcess(home / "station")
    proxy = terminal = rig = None
    try:
        rom = image(home / "image")
        station.start()
        identity = station.enrol(DEVICE, METER_ADDRESS, plant.MULTIPLIER)
        proxy = NetProxy("127.0.0.1", station.mqtt)
        terminal = DayTerminal(home / "terminal", rom, identity, proxy.port, factor)
        rig = Rig(station, None, terminal, proxy)
        before = time.monotonic()
        _Runner(day, rig, terminal, say).run()
        day.wall_s = time.monotonic() - before
        return day
    finally:
        if terminal:
            terminal.kill()
        if rig:
            rig.close()
        if proxy:
            proxy.close()
        station.stop()


class _Runner:
    def __init__(self, day: Day, rig: Rig, terminal: DayTerminal, say: Callable[[str], None]):
        self._day, self._rig, self._terminal, self._say = day, rig, terminal, say
        steps = [step for step in story.STEPS if day.midnight + step.at_min * 60 < day.end_s]
        self._steps = [*steps, story.Step((day.end_s - day.midnight) // 60, story.END, None)]
        self._marks = [[i + 1, day.midnight + step.at_min * 60] for i, step in enumerate(self._steps)]
        self._adding: tuple[int, Any] | None = None
        self._t_s = day.begin_s
        self._over = False
        self._numbers: dict[str, int] = {}  # what -> number of its command
        self._heard = {
            "adding": self._add,
            "added": self._added,
            "boot": self._booted,
            "drive": self._driven,
            "heap": self._heap,
            "mark": self._mark,
            "now": self._now,
            "switch": self._switch,
            "truth": self._truth,
        }

    def run(self):
        self._terminal.start(self._day.begin_s, self._marks)
        heard = time.monotonic()
        while not self._over:
            lines = self._terminal.lines()
            if lines:
                heard = time.monotonic()
            elif not self._terminal.alive or time.monotonic() - heard > STUCK_S:
                raise ChildError(f"the terminal is dead or stuck\n{self._terminal.tail()}")
            for word, rest in lines:
                self._hear(word, rest)
            time.sleep(POLL_S)
        self._collect()

    # ---- what the terminal says

    def _hear(self, word: str, rest: str):
        if word in self._heard:
            self._heard[word](rest)
            return
        if word in ("task_failed", "gap"):
            self._day.failures.append(f"{word} {rest}")
        self._say(f"{local(self._t_s)}  {word} {rest}")

    def _driven(self, rest: str):
        facts = _facts(rest)
        self._day.driven.append((facts["t_s"], facts["mask"]))

    def _switch(self, rest: str):
        facts = _facts(rest)
        self._day.moves.append((facts["t_s"], facts["open"]))
        self._say(f"{local(facts['t_s'])}  switches open: {facts['open']:03b}")

    def _truth(self, rest: str):
        t_s, energy_ws = (part.split("=")[1] for part in rest.split())
        self._day.truths.append((int(t_s), sum(int(ws) for ws in energy_ws.split(","))))

    def _booted(self, _rest: str):
        self._day.heaps.append([])

    def _heap(self, rest: str):
        self._day.heaps[-1].append(_facts(rest)["used"])

    def _now(self, rest: str):
        self._t_s = _facts(rest)["t_s"]

    def _add(self, rest: str):
        stream, data = rest.split()
        self._adding = topics.STREAM_NO[stream], tuple(cbor2.loads(bytes.fromhex(data)))

    def _added(self, rest: str):
        seq = int(rest)
        assert self._adding is not None, "added without adding"
        (stream, record), self._adding = self._adding, None
        if not seq:
            self._say(f"{local(record[1])}  REFUSED by the flash: {record}")
            return
        assert (stream, seq) not in self._day.told, f"number {seq} of stream {stream} given twice"
        self._day.told[stream, seq] = record
        if record[0] == messages.EVENT:
            name = codes.EVENTS.get(record[3][1])
            data = {codes.EVENT_FIELDS.get(no): value for no, value in record[3][2].items()}
            self._say(f"{local(record[1])}  {name} {data}")
        elif record[0] not in (messages.CURVE, messages.DIAG):
            self._say(f"{local(record[1])}  {messages.RECORD_NAMES[record[0]]} {record[3]}")

    # ---- what people do

    def _mark(self, rest: str):
        word, facts = rest.split(" ", 1)
        number, t_s = int(word), _facts(facts)["t_s"]
        step = self._steps[number - 1]
        self._t_s = t_s
        self._say(f"{local(t_s)}  == {step.what}")
        self._day.began_s[step.what] = t_s
        self._day.began_real_s[step.what] = int(time.time())
        if step.what == story.OFF:
            self._cut_power(t_s)
        elif step.what == story.END:
            self._drain()
            self._over = True
        elif step.do:
            command = step.do(self._rig, self._day.midnight)
            if command:
                self._numbers[step.what] = command
        self._terminal.go(number)

    def _cut_power(self, t_s: int):
        self._terminal.kill()
        for word, rest in self._terminal.lines():
            self._hear(word, rest)
        if self._adding:
            self._day.cut_off.append(self._adding)
            self._adding = None
        on_s = t_s + story.OFF_MIN * 60
        self._say(f"{local(on_s)}  == power on")
        self._terminal.start(on_s, [mark for mark in self._marks if mark[1] > on_s])

    # ---- what the station has

    def _drain(self):
        """Until the station has all that was told, and one more live state."""
        after_s = int(time.time()) + 1
        end = time.monotonic() + DRAIN_S
        while time.monotonic() < end:
            for word, rest in self._terminal.lines():
                self._hear(word, rest)
            self._stored()
            if self._day.told.keys() <= self._day.stored.keys() and self._rig.now()["received_s"] > after_s:
                break
            time.sleep(0.2)
        self._day.now, self._day.now_s = self._rig.now(), self._t_s
        before = set(self._day.told)
        self._terminal.kill()
        for word, rest in self._terminal.lines():
            self._hear(word, rest)
        self._stored()
        for key in self._day.told.keys() - before - self._day.stored.keys():
            del self._day.told[key]  # told as the power went: it waits in the flash

    def _stored(self):
        numbers = {row["id"]: row["stream"] for row in self._rig.rows(schema.streams)}
        for row in self._rig.rows(schema.records):
            key = numbers[row["stream_id"]], row["seq"]
            body = cbor2.loads(row["body"])
            self._day.stored[key] = row["kind"], row["t_s"], row["t_ok"], body
            self._day.received_s[key] = row["received_s"]

    def _collect(self):
        for table in (schema.events, schema.readings, schema.statistics, schema.gaps, schema.orders,
                      schema.meters, schema.streams, schema.counters):  # fmt: skip
            self._day.tables[table.name] = self._rig.rows(table)
        self._day.commands = {what: self._rig.command(no) or {} for what, no in self._numbers.items()}


def _facts(text: str) -> dict[str, int]:
    """name=number name=number."""
    return {name: int(value) for name, value in (part.split("=") for part in text.split())}
