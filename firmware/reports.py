"""What the terminal says of itself: the fields of HELLO, NOW and DIAG."""

from firmware.metering.readings import CURVE_FRESH_MS
from firmware.overlay import Overlay

FRAMES_BYTES = 768  # of line frames in the live state, which then fits the link's send buffer


class Reports:
    """Reads the rooms of a Terminal; changes nothing. What is said seldom visits (firmware/overlay.py)."""

    def __init__(self, terminal):
        self._of = terminal
        self._board = terminal.board

    def measured(self):
        """(tripped, open or None when the contacts cannot be read, remaining_wh) as read back now."""
        outputs = self._of.controller.outputs
        relays = self._board.relays
        return relays.tripped(), relays.open(), outputs.groups[0].remaining_wh

    def hello(self):
        with Overlay():
            from firmware import inventory

            points = self._of.points
            facts = {"multiplier": points.main.multiplier, "profiles": points.hashes}
            return inventory.hello(self._of, facts)

    def diag(self):
        with Overlay():
            from firmware import inventory

            of = self._of
            errors = of.controller.store_errors + of.recorder.store_errors + of.points.store_errors
            return inventory.diag(of, of.points.counts(), errors)

    def now(self):
        of = self._of
        outputs = of.controller.outputs
        main = outputs.groups[0]
        latest = of.points.main.latest
        tripped, contacts, remaining_wh = self.measured()
        return {
            "power_w": main.power_w,
            "setpoint_w": main.setpoint_w,
            "tripped": tripped,
            "open": contacts,
            "alarm": outputs.alarm,
            "permitted": outputs.permitted,
            "remaining_wh": remaining_wh,
            "controls": [list(row) for row in outputs.controls],
            "guarantee": outputs.guarantee,
            "guarantee_until_s": outputs.guarantee_until_s,
            "meter_ok": int(of.points.main.power_w() is not None),
            "points": latest.pick(latest.numbers(), CURVE_FRESH_MS),
            "frames": self._frames(),
            "plan_id": main.plan_id,
            "last_order": main.last_order,
            "groups": [list(row) for row in outputs.groups],
            "excluded": int(bool(outputs.excluded)),
            "reminder": int(of.notices.reminding(of.local_s())),
            "parameters": of.settings.versions(),
            "profiles": of.points.hashes,
            "metering": [[point.no, point.power_w(), point.energy_wh()] for point in of.points.points],
        }

    def _frames(self):
        """The last frames of the main meter's line; of long ones the newest."""
        frames = [list(row) for row in self._of.points.trace]
        while sum([len(row[2]) for row in frames]) > FRAMES_BYTES:
            frames.pop(0)
        return frames
