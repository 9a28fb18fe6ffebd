"""What happened, told to the station: importance, duplicate filter, and a queue while the flash refuses.

An important event goes into stream ev, a general one into lg; section EVENTS of the parameters moves codes
between the two and switches codes off. Never switched off and never filtered: what KEPT names.

Duplicate filter: after an event is told, the same one (IDENTITY) within filter_s is kept back. The last one
kept back is told when the time is over, with `repeats`, how many more there were: so the station always ends
up with the true state. An end is told at once when its beginning was told. What is kept back lies in the heap
and is lost with the power. Seconds are counted by ticks, so a clock that jumps filters neither more nor less.
"""

from protocols import cbor
from protocols.uplink import messages, parameters, topics
from protocols.uplink.codes import EVENT_CODE, EVENT_FIELD_NO, GENERAL_EVENTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Codes of restarts, configuration, controls, guarantee, money and the energy that money is counted by.
KEPT = (
    " 1 2 5 6 7 14 19 23 36 101 102 103 104 105 106 107 109 110 111 112 113 114 117 123 124 125 127 128 133 "
)
IDENTITY = ("metering_point", "group", "phase", "kind", "section", "slot", "task", "changed")
MAX_WAITING = 16  # events in the heap for a flash that refuses them
MAX_SEEN = 16  # kinds of events the filter remembers; the oldest is forgotten
MAX_TEXT = 60  # characters of a text in an event

_KEY, _TOLD, _REPEATS, _HELD = 0, 1, 2, 3  # of a row of the filter


class Events:
    """`add(stream, kind, t_s, t_ok, body)` is the outbox's, 0 or False when it refuses.

    `settings` is a firmware.parameters.Parameters. `errors` counts events that were lost here, `error` is
    the last reason. Nothing here raises: it is called on the trip path. `listener(name, fields)` may be set:
    it hears every event at once, also what is switched off or kept back.
    """

    def __init__(self, clock, add, settings, codes=EVENT_CODE, fields=EVENT_FIELD_NO):
        self._clock = clock
        self._add = add
        self._codes, self._fields = codes, fields
        self._waiting = []  # [stream, kind, t_s, t_ok, body], in order
        self._seen = []  # [identity, tick it was told, kept back since, the last of them or None], by tick
        self.listener: Any = None
        self.errors = 0
        self.error = ""
        self._configure(settings.get(parameters.EVENTS))
        settings.listen(parameters.EVENTS, self._configure)

    def _configure(self, values):
        self._important, self._general = values["important"], values["general"]
        self._disabled = values["disabled"]
        self._filter_ms = values["filter_s"] * 1000

    def tell(self, name, fields):
        """Record one event; `fields` by name of codes.EVENT_FIELDS, and `ago_s` of one that is told late."""
        try:
            self._tell(name, fields)
            self.flush()
            if self.listener:
                self.listener(name, fields)
        except Exception as error:  # a fault of ours must not stop the control that wanted to tell
            self._lost(repr(error))

    def _tell(self, name, fields):
        code = self._codes[name]
        kept = " %d " % code in KEPT
        if code in self._disabled and not kept:
            return
        t_s = max(0, self._clock.now_s() - fields.get("ago_s", 0))
        data = {self._fields[field]: _short(fields[field]) for field in fields if field != "ago_s"}
        body = {"code": code, "data": data}
        event = [self._stream(code), messages.EVENT, t_s, int(self._clock.ok), body]
        if kept or not self._filter_ms or self._passes(code, fields, event):
            self._queue(event)

    def _stream(self, code):
        if code in self._important:
            return topics.EV
        return topics.LG if code in self._general or code in GENERAL_EVENTS else topics.EV

    # ---- duplicates

    def _passes(self, code, fields, event):
        """Whether it is told now; if not, it is kept in its row of the filter."""
        self._release()
        ended = fields.get("ended")
        key = cbor.encode([code] + [fields.get(name) for name in IDENTITY])  # a fifth of the list's heap
        for row in self._seen:
            if row[_KEY] == key:
                if ended and row[_HELD] is None:
                    return True
                row[_HELD] = event
                row[_REPEATS] += 0 if ended else 1
                return False
        if not ended:
            self._remember(key)
        return True

    def _remember(self, key):
        self._seen.append([key, self._clock.ticks_ms(), 0, None])
        if len(self._seen) > MAX_SEEN:
            self._say_held(self._seen.pop(0))

    def _release(self):
        """Tell what was kept back and whose time is over; it begins a new time."""
        now = self._clock.ticks_ms()
        # Rows are in the order of their ticks, so the first one is the next whose time is over.
        while self._seen and not 0 <= self._clock.ticks_diff(now, self._seen[0][_TOLD]) < self._filter_ms:
            row = self._seen.pop(0)
            self._say_held(row)
            if row[_HELD] is not None:
                self._remember(row[_KEY])

    def _say_held(self, row):
        event = row[_HELD]
        if event is not None:
            if row[_REPEATS] > 1:
                event[4]["data"][self._fields["repeats"]] = row[_REPEATS] - 1
            self._queue(event)

    # ---- the way out

    def flush(self):
        """Call each second: hands waiting events to the outbox, in order within a stream."""
        self._release()
        if not self._waiting:
            return
        refused, left = [], []
        for event in self._waiting:
            if event[0] in refused or not self._given(event):
                refused.append(event[0])
                left.append(event)
        self._waiting = left

    def _given(self, event):
        try:
            return self._add(*event)
        except Exception as error:  # no record of the contract: it would be refused for ever
            self._lost(repr(error))
            return True

    def _queue(self, event):
        self._waiting.append(event)
        if len(self._waiting) > MAX_WAITING:
            general = [i for i, row in enumerate(self._waiting) if row[0] == topics.LG]
            self._waiting.pop(general[0] if general else 0)
            self._lost("the flash refuses events")

    def _lost(self, why):
        self.errors += 1
        self.error = why


def _short(value):
    return value[:MAX_TEXT] if isinstance(value, str) else value
