"""Which room takes which command, for the gate.

Every room's apply is pure and returns (reason, {kv key: value}, commit function); the gate journals the
entries with its own and then calls commit. So a power cut leaves all of a command or nothing of it.
"""

from firmware.overlay import Overlay
from protocols.uplink import messages, parameters
from protocols.uplink.codes import REASON_NO, TO_MANY

WIRING = (parameters.GROUPS, parameters.POINTS)  # sections that say what a group's energy is made of


class Commands:
    """`error` says in words why the last command was refused, "" when the reason says all; `held` how many
    bytes of a package are there, None for other commands."""

    def __init__(self, controller, settings, notices, points):
        self._controller = controller
        self._settings = settings
        self._notices = notices
        self._points = points
        self.error, self.held = "", None

    def apply(self, kind, params, command_id, scope=0):
        self.error, self.held = "", None
        if kind not in (
            messages.PARAMETERS,
            messages.REMINDER,
            messages.MESSAGE,
            messages.METER_CHANGE,
            messages.PROFILE,
        ):
            return self._controller.apply(kind, params, command_id, scope)
        if self._excluded(kind, scope):
            return REASON_NO["excluded"], {}, None
        if kind == messages.PARAMETERS:
            with Overlay():
                reason, entries, commit = self._settings.apply(params)
            self.error = self._settings.error if reason else ""
            if not reason and params.get("section") in WIRING:
                entries, commit = self._controller.rebased(entries, commit)
            return reason, entries, commit
        if kind == messages.METER_CHANGE:
            return self._points.change_meter(params)
        if kind == messages.PROFILE:
            reason, entries, commit, self.error, self.held = self._points.change_profile(params)
            return reason, entries, commit
        return self._notices.apply(kind, params, command_id)

    def _excluded(self, kind, scope):
        """The core judges its own kinds by the same rule (setting exclusion_strict)."""
        if not self._controller.outputs.excluded:
            return False
        if scope == TO_MANY:
            return True
        return kind != messages.PARAMETERS and self._settings.get(parameters.CONTROL)["exclusion_strict"]
