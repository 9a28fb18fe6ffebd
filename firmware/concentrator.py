"""The concentrator: wiring only. Which room owns what stands here; how it works stands in firmware/collect.

boards/<name>/main.py makes the board and calls `run(board, Concentrator)` of firmware/device.py.
"""

from firmware.area.archive import MODULE, Archive
from firmware.collect.archives import Archives
from firmware.collect.clocks import Clocks
from firmware.collect.collector import Collector
from firmware.collect.commands import Commands
from firmware.collect.freezes import Freezes
from firmware.collect.packages import Packages
from firmware.collect.prepaid import Prepaid
from firmware.collect.reports import Reports
from firmware.collect.seldom import Seldom
from firmware.collect.slots import profiles
from firmware.collect.transformer import Transformer
from firmware.collect.watch import Watch
from firmware.device import Device
from firmware.running import Running
from firmware.store.kv import StoreError
from protocols.uplink import area, topics

# KB of flash a stream. They hold without a link: 3 days of every meter losing its clock, say; 14 days of
# freezes and balances of 1,000 meters; 7 days of 96 points of 50 key users.
RING_KB = ((topics.EV, 512), (topics.DA, 2048), (topics.CV, 4096), (topics.LG, 128))
PORTS = {1: "line", 2: "line2", 3: "line3", 4: "line4", MODULE: "module"}
RUN_COMMIT_S = 3600
TASK_NUMBERS = range(16, 256)


class Run(Running):
    """What the journal keeps of the run itself."""

    def __init__(self, clock, kv, tell):
        super().__init__(clock, kv, tell)
        self.store_errors = 0
        self._kept_run_s = self.run_s()

    def begin(self, entries):
        """The first commit of a boot."""
        self._commit(entries)

    def heard(self):
        """Nobody here asks for how long the station was silent."""

    def clock_set(self, step_ms):
        self._tell("clock_set", {"step_ms": step_ms})
        self._commit({})

    def tick(self):
        if self.run_s() - self._kept_run_s >= RUN_COMMIT_S:
            self._commit({})

    def _commit(self, entries):
        self._kept_run_s = self.run_s()
        entries["run"] = self._run.saved()
        try:
            self._kv.put(entries)
        except StoreError:
            self.store_errors += 1


