"""The terminal: wiring only. Which task owns what stands here; how it works stands in the rooms.

boards/<name>/main.py makes the board and calls `run(board)`.
"""

import asyncio
import gc

from firmware.commands import Commands
from firmware.controller import Controller
from firmware.events import Events
from firmware.link.gate import Gate
from firmware.link.mqtt import Client
from firmware.link.outbox import Outbox
from firmware.link.session import Session
from firmware.metering.points import Points
from firmware.metering.recorder import Recorder
from firmware.metering.watch import Watch
from firmware.notices import Notices
from firmware.overlay import Overlay
from firmware.parameters import Parameters
from firmware.reports import PRODUCT, VERSION, Reports
from firmware.store.kv import Kv
from firmware.store.ring import Ring
from firmware.supervisor import Supervisor
from firmware.tariff import Tariff
from protocols.uplink import messages, parameters, topics

# Bytes of flash a stream holds while the link is gone: 256 important and as many general events; 62 daily, 31
# billing and 12 monthly freezes with statistics; curves of 10 days of 96 points (tests/unit/store).
RING_BYTES = {
    topics.EV: 96 * 1024,
    topics.DA: 256 * 1024,
    topics.LG: 64 * 1024,
    topics.CV: 256 * 1024,
}
GC_BYTES = 16384  # collect after so much: short pauses, and no large hole eaten by small things
DIAG_INTERVAL_S, DIAG_OFFLINE_S = 300, 3600  # without a link general events need the room
TICK_LIMIT_MS, HOUSEKEEP_LIMIT_MS = 10000, 30000  # without a sign of life so long the watchdog starves
TRAFFIC_S, TRAFFIC_BYTES, MONTH = 60, 20204, 1  # statistic and period of firmware.metering.tally
EXCLUDED_S = 900  # after a meter change its registers are not judged
EPOCH_KEY, BOOT_KEY, VERSION_KEY = "epoch", "boot", "version"


