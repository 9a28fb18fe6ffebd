"""What the station has to say to the customer: payment reminder and messages; and when the buzzer sounds.

Kv keys: `remind` = [on, hours, text], `msg1`..`msg8` = [important, text]. Each is written whole, in one
commit with its command; one that cannot be read is as if it had not been sent. Texts stay in the kv.
"""

from protocols.uplink import messages, parameters
from protocols.uplink.codes import REASON_NO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

REMIND, SLOT, SLOTS = "remind", "msg%d", 8
MAX_TEXT = 200  # characters of a reminder, bytes of a message
MAX_HOURS = 0xFFFFFF
REMIND_EVERY_S, REMIND_FOR_S = 600, 3  # who hears it without end switches the terminal off


class Notices:
    """`settings` is a firmware.parameters.Parameters. `tell(name, fields)` of the events may be set."""

    def __init__(self, kv, settings):
        self._kv = kv
        self._hours = 0  # in which a reminder that is on may sound
        self._alarm_hours = 0
        self._beat = 0
        self.tell: Any = None
        self._configure(settings.get(parameters.SOUND))
        settings.listen(parameters.SOUND, self._configure)
        self._remind(kv.get(REMIND))

    def _configure(self, values):
        self._alarm_hours = values["alarm_hours"]

    def _remind(self, kept):
        good = isinstance(kept, list) and len(kept) == 3 and type(kept[1]) is int and isinstance(kept[2], str)
        self._hours = kept[1] if good and kept[0] else 0

    # ---- commands

    def apply(self, kind, params, _command_id=0):
        """For the gate, pure until commit: (reason, {kv key: value}, commit) of REMINDER and MESSAGE."""
        text = params["text"]
        if kind == messages.REMINDER:
            entries = {REMIND: [params["on"], params["hours"], text]}
            fits = params["on"] in (0, 1) and 0 <= params["hours"] <= MAX_HOURS and len(text) <= MAX_TEXT
            told = "reminder_set", {"value": params["on"]}
        else:
            slot = params["slot"]
            entries = {SLOT % slot: [params["important"], text] if text else None}
            fits = 1 <= slot <= SLOTS and params["important"] in (0, 1) and len(text.encode()) <= MAX_TEXT
            told = "message_set", {"slot": slot}
        if not fits:
            return REASON_NO["bad_params"], {}, None

        def commit():
            if REMIND in entries:
                self._remind(entries[REMIND])
            if self.tell:
                self.tell(*told)

        return 0, entries, commit

    # ---- what there is to show

    def messages(self) -> list:
        """[(slot, important, text)], important ones first."""
        found = []
        for slot in range(1, SLOTS + 1):
            kept = self._kv.get(SLOT % slot)
            if isinstance(kept, list) and len(kept) == 2 and isinstance(kept[1], str):
                found.append((slot, 1 if kept[0] else 0, kept[1]))
        return [row for row in found if row[1]] + [row for row in found if not row[1]]

    @property
    def text(self) -> str:
        """Of the reminder, "" while it is off."""
        kept = self._kv.get(REMIND) if self._hours else None
        return kept[2] if kept else ""

    def reminding(self, local_s) -> bool:
        """Whether now is an hour of the reminder; never while the local time is not known."""
        return local_s is not None and bool(self._hours >> local_s // 3600 % 24 & 1)

    def sound(self, outputs, local_s) -> bool:
        """Whether the buzzer sounds in this second; call it once a second.

        An alarm without end, in its hours and while no time is known; "close permitted" every other second,
        at any hour: it lasts a minute; the reminder for a moment.
        """
        self._beat ^= 1
        if outputs.alarm:
            if local_s is None or self._alarm_hours >> local_s // 3600 % 24 & 1:
                return True
        if outputs.permitted and self._beat:
            return True
        return self.reminding(local_s) and local_s % REMIND_EVERY_S < REMIND_FOR_S