class Concentrator(Device):
    def __init__(self, board):
        super().__init__(board, RING_KB, area.PARAMETERS, area.RECORDS, area.EVENT_CODE, area.EVENT_FIELD_NO)
        self.controller = Run(board.clock, self.kv, self.events.tell)
        self.controller.begin(self._begun)
        self._make_lines()
        self._make_rooms()
        self.reports = Reports(self)
        commands = Commands(self)
        self._join(commands, commands.kinds)

    def _make_lines(self):
        board, identity = self.board, self.board.identity
        archive = Archive()
        self.archives = Archives(self.kv, self.root, self.events.tell, archive)
        self.ports = {}
        for text, line in identity["lines"].items():
            port = board.serial(PORTS[int(text)])
            if port:
                self.ports[int(text)] = port, line["baud"]
        slots, faults = profiles(identity.pop("profiles"))
        for fault in faults:
            self.controller.fault("profile", fault)
        self.collector = Collector(board, archive, slots, self.ports)
        self.packages = Packages(board, self.kv, self.root, self.events.tell, self.collector)
        self.archives.planner = self.collector

    def _make_rooms(self):
        board, kv, root, settings, collector = self.board, self.kv, self.root, self.settings, self.collector
        add, tell = self.outbox.add, self.events.tell
        self.freezes = Freezes(board, kv, root, add, self._waiting, settings, self._offset_s)
        unreadable = self.archives.unreadable
        self.prepaid = Prepaid(board, kv, root, add, tell, settings, collector, self._inputs, unreadable)
        self.clocks = Clocks(board, kv, tell, settings, collector)
        self.watch = Watch(board, root, tell, settings, collector)
        run_s = self.controller.run_s
        self.transformer = Transformer(board, kv, add, settings, collector, self._offset_s, run_s)
        self.module = collector.module = self._module()
        self.patrol, self.forward, self.search = [
            Seldom(name, make, kv.get(name))
            for name, make in (
                ("patrol", self._patrol),
                ("forward", self._forward),
                ("search", self._search),
            )
        ]
        kv.room = self._make_room  # pyright: ignore[reportAttributeAccessIssue]
        self.archives.replaced = self.prepaid.replaced
        self.archives.listeners.append(self._moved)
        collector.heard = self._heard_of
        collector.recorded = self._recorded  # pyright: ignore[reportAttributeAccessIssue]
        collector.lost = self.freezes.planned.gap  # pyright: ignore[reportAttributeAccessIssue]
        collector.keep = self._keep  # pyright: ignore[reportAttributeAccessIssue]
        settings.guard(area.TASKS, wrong_tasks)
        settings.listen(area.TASKS, self._take_tasks)
        self._take_tasks(settings.get(area.TASKS))
        self.freezes.start(collector.planner)

    def _module(self):
        """Of line 9, None without one: only who has it pays for it."""
        if MODULE not in self.ports:
            return None
        from firmware.collect.module import Module

        return Module(self.board, self.collector, self.events.tell, self.outbox.add)

    # ---- rooms that are there only while they have work; their names are their keys in kv too

    def _patrol(self):
        from firmware.collect.patrol import Patrol

        return Patrol(self.board, self.kv, self.outbox.add, self.events.tell, self.collector)

    def _forward(self):
        from firmware.collect.forward import Forward

        return Forward(self.board, self.kv, self.outbox.add, self.collector)

    def _search(self):
        from firmware.collect.search import Search

        add, tell, collector = self.outbox.add, self.events.tell, self.collector
        return Search(
            self.board, self.kv, add, tell, collector, lambda line: self.ports[line][1], self.module
        )

    # ---- what the rooms ask of each other

    def _inputs(self, meter):
        """What the controls of a meter need, as the identity says of its profile's slot."""
        return self.board.identity.get("meter_inputs", {}).get(str(self.collector.archive.slot(meter)), {})

    def _waiting(self):
        return self.outbox.next_seq(topics.DA) - self.outbox.held_from(topics.DA)

    def _make_room(self):
        return self.freezes.make_room() or self.outbox.make_room()

    def _keep(self):
        self.freezes.keep(self.collector.planner)

    def _heard_of(self, *reading):
        """A room that fails takes no reading away from the others."""
        for name, room in self._readers():
            self.controller.safely(name, room.seen, *reading)

    def _recorded(self, *reading):
        """Of an earlier time: a balance or a limit would take it for the present."""
        self.controller.safely("freezes", self.freezes.seen, *reading)

    def _readers(self):
        rooms = ("freezes", self.freezes), ("prepaid", self.prepaid), ("watch", self.watch)
        return rooms + (("transformer", self.transformer),)

    def _moved(self, meters):
        """These rows of the archive hold other meters now, or none."""
        self.prepaid.rows_changed()
        self.transformer.reload()
        for first, count in runs(meters):
            self.clocks.reload(first, count)
            self.watch.reload(first, count)
            if self.module:
                self.module.reload(first, count)

    def _take_tasks(self, values):
        self.collector.take(values["tasks"])

    # ---- each second

    def _second(self):
        safely = self.controller.safely
        for name, tick in self._ticks():
            safely(name, tick)
        self.supervisor.alive("tick")
        if self.module:
            safely("module", self.module.tick)
        self.controller.report()

    def _ticks(self):
        """What each second does, by the name it is told under when it fails."""
        return (
            ("gate", self.gate.settle),
            ("parameters", self.settings.tick),
            ("packages", self.packages.tick),
            ("freezes", self.freezes.tick),
            ("prepaid", self.prepaid.tick),
            ("clocks", self.clocks.tick),
            ("watch", self.watch.tick),
            ("transformer", self.transformer.tick),
            ("patrol", self.patrol.tick),
            ("forward", self.forward.tick),
            ("search", self.search.tick),
            ("events", self.events.flush),
            ("run", self.controller.tick),
        )

    def _tidy(self):
        """Nothing is done seldom."""

    async def run(self):
        self._tell_start()
        if self.controller.store_errors:
            self.controller.fault("store", "the boot could not be written")
        tasks = self.module.tasks() if self.module else []
        for room in (self.collector, self.packages, self.prepaid, self.clocks, self.transformer):
            tasks += room.tasks()
        for room in (self.patrol, self.forward, self.search):
            tasks += room.tasks()
        await self._run(tasks)


def runs(meters):
    """(first, count) of each run of consecutive rows."""
    first = last = 0
    for meter in sorted(meters):
        if first and meter == last + 1:
            last = meter
            continue
        if first:
            yield first, last - first + 1
        first = last = meter
    if first:
        yield first, last - first + 1


def wrong_tasks(values) -> str:
    """What is wrong with rows of section TASKS, "" nothing."""
    numbers = [row[0] for row in values["tasks"]]
    if len(set(numbers)) < len(numbers):
        return "tasks has a duty twice"
    for duty, _point, priority, period_s, start_s, end_s, tries, _retry_s, flags, _group, back in values[
        "tasks"
    ]:
        whole = period_s == 0 or (period_s > 0 and (86400 % period_s == 0 or period_s % 86400 == 0))
        window = 0 <= start_s < end_s <= 86400
        bounds = duty in TASK_NUMBERS and 2 <= priority <= 4 and 1 <= tries <= 9 and 0 <= back <= 288
        if not (whole and window and bounds and 0 <= flags < 16):
            return "task %d cannot stand" % duty
    return ""
