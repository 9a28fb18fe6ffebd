"""A customer: what goes through the meter and past it, the relay's contacts, and the truth of both. Pure.

Energy is exact in mW s however time is cut: stretches end at quarters, at the meter's own quarters and where
something happens to the meter.

    contacts   closed --control--> open --permit--> open, permitted --householder's button--> closed
                                   open --close command--> closed
"""

from collections import deque

from hil.world.area import curves
from hil.world.area.curves import DAY_S, SLOT_S

EDGES_MAX = 100
DAYS_CACHED = 2
DAYS_KEPT = 62  # of the ledger
SHARES_E3 = (345, 330)  # of phases A and B of a three-phase home; C takes the rest


class Home:
    """`phase` 1..3, 4 = three-phase; `pole` 0..; `line` 1.. where its meter answers, 9 behind
    the carrier module.

    `fed_here`: this transformer feeds it; `filed_here`: it stands in this area's archive; `on_line`: its
    meter is on this concentrator's lines. `events`: (UTC, verb of _HAPPENS, value), in order of time.
    """

    def __init__(self, seed, no, kind, phase, pole, peak_w, counter):
        self.seed, self.no, self.kind = seed, no, curves.KINDS[kind]
        self.phase, self.pole, self.peak_w = phase, pole, peak_w
        self.counter = counter
        self.line = 1
        self.fed_here = self.filed_here = self.on_line = True
        self.prepaid = self.key_user = False
        self.pv_w = self.stolen_e3 = 0
        self.thief_day = self.ev_day = None  # local days since 1970
        self.events = []
        self.happened = []  # (UTC, verb)
        self.counters = [counter]  # all it ever had, and has coming
        self.open = self.permitted = False
        self.closes_at_s = None
        self.edges = deque(maxlen=EDGES_MAX)  # (UTC, open)
        self.ledger = {}  # local day -> [mW s in through the meter, out through it, in past it]
        self._utc_offset_s = counter.utc_offset_s
        self._days = {}

    @property
    def t_s(self) -> int:
        return self.counter.t_s

    def day_of(self, t_s) -> int:
        return (t_s + self._utc_offset_s) // DAY_S

    # ---- power

    def watts(self, t_s) -> tuple:
        """(W through the meter, W past it) with the contacts closed; negative: the roof feeds in."""
        day, second = divmod(t_s + self._utc_offset_s, DAY_S)
        if day not in self._days:
            if len(self._days) == DAYS_CACHED:
                del self._days[next(iter(self._days))]  # meter and gate may stand in different days
            self._days[day] = self._day(day)
        through, past = self._days[day]
        slot = second // SLOT_S
        return through[slot], past[slot] if past else 0

    def _day(self, day) -> tuple:
        load = curves.load_w(self.seed, self.no, self.kind, self.peak_w, day)
        past = None
        if self.ev_day is not None and day >= self.ev_day:
            load = [w + (curves.EV_W if i in curves.EV_SLOTS else 0) for i, w in enumerate(load)]
        if self.thief_day is not None and day >= self.thief_day:
            past = [w * self.stolen_e3 // 1000 for w in load]
            load = [w - stolen for w, stolen in zip(load, past, strict=True)]
        if self.pv_w:
            sun = curves.sun_e3(self.seed, day)
            load = [w - self.pv_w * e3 // 1000 for w, e3 in zip(load, sun, strict=True)]
        return load, past

    def was_open(self, t_s) -> bool:
        """At that moment, as far back as the edges go."""
        later = [is_open for at_s, is_open in self.edges if at_s > t_s]
        return not later[0] if later else self.open

    def drawn_w(self, t_s) -> int:
        """From the network now; what goes past the meter goes past its relay."""
        through, past = self.watts(t_s)
        return past if self.open else through + past

    def shown_w(self, t_s) -> int:
        """Through the meter at some moment."""
        return 0 if self.was_open(t_s) else self.watts(t_s)[0]

    def phases_w(self, watts) -> tuple:
        """W on its own phases: (all,) or three."""
        if self.phase < 4:
            return (watts,)
        a, b = watts * SHARES_E3[0] // 1000, watts * SHARES_E3[1] // 1000
        return (a, b, watts - a - b)

    def place(self, drawn_w, watts):
        """Add what it draws to the poles of hil.world.area.grid."""
        first = 3 * self.pole + (self.phase - 1 if self.phase < 4 else 0)
        for i, w in enumerate(self.phases_w(watts)):
            drawn_w[first + i] += w

    # ---- time

    def advance(self, to_s):
        self.counter.look()
        while self.t_s < to_s:
            start = self.t_s
            end = min(to_s, start + SLOT_S - (start + self._utc_offset_s) % SLOT_S, self.counter.next_s())
            if self.events:
                end = min(end, max(start, self.events[0][0]))
            through, past = self.watts(start)
            if self.open:
                through = 0
            self.counter.take(end, through * 1000)
            self._book(self.day_of(start), through * (end - start) * 1000, past * (end - start) * 1000)
            while self.events and self.events[0][0] <= end:
                at_s, verb, value = self.events.pop(0)
                self.happened.append((at_s, verb))
                _HAPPENS[verb](self, value)

    def _book(self, day, through, past):
        if day not in self.ledger:
            self.ledger.pop(day - DAYS_KEPT, None)
            self.ledger[day] = [0, 0, 0]
        row = self.ledger[day]
        if through >= 0:
            row[0] += through
        else:
            row[1] -= through
        row[2] += past

    def hang(self, at_s) -> bool:
        """The meter that is to come comes then; whether there is one."""
        coming = [event for event in self.events if event[1] == "replace"]
        self.events = [event for event in self.events if event not in coming]
        self.events[:0] = [(at_s, verb, counter) for _at_s, verb, counter in coming]
        return bool(coming)

    def _replace(self, counter):
        """The new meter goes on where the old one falls silent."""
        counter.t_s, counter.mute = self.t_s, False
        counter.display, counter.relay = self.counter.display, self.counter.relay
        counter.tan_e3 = self.counter.tan_e3
        self.counter.mute, self.counter.relay = True, None
        self.counter = counter


_HAPPENS = {
    "stop": lambda home, on: setattr(home.counter, "stopped", on),
    "fly": lambda home, on: setattr(home.counter, "flying", on),
    "fall": lambda home, wh: home.counter.fall(wh),
    "die": lambda home, on: setattr(home.counter, "mute", on),
    "replace": Home._replace,
}
