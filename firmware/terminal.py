"""The terminal: wiring only. Which task owns what stands here; how it works stands in the rooms.

boards/<name>/main.py makes the board and calls `run(board, Terminal)` of firmware/device.py.
"""

import gc

from firmware.commands import WIRING, Commands
from firmware.controller import Controller
from firmware.device import Device
from firmware.link.outbox import RING_KB
from firmware.metering.points import Points
from firmware.metering.recorder import Recorder
from firmware.metering.watch import Watch
from firmware.notices import Notices
from firmware.overlay import Overlay
from firmware.reports import Reports
from firmware.tariff import Tariff
from protocols.uplink import codes, messages, parameters, topics

TRAFFIC_S = 60
FREE_FOR_DISPLAY = 3  # a third of what is used must be free
EXCLUDED_S = 900  # after a meter change its registers are not judged


class Terminal(Device):
    def __init__(self, board):
        super().__init__(
            board, RING_KB, parameters.TEXTS, messages.RECORDS, codes.EVENT_CODE, codes.EVENT_FIELD_NO
        )
        clock, root = board.clock, self.root
        self.tariff = Tariff(self.settings)
        lost = self.settings.lost.get(parameters.GUARANTEE) == 0
        self.controller = Controller(board, self.kv, self._groups, self.events, lost)
        self._configure(None)
        self.controller.begin(self._begun)
        with Overlay():
            self.points = Points(board, self.settings, clock, self.kv, self._decide, root + "/meter-profiles")
            self.recorder = Recorder(
                self.points, clock, self.kv, self.outbox.add, self.settings, self._offset_s
            )
            contract_w = board.identity.get("contract_w", 0)
            self.watch = Watch(
                self.points, clock, self.events.tell, self.settings, contract_w, self._offset_s
            )
        if any([section in self.settings.lost for section in WIRING]):
            self.controller.rebase()
        self.notices = Notices(self.kv, self.settings)
        self.notices.tell = self.events.tell
        self.reports = Reports(self)
        self._join(Commands(self.controller, self.settings, self.notices, self.points), messages.COMMANDS)
        self.front = self._front()
        self._traffic_from = clock.ticks_ms()
        for section in (parameters.CONTROL, parameters.GUARANTEE):
            self.settings.listen(section, self._configure)

    # ---- what the rooms ask of each other

    def _groups(self):
        """(groups, price) of a control sample."""
        return self.points.groups(), self.tariff.price_e4(self.local_s())

    def _configure(self, _values):
        get = self.settings.get
        self.controller.configure(get(parameters.CONTROL), get(parameters.GUARANTEE))

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
            from firmware.front.service import Service

            self.supervisor.add("console", Service(self, console).run)
        return front

    async def _display(self, front):
        """A display is the first to go without: a screen drawn must not cost the link its memory."""
        gc.collect()
        if FREE_FOR_DISPLAY * gc.mem_free() < gc.mem_alloc():
            raise MemoryError("too little left for a display")
        with Overlay():
            await front.run()

    # ---- each second

    def _decide(self):
        """Whether the decision went well; also called at each power reading of a meter."""
        return self.controller.safely("control", self.controller.step)

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

    def _tidy(self):
        self.watch.refused(self._forged())
        if self._passed("_traffic_from", TRAFFIC_S):
            self.watch.traffic(self.recorder.traffic(self.client.bytes))
            self.client.bytes = 0

    def _forged(self):
        """Messages since the start whose seal is not the station's."""
        forged = self.gate.counts.get("bad_mac", 0)
        return forged + sum([self.session.counts.get(leaf + ": bad_mac", 0) for leaf in topics.DOWN])

    # ---- start

    async def run(self):
        self._decide()  # before anybody may ask; one that fails must not keep the link, and a mend, away
        self._tell_start()
        if self.controller.store_errors:
            # Control goes on without flash. An epoch that was not kept only means records sent up twice.
            self.controller.fault("store", "the boot could not be written")
        await self._run(self.points.tasks() + [("recorder", self.recorder.run)])
