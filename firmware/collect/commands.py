"""Which room takes which command of a concentrator, for the gate; as firmware/commands.py."""

from protocols.uplink import area, messages
from protocols.uplink.codes import REASON_NO

ROOMS = {  # kind: attribute of the Concentrator
    messages.PROFILE: "packages",
    area.ARCHIVE: "archives",
    area.METER_REPLACED: "archives",
    area.METER_ORDER: "prepaid",
    area.METER_SWITCH: "prepaid",
    area.METER_GUARANTEE: "prepaid",
    area.FORWARD: "forward",
    area.PATROL: "patrol",
    area.SEARCH: "search",
    area.RESEND: "freezes",
}


class Commands:
    """`kinds`: schemas of those that are taken. `error`, `held` as in firmware/commands.py."""

    def __init__(self, of):
        self._of = of
        self.kinds = {kind: area.COMMANDS[kind] for kind in [messages.PARAMETERS] + list(ROOMS)}
        self.error, self.held = "", None

    def apply(self, kind, params, command_id, _scope=0):
        self.error, self.held = "", None
        if kind == messages.PARAMETERS:
            found = self._of.settings.apply(params)
            self.error = self._of.settings.error if found[0] else ""
            return found
        if kind not in ROOMS:
            return REASON_NO["unknown_kind"], {}, None
        room = getattr(self._of, ROOMS[kind])
        found = room.apply(kind, params, command_id)
        self.error, self.held = room.error, getattr(room, "held", None)
        return found
