"""What terminal and concentrator have in common: flash, records, link, supervisor, and their wiring.

A device sets `controller` (a firmware.running.Running with `heard` and `clock_set`) and `reports` before it
calls `_join`, and gives `_second` and `_tidy`.
"""

import asyncio
import gc

from firmware.events import Events
from firmware.link.gate import Gate
from firmware.link.mqtt import Client
from firmware.link.outbox import Outbox, open_rings
from firmware.link.session import Session
from firmware.overlay import Overlay
from firmware.parameters import Parameters
from firmware.store.kv import Kv
from firmware.supervisor import Supervisor
from protocols.uplink import messages, topics

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

VERSION = "0.2.0"
GC_BYTES = 16384  # collect after so much: short pauses, and no large hole eaten by small things
DIAG_INTERVAL_S, DIAG_OFFLINE_S = 300, 3600  # without a link general events need the room
TICK_LIMIT_MS, HOUSEKEEP_LIMIT_MS = 10000, 30000  # without a sign of life so long the watchdog starves
EPOCH_KEY, BOOT_KEY, VERSION_KEY = "epoch", "boot", "version"


class Device:
    """`rings`: KB of flash a stream; the rest is the contract of this product: sections of parameters,
    schemas of records, numbers of events and of their fields."""

    controller: "Any"
    reports: "Any"
    _second: "Any"
    _tidy: "Any"

    def __init__(self, board, rings, sections, records, events, fields):
        self.board = board
        self._clock = clock = board.clock
        self._offset_s = board.identity["utc_offset_s"]
        with Overlay():
            self.root = root = board.flash.mount()
            self.kv = Kv(root + "/kv")
            self.kv.open()
            opened = open_rings(root, rings)
            self.settings = Parameters(self.kv, sections)
        self.epoch = self.kv.get(EPOCH_KEY) or board.random(8)
        self.boot = (self.kv.get(BOOT_KEY) or 0) + 1
        self._version_before = self.kv.get(VERSION_KEY)
        self.heard_s = None  # run_s of the station's last valid message; None before the first of this start
        self.outbox = Outbox(opened, self.epoch, records)
        self.kv.room = self.outbox.make_room  # pyright: ignore[reportAttributeAccessIssue]
        self.events = Events(clock, self.outbox.add, self.settings, events, fields)
        self.settings.changed = self._changed
        self._diag_from = clock.ticks_ms()
        self._begun = {
            EPOCH_KEY: self.epoch,
            BOOT_KEY: self.boot,
            VERSION_KEY: VERSION,
        }  # of the first commit

    def _join(self, commands, kinds):
        """Make gate, session and supervisor. `kinds`: schemas of the commands that this product takes."""
        board, clock, identity = self.board, self._clock, self.board.identity
        self.gate = Gate(
            self.kv,
            identity["device"],
            identity["keys"],
            commands.apply,
            clock,
            self.outbox.add,
            self.reports.measured,
            kinds,
        )
        self.gate.said = commands
        broker = identity["broker"]
        link = {name: broker[name] for name in ("host", "port", "user", "password")}
        link["client_id"] = identity["device"]
        self.client = Client(board.connect, clock, link)
        self.session = Session(
            board,
            self.client,
            self.outbox,
            self.gate,
            self.reports.hello,
            self.reports.now,
            self.controller.clock_set,
            self._heard,
        )
        self.supervisor = Supervisor(log, self._restarted, board)
        self.settings.fault = self.controller.fault

    # ---- what the rooms ask of each other

    def local_s(self):
        """Local seconds, None while the clock is not trusted."""
        return self._clock.now_s() + self._offset_s if self._clock.ok else None

    def _changed(self, section, version):
        self.events.tell("parameters_changed", {"section": section, "version": version})

    def _heard(self):
        self.heard_s = self.controller.run_s()  # ticks would wrap after six silent days
        self.controller.heard()

    def _restarted(self, name, error, _t_s):
        self.controller.fault(name, error)

    # ---- each second

    async def _tick(self):
        while True:
            start = self._clock.ticks_ms()
            self._second()
            spent_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            await asyncio.sleep_ms(max(1, 1000 - spent_ms))

    async def _housekeep(self):
        """Garbage at a known idle point, and the diagnostics record."""
        while True:
            await asyncio.sleep_ms(5000)
            gc.collect()
            self.supervisor.alive("housekeep")
            self._tidy()  # what else is done now and then
            if self._passed("_diag_from", DIAG_INTERVAL_S if self.session.state == "up" else DIAG_OFFLINE_S):
                body = self.reports.diag()
                self.outbox.add(topics.LG, messages.DIAG, self._clock.now_s(), int(self._clock.ok), body)

    def _passed(self, mark, seconds):
        """Whether so long has passed since the mark, which then begins anew."""
        now = self._clock.ticks_ms()
        if self._clock.ticks_diff(now, getattr(self, mark)) < seconds * 1000:
            return False
        setattr(self, mark, now)
        return True

    # ---- start

    def _tell_start(self):
        """What this start has to say: version, parameters that fell back, power."""
        if self._version_before != VERSION:
            self.events.tell("initialised", {"boot": self.boot})
        for section, version in self.settings.lost.items():
            self.events.tell("parameters_lost", {"section": section, "version": version})
        power_up = {"boot": self.boot}
        off_s = self.controller.off_s()
        if off_s:  # a clock that is set later tells it by its step
            power_up["off_s"] = off_s
        self.events.tell("power_up", power_up)

    async def _run(self, rooms):
        """Until cancelled. `rooms`: (name, coroutine function) pairs."""
        supervisor = self.supervisor
        for tasks in (self.board.tasks, rooms):
            for name, factory in tasks:
                supervisor.add(name, factory)
        supervisor.add("tick", self._tick, TICK_LIMIT_MS)
        supervisor.add("link", self.session.run)
        supervisor.add("housekeep", self._housekeep, HOUSEKEEP_LIMIT_MS)
        await supervisor.run()


def log(event, **fields):
    """One line an event; rigs wait for event names, so they are an API."""
    print(event, " ".join(name + "=" + str(value) for name, value in fields.items()))


def run(board, product):
    """Never returns. `board` is a HAL board (firmware/hal), `product` the class of the device."""
    device = product(board)
    gc.collect()
    gc.threshold(GC_BYTES)
    facts, identity = board.facts, board.identity
    log("boot", product=facts["product"], device=identity["device"], boot=device.boot, version=VERSION)
    asyncio.run(device.run())
