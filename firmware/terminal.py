"""The terminal: wiring only. Which task owns what stands here; how it works stands in the rooms.

boards/<name>/main.py makes the board and calls `run(board)`.
"""

import asyncio
import gc

from firmware.controller import Controller
from firmware.link.gate import Gate
from firmware.link.mqtt import Client
from firmware.link.outbox import Outbox
from firmware.link.session import Session
from firmware.metering.bus import Bus
from firmware.metering.meter import Meter
from firmware.metering.poller import Poller
from firmware.metering.profile import Profile
from firmware.metering.readings import CURVE_FRESH_MS, Latest
from firmware.metering.recorder import MAIN_POINT, Recorder
from firmware.store.kv import Kv
from firmware.store.ring import Ring
from firmware.supervisor import Supervisor
from protocols.uplink import messages, topics

VERSION = "0.1.0"
PRODUCT = "terminal"

# Bytes of flash a stream: events, curves for 10 days of 96 points (about 90 bytes each), diagnostics.
RING_BYTES = {topics.EV: 96 * 1024, topics.DA: 192 * 1024, topics.LG: 32 * 1024}
CURVE_INTERVAL_S = 900
GC_BYTES = 16384  # collect after so much: short pauses, and no large hole eaten by small things
DIAG_INTERVAL_S = 300
TICK_LIMIT_MS, HOUSEKEEP_LIMIT_MS = 10000, 30000  # without a sign of life so long the watchdog starves
METER_SILENT_S = 60  # no power reading for so long is an event
EPOCH_KEY, BOOT_KEY = "epoch", "boot"