class Terminal:
    def __init__(self, board):
        self.board = board
        self._clock = clock = board.clock
        identity = board.identity
        self._offset_s = identity["utc_offset_s"]
        with Overlay():
            root = board.flash.mount()
            self.kv = Kv(root + "/kv")
            self.kv.open()
            rings = {}
            for stream, size in RING_BYTES.items():
                rings[stream] = Ring(root + "/" + stream, size)
                rings[stream].open()
        self.epoch = self.kv.get(EPOCH_KEY) or board.random(8)
        self.boot = (self.kv.get(BOOT_KEY) or 0) + 1
        self._version_before = self.kv.get(VERSION_KEY)
        self._started_ms = self._heard_ms = clock.ticks_ms()
        self._ever_heard = False
        self.outbox = Outbox(rings, self.epoch)
        self.settings = Parameters(self.kv)
        self.events = Events(clock, self.outbox.add, self.settings)
        self.tariff = Tariff(self.settings)
        self.controller = Controller(board, self.kv, self._groups, self.events)
        self._configure(None)
        self.controller.begin({EPOCH_KEY: self.epoch, BOOT_KEY: self.boot, VERSION_KEY: VERSION})
        with Overlay():
            self.points = Points(board, self.settings, clock, self.kv, self.controller.step)
        self.recorder = Recorder(self.points, clock, self.kv, self.outbox.add, self.settings, self._offset_s)
        self.watch = Watch(
            self.points, clock, self.events.tell, self.settings, identity.get("contract_w", 0), self._offset_s
        )
        self.notices = Notices(self.kv, self.settings)
        self.notices.tell = self.events.tell
        self.reports = Reports(self)
        commands = Commands(self.controller, self.settings, self.notices, self.points)
        self.gate = Gate(
            self.kv,
            identity["device"],
            identity["keys"],
            commands.apply,
            clock,
            self.outbox.add,
            self.reports.measured,
        )
        self.client = Client(board.connect, clock, self._mqtt_config())
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
        self.front = self._front()
        self._diag_from = self._traffic_from = clock.ticks_ms()
        for section in (parameters.CONTROL, parameters.GUARANTEE):
            self.settings.listen(section, self._configure)
        self.settings.changed = self._changed

    # ---- what the rooms ask of each other

    def _groups(self):
        """(groups, price) of a control sample."""
        return self.points.groups(), self.tariff.price_e4(self.local_s())

    def local_s(self):
        """Local seconds, None while the clock is not trusted."""
        return self._clock.now_s() + self._offset_s if self._clock.ok else None

    def _configure(self, _values):
        get = self.settings.get
        self.controller.configure(get(parameters.CONTROL), get(parameters.GUARANTEE))

    def _changed(self, section, version):
        self.events.tell("parameters_changed", {"section": section, "version": version})

    def _heard(self):
        self._heard_ms, self._ever_heard = self._clock.ticks_ms(), True
        self.controller.heard()

    def heard_ago_s(self):
        """Since the station's last valid message; None before the first of this start."""
        if not self._ever_heard:
            return None
        return self._clock.ticks_diff(self._clock.ticks_ms(), self._heard_ms) // 1000

    def _restarted(self, name, error, _t_s):
        self.controller.fault(name, error)

    def _mqtt_config(self):
        broker = self.board.identity["broker"]
        return {
            "host": broker["host"],
            "port": broker["port"],
            "client_id": self.board.identity["device"],
            "user": broker["user"],
            "password": broker["password"],
        }

    # ---- on the spot

    def _front(self):
        """Display and console where the board has them, else None."""
        console = self.board.serial("console")
        if self.board.display is None and console is None:
            return None
        from firmware.front.panel import Front

        front = Front(self.board, self.reports.view, self.board.identity.get("language", "zh"))
        self.events.listener = front.note
        if self.board.display is not None:
            self.supervisor.add("front", front.run)
        if console is not None:
            self.supervisor.add("console", lambda: self._console(console))
        return front

    async def _console(self, port):
        from firmware.front.serve import serve
        from firmware.front.service import RelayTest

        if self.controller.test is None:
            self.controller.test = RelayTest(self._clock, self.events.tell)
        await serve(port, self._clock, self._new_console)

    def _new_console(self):
        from firmware.front.console import Console

        return Console(self.front, self.board, self.settings, self._test_relay)

    def _test_relay(self, rounds):
        test, controller = self.controller.test, self.controller
        reason = 0
        if rounds:
            there = (1 << self.board.facts["rounds"]) - 1
            reason = test.start(rounds, there, controller.outputs, self.gate.waiting())
        else:
            test.stop()
        controller.step()
        return reason

    # ---- each second

    async def _tick(self):
        while True:
            start = self._clock.ticks_ms()
            self._second()
            self.supervisor.alive("tick")
            spent_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            await asyncio.sleep_ms(max(1, 1000 - spent_ms))

    def _second(self):
        """Decide first; what only records comes after it."""
        points = self.points
        points.tick()
        self.controller.step()
        outputs, local_s = self.controller.outputs, self.local_s()
        while points.events:
            name, fields = points.events.pop(0)
            self.events.tell(name, fields)
            if name == "meter_changed":
                self.watch.exclude(fields["metering_point"], EXCLUDED_S)
        self.gate.settle()
        self.settings.tick()
        self.recorder.tick()
        self.watch.inputs(self.board.inputs.levels())
        self.watch.refused(self.gate.counts.get("bad_mac", 0))
        self.watch.tick()
        self.events.flush()
        self.board.lamps.sound(self.notices.sound(outputs, local_s))
        if self.front:
            self.front.watch(outputs, self.controller.run_s(), local_s)

    async def _housekeep(self):
        """Garbage at a known idle point, traffic, and the diagnostics record."""
        while True:
            await asyncio.sleep_ms(5000)
            gc.collect()
            self.supervisor.alive("housekeep")
            if self._passed("_traffic_from", TRAFFIC_S):
                self.recorder.traffic(self.client.bytes)
                self.client.bytes = 0
                self.watch.traffic(self.recorder.today(0, MONTH).get(TRAFFIC_BYTES, 0))
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
        self.events.tell("power_up", {"boot": self.boot})
        if self.controller.store_errors:
            # Control goes on without flash. An epoch that was not kept only means records sent up twice.
            self.controller.fault("store", "the boot could not be written")

    async def run(self):
        self.controller.step()
        self._tell_start()
        for name, factory in self.board.tasks:
            self.supervisor.add(name, factory)
        for name, factory in self.points.tasks():
            self.supervisor.add(name, factory)
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
