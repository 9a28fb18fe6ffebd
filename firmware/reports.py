"""What the terminal says of itself: the fields of HELLO, NOW and DIAG, and what display and console show."""

import gc

from firmware.metering.readings import CURVE_FRESH_MS

FRAMES_BYTES = 768  # of line frames in the live state, which then fits the link's send buffer
VERSION = "0.2.0"
PRODUCT = "terminal"


class Reports:
    """Reads the rooms of a Terminal; changes nothing."""

    def __init__(self, terminal):
        self._of = terminal
        self._board = terminal.board

    def measured(self):
        """(tripped, open or None when the contacts cannot be read, remaining_wh) as read back now."""
        outputs = self._of.controller.outputs
        relays = self._board.relays
        return relays.tripped(), relays.open(), outputs.groups[0].remaining_wh

    def hello(self):
        of, board = self._of, self._board
        return {
            "device": board.identity["device"],
            "epoch": of.epoch,
            "boot": of.boot,
            "firmware": VERSION,
            "product": PRODUCT,
            "board": board.facts["name"],
            "multiplier": of.points.main.multiplier,
            "last_command": of.gate.last,
        }

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
            "metering": [[point.no, point.power_w(), point.energy_wh()] for point in of.points.points],
        }

    def _frames(self):
        """The last frames of the main meter's line; of long ones the newest."""
        frames = [list(row) for row in self._of.points.trace]
        while sum([len(row[2]) for row in frames]) > FRAMES_BYTES:
            frames.pop(0)
        return frames

    def diag(self):
        of = self._of
        return {
            "heap_free": gc.mem_free(),
            "heap_used": gc.mem_alloc(),
            "line_ok": of.points.ok,
            "line_timeouts": of.points.timeouts,
            "line_bad": of.points.bad,
            "links": of.session.links,
            "restarts": of.supervisor.restarts,
            "flash_free": self._board.flash.free(),
            "discards": of.outbox.discards,
            "store_errors": of.controller.store_errors + of.recorder.store_errors + of.points.store_errors,
        }

    def view(self):
        """For display and console: the dict of front.pages.facts, but what front.panel keeps."""
        of, board = self._of, self._board
        local_s = of.local_s()
        return {
            "outputs": of.controller.outputs,
            "local_s": local_s,
            "utc_offset_s": board.identity["utc_offset_s"],
            "messages": of.notices.messages(),
            "reminder": of.notices.text if of.notices.reminding(local_s) else "",
            "latest": of.points.main.latest,
            "multiplier": of.points.main.multiplier,
            "metering": [(p.no, p.power_w(), p.energy_wh(), p.silent_s) for p in of.points.points],
            "linked": int(of.session.state == "up"),
            "heard_s": of.heard_ago_s(),
            "open": board.relays.open(),
            "device": board.identity["device"],
            "version": VERSION,
            "board": board.facts["name"],
            "boot": of.boot,
        }