class Terminal:
    def __init__(self, board):
        self.board = board
        identity = board.identity
        root = board.flash.mount()
        self.kv = Kv(root + "/kv")
        self.kv.open()
        rings = {}
        for stream, size in RING_BYTES.items():
            rings[stream] = Ring(root + "/" + stream, size)
            rings[stream].open()
        self.epoch, self.boot = self._this_boot()
        self.outbox = Outbox(rings, self.epoch)
        self.latest = Latest(board.clock)
        self.profile = Profile(identity["meter"].pop("profile"))  # the parsed text is not needed twice
        self.controller = Controller(board, self.kv, self.profile, self.latest, self.outbox.add)
        self.controller.begin({EPOCH_KEY: self.epoch, BOOT_KEY: self.boot})
        self.bus = Bus(board.serial("line"), board.clock, identity["meter"]["baud"])
        self.meter = Meter(self.bus, identity["meter"]["address"], self.profile, board.clock)
        self.poller = Poller(self.meter, self.profile, self.latest, board.clock, self.controller.step)
        self.recorder = Recorder(
            self.meter,
            self.profile,
            self.latest,
            board.clock,
            self.kv,
            self.outbox.add,
            identity.get("curve_interval_s", CURVE_INTERVAL_S),
            identity["utc_offset_s"],
        )
        self.gate = Gate(
            self.kv,
            identity["device"],
            identity["keys"],
            self.controller.apply,
            board.clock,
            self.outbox.add,
            self._measured,
        )
        self.client = Client(board.connect, board.clock, self._mqtt_config())
        self.session = Session(
            board, self.client, self.outbox, self.gate, self._hello, self.now, self._clock_set
        )
        self.supervisor = Supervisor(log, self._restarted, board)
        self._meter_silent = False
        self._silent_s = 0
        self._diag_from = board.clock.ticks_ms()

    def _this_boot(self):
        epoch = self.kv.get(EPOCH_KEY) or self.board.random(8)
        boot = (self.kv.get(BOOT_KEY) or 0) + 1
        return epoch, boot

    def _mqtt_config(self):
        broker = self.board.identity["broker"]
        return {
            "host": broker["host"],
            "port": broker["port"],
            "client_id": self.board.identity["device"],
            "user": broker["user"],
            "password": broker["password"],
        }

    def _measured(self):
        """(tripped, open or None when the contacts cannot be read, remaining_wh) as read back now."""
        outputs = self.controller.outputs
        relays = self.board.relays
        return relays.tripped(), relays.open(), outputs.remaining_wh if outputs else None

    def _hello(self):
        board = self.board
        return {
            "device": board.identity["device"],
            "epoch": self.epoch,
            "boot": self.boot,
            "firmware": VERSION,
            "product": PRODUCT,
            "board": board.facts["name"],
            "multiplier": board.identity["multiplier"],
            "last_command": self.gate.last,
        }

    def now(self):
        """The NOW message's fields."""
        outputs = self.controller.outputs
        tripped, contacts, remaining_wh = self._measured()
        return {
            "power_w": self.controller.sample().power_w,
            "setpoint_w": outputs.setpoint_w,
            "tripped": tripped,
            "open": contacts,
            "alarm": outputs.alarm,
            "permitted": outputs.permitted,
            "remaining_wh": remaining_wh,
            "controls": [list(row) for row in outputs.controls],
            "guarantee": outputs.guarantee,
            "guarantee_until_s": outputs.guarantee_until_s,
            "meter_ok": int(self.latest.get(self.profile.power) is not None),
            "points": self.latest.pick(self.latest.numbers(), CURVE_FRESH_MS),
            "frames": [list(row) for row in self.bus.trace],
            "plan_id": outputs.plan_id,
            "last_order": outputs.last_order,
        }

    def _clock_set(self, step_ms):
        self.controller.clock_set(step_ms)

    def _restarted(self, name, error, _t_s):
        self.controller.fault(name, error)

    async def _tick(self):
        """Each second: decide, close pending commands, cut curve points, note a silent meter."""
        clock = self.board.clock
        while True:
            start = clock.ticks_ms()
            self.controller.step()
            self.gate.settle()
            self._watch_meter()
            self.recorder.tick()
            self.supervisor.alive("tick")
            spent_ms = clock.ticks_diff(clock.ticks_ms(), start)
            await asyncio.sleep_ms(max(1, 1000 - spent_ms))

    def _watch_meter(self):
        fresh = self.latest.get(self.profile.power) is not None
        self._silent_s = 0 if fresh else self._silent_s + 1
        silent = self._silent_s >= METER_SILENT_S
        if silent != self._meter_silent:
            self._meter_silent = silent
            name = "meter_read_failed" if silent else "meter_read_recovered"
            self.controller.event(name, {"metering_point": MAIN_POINT})

    async def _housekeep(self):
        """Garbage at a known idle point, and the diagnostics record."""
        clock = self.board.clock
        while True:
            await asyncio.sleep_ms(5000)
            gc.collect()
            self.latest.expire(CURVE_FRESH_MS)
            self.supervisor.alive("housekeep")
            if clock.ticks_diff(clock.ticks_ms(), self._diag_from) >= DIAG_INTERVAL_S * 1000:
                self._diag_from = clock.ticks_ms()
                self.outbox.add("lg", messages.DIAG, clock.now_s(), int(clock.ok), self._diag())

    def _diag(self):
        return {
            "heap_free": gc.mem_free(),
            "heap_used": gc.mem_alloc(),
            "line_ok": self.bus.ok,
            "line_timeouts": self.bus.timeouts,
            "line_bad": self.bus.bad,
            "links": self.session.links,
            "restarts": self.supervisor.restarts,
            "flash_free": self.board.flash.free(),
            "discards": self.outbox.discards,
            "store_errors": self.controller.store_errors + self.recorder.store_errors,
        }

    async def run(self):
        self.controller.step()
        self.controller.event("power_up", {"boot": self.boot})
        if self.controller.store_errors:
            # Control goes on without flash. An epoch that was not kept only means records sent up twice.
            self.controller.fault("store", "the boot could not be written")
        for name, factory in self.board.tasks:
            self.supervisor.add(name, factory)
        self.supervisor.add("bus", self.bus.run)
        self.supervisor.add("poller", self.poller.run)
        self.supervisor.add("tick", self._tick, TICK_LIMIT_MS)
        self.supervisor.add("recorder", self.recorder.run)
        self.supervisor.add("link", self.session.run)
        self.supervisor.add("housekeep", self._housekeep, HOUSEKEEP_LIMIT_MS)
        await self.supervisor.run()


def log(event, **fields):
    """One line an event; rigs wait for event names, so they are an API."""
    print(event, " ".join(name + "=" + str(value) for name, value in fields.items()))


def run(board):
    """Never returns. `board` is a HAL board (firmware/hal)."""
    terminal = Terminal(board)
    gc.collect()
    gc.threshold(GC_BYTES)
    log("boot", product=PRODUCT, device=board.identity["device"], boot=terminal.boot, version=VERSION)
    asyncio.run(terminal.run())
