"""The terminal: wiring only. Which task owns what stands here; how it works stands in the rooms.

boards/<name>/main.py makes the board and calls `run(board)`.
"""

import asyncio
import gc

from firmware.commands import WIRING, Commands
from firmware.controller import Controller
from firmware.events import Events
from firmware.link.gate import Gate
from firmware.link.mqtt import Client
from firmware.link.outbox import Outbox, open_rings
from firmware.link.session import Session
from firmware.metering.points import Points
from firmware.metering.recorder import Recorder
from firmware.metering.watch import Watch
from firmware.notices import Notices
from firmware.overlay import Overlay
from firmware.parameters import Parameters
from firmware.reports import PRODUCT, VERSION, Reports
from firmware.store.kv import Kv
from firmware.supervisor import Supervisor
from firmware.tariff import Tariff
from protocols.uplink import messages, parameters, topics

GC_BYTES = 16384  # collect after so much: short pauses, and no large hole eaten by small things
DIAG_INTERVAL_S, DIAG_OFFLINE_S = 300, 3600  # without a link general events need the room
TICK_LIMIT_MS, HOUSEKEEP_LIMIT_MS = 10000, 30000  # without a sign of life so long the watchdog starves
TRAFFIC_S = 60
FREE_FOR_DISPLAY = 3  # a third of what is used must be free
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
            rings = open_rings(root)
            self.settings = Parameters(self.kv)
        self.epoch = self.kv.get(EPOCH_KEY) or board.random(8)
        self.boot = (self.kv.get(BOOT_KEY) or 0) + 1
        self._version_before = self.kv.get(VERSION_KEY)
        self._heard_s = None  # run_s of the station's last valid message
        self.outbox = Outbox(rings, self.epoch)
        self.kv.room = self.outbox.make_room  # pyright: ignore[reportAttributeAccessIssue]
        self.events = Events(clock, self.outbox.add, self.settings)
        self.tariff = Tariff(self.settings)
        lost = self.settings.lost.get(parameters.GUARANTEE) == 0
        self.controller = Controller(board, self.kv, self._groups, self.events, lost)
        self._configure(None)
        self.controller.begin({EPOCH_KEY: self.epoch, BOOT_KEY: self.boot, VERSION_KEY: VERSION})
        with Overlay():
            self.points = Points(board, self.settings, clock, self.kv, self._decide, root + "/meter-profiles")
            self.recorder = Recorder(
                self.points, clock, self.kv, self.outbox.add, self.settings, self._offset_s
            )
            contract_w = identity.get("contract_w", 0)
            self.watch = Watch(
                self.points, clock, self.events.tell, self.settings, contract_w, self._offset_s
            )
        if any([section in self.settings.lost for section in WIRING]):
            self.controller.rebase()
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
        self.gate.said = commands
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
        self.settings.fault = self.controller.fault

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
        self._heard_s = self.controller.run_s()  # ticks would wrap after six silent days
        self.controller.heard()

    def heard_ago_s(self):
        """Since the station's last valid message; None before the first of this start."""
        return None if self._heard_s is None else self.controller.run_s() - self._heard_s

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
        from firmware.front.view import view

        front = Front(self.board, lambda: view(self), self.board.identity.get("language", "zh"))
        self.events.listener = front.note
        if self.board.display is not None:
            self.supervisor.add("front", lambda: self._display(front))
        if console is not None:
            self.supervisor.add("console", lambda: self._console(console))
        return front

    async def _display(self, front):
        """A display is the first to go without: a screen drawn must not cost the link its memory."""
        gc.collect()
        if FREE_FOR_DISPLAY * gc.mem_free() < gc.mem_alloc():
            raise MemoryError("too little left for a display")
        with Overlay():
            await front.run()

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

    def _decide(self):
        """Whether the decision went well; also called at each power reading of a meter."""
        return self.controller.safely("control", self.controller.step)

    async def _tick(self):
        while True:
            start = self._clock.ticks_ms()
            self._second()
            spent_ms = self._clock.ticks_diff(self._clock.ticks_ms(), start)
            await asyncio.sleep_ms(max(1, 1000 - spent_ms))

    def _second(self):
        """Decide first; what only records comes after it. A room that fails stops neither: it is told.

        Without a decision for TICK_LIMIT_MS the watchdog starves.
        """
        safely = self.controller.safely
        safely("points", self.points.tick)
        if self._decide():
            self.supervisor.alive("tick")
        for task, room in self._rooms():
            safely(task, room)
        self.controller.report()

    def _rooms(self):
        """What each second does after the decision, by the name it is told under when it fails."""
        return (
            ("points", self._take_events),
            ("points", self.points.keep),
            ("gate", self.gate.settle),
            ("parameters", self.settings.tick),
            ("recorder", self.recorder.tick),
            ("watch", self._watch),
            ("events", self.events.flush),
            ("sound", self._sound),
            ("front", self._show),
        )

    def _take_events(self):
        while self.points.events:
            name, fields = self.points.events.pop(0)
            self.events.tell(name, fields)
            if name == "meter_changed":
                self.watch.exclude(fields["metering_point"], EXCLUDED_S)

    def _watch(self):
        self.watch.inputs(self.board.inputs.levels())
        self.watch.tick()

    def _sound(self):
        self.board.lamps.sound(self.notices.sound(self.controller.outputs, self.local_s()))

    def _show(self):
        if self.front:
            self.front.watch(self.controller.outputs, self.controller.run_s(), self.local_s())

    async def _housekeep(self):
        """Garbage at a known idle point, traffic, and the diagnostics record."""
        while True:
            await asyncio.sleep_ms(5000)
            gc.collect()
            self.supervisor.alive("housekeep")
            self.watch.refused(self._forged())
            if self._passed("_traffic_from", TRAFFIC_S):
                self.watch.traffic(self.recorder.traffic(self.client.bytes))
                self.client.bytes = 0
            if self._passed("_diag_from", DIAG_INTERVAL_S if self.session.state == "up" else DIAG_OFFLINE_S):
                body = self.reports.diag()
                self.outbox.add(topics.LG, messages.DIAG, self._clock.now_s(), int(self._clock.ok), body)

    def _forged(self):
        """Messages since the start whose seal is not the station's."""
        forged = self.gate.counts.get("bad_mac", 0)
        return forged + sum([self.session.counts.get(leaf + ": bad_mac", 0) for leaf in topics.DOWN])

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
        if self.controller.store_errors:
            # Control goes on without flash. An epoch that was not kept only means records sent up twice.
            self.controller.fault("store", "the boot could not be written")

    async def run(self):
        self._decide()  # before anybody may ask; one that fails must not keep the link, and a mend, away
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
