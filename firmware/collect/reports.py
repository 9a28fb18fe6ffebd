"""What the concentrator says of itself: the fields of HELLO, NOW and DIAG."""

from firmware import inventory
from protocols.uplink import area, messages

DUTIES_MOST = 16  # in the live state


class Reports:
    """Reads the rooms of a Concentrator; changes nothing."""

    def __init__(self, concentrator):
        self._of = concentrator

    def measured(self):
        """(tripped, open, remaining_wh): it has no relays of its own."""
        return 0, None, None

    def hello(self):
        return inventory.hello(self._of, {"multiplier": 1, "profiles": self._of.packages.hashes})

    def diag(self):
        of = self._of
        counts = of.collector.counts()
        lines = [sum([row[place] for row in counts]) for place in (1, 2, 3)]
        errors = of.controller.store_errors + of.packages.store_errors + of.freezes.errors
        errors += of.prepaid.faults + of.clocks.faults + of.watch.faults + of.transformer.day.faults
        return inventory.diag(of, lines, errors)

    def now(self):
        of = self._of
        return {
            "power_w": of.transformer.power_w(),
            "setpoint_w": None,
            "tripped": 0,
            "open": None,
            "alarm": 0,
            "permitted": 0,
            "remaining_wh": None,
            "controls": [],
            "guarantee": 0,
            "guarantee_until_s": None,
            "meter_ok": 1,
            "points": of.transformer.sample(),
            "frames": [],
            "plan_id": 0,
            "last_order": 0,
            "parameters": of.settings.versions(),
            "profiles": of.packages.hashes,
            "area": messages.pack(area.NOW_AREA, self._area()),
        }

    def _area(self):
        of = self._of
        said = of.archives.now()
        said.update(of.prepaid.now())
        said["unread"] = of.watch.unread()
        numbers = [duty.number for duty in of.collector.duties][:DUTIES_MOST]
        said["duties"] = of.freezes.duties(of.collector.planner, numbers)
        said["lines"] = of.collector.counts()
        said["work"] = of.patrol.now() + of.search.now() + of.freezes.resend.work()
        if of.module:
            said["module"] = messages.pack(area.MODULE_NOW, of.module.state())
        return said
