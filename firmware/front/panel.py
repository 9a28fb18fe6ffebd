"""Display and keys: which page shows, when it changes, and what it must remember to tell.

    keys      up and down leaf through the pages, back goes to the page that shows by itself, ok keeps a page
    no key    after IDLE_MS (a kept page: HOLD_MS) the page that shows by itself comes back
    by itself alarm, close permitted, tripped, reminder, else the overview; a new one takes over at once

What it remembers is for people only, and lost with the power: then a round is tripped since "--", and an
alarm has no seconds. Nothing here is needed to trip, and a display that fails stops nothing.
"""

import asyncio

KEYS_MS = 200  # a key is seen within
IDLE_MS, HOLD_MS = 60_000, 600_000
DRAW_MS, LEAF_MS = 2000, 5000  # redrawn so often; long texts leaf on by themselves so often
RECENT, RECENT_MAX = 12, 60  # events kept, characters of each
ALARM, POST_TRIP, TRIPPED = 2, 3, 4  # phases of protocols.uplink.codes


class Front:
    """`view()` gives the dict of pages.facts but trips, alarms and code, which are kept here."""

    def __init__(self, board, view, language="zh"):
        self._board, self._clock = board, board.clock
        self._view, self._language = view, language
        self._run_s, self._local_s, self._started = 0, None, False
        self._phases = ()  # control rows of the last second
        self._trips = []  # [(round, control, local_s or None)]
        self._ends = []  # [(round, control, run_s at which it trips)] of alarms
        self._page, self._part = None, 0  # chosen by key; None: what shows by itself
        self._left_ms, self._shown_ms = 0, DRAW_MS
        self._mark = None  # of what shows by itself
        self.code = ""  # of a relay test, shown while it is not empty
        self.recent = []  # [(local_s or None, event as text)], oldest first

    # ---- what happens

    def note(self, name, fields):
        """Each event, as it is told."""
        told = " ".join([field + "=" + str(fields[field]) for field in sorted(fields)])
        self.recent.append((self._local_s, (name + " " + told)[:RECENT_MAX]))
        if len(self.recent) > RECENT:
            self.recent.pop(0)
        if "alarm_s" in fields and name.endswith("_alarm"):
            for one in _rounds(fields.get("rounds", 0)):
                self._ends = [row for row in self._ends if row[0] != one]
                self._ends.append((one, fields.get("control", 1), self._run_s + fields["alarm_s"]))

    def watch(self, outputs, run_s, local_s):
        """Once a second, after the decision: remember since when and by what a round is tripped."""
        self._run_s, self._local_s = run_s, local_s
        tripped = _rounds(outputs.tripped)
        self._trips = [row for row in self._trips if row[0] in tripped]
        since_s = local_s if self._started else None  # tripped before this start
        for one in tripped:
            if one not in [row[0] for row in self._trips]:
                self._trips.append((one, self._cause(outputs.controls), since_s))
        self._started = True
        self._phases = outputs.controls
        alarms = _rounds(outputs.alarm)
        self._ends = [row for row in self._ends if row[0] in alarms and row[2] >= run_s]

    def _cause(self, controls):
        """The control that trips since this second, else one that trips, 0 when none says so."""
        before = [row[0] for row in self._phases if row[1] in (POST_TRIP, TRIPPED)]
        now = [row[0] for row in controls if row[1] in (POST_TRIP, TRIPPED)]
        return ([control for control in now if control not in before] + now + [0])[0]

    def view(self) -> dict:
        """All that pages.facts needs."""
        view = self._view()
        alarms: list = [(one, control, max(0, end - self._run_s)) for one, control, end in self._ends]
        known = [row[0] for row in alarms]
        control = ([row[0] for row in self._phases if row[1] == ALARM] + [0])[0]
        for one in _rounds(view["outputs"].alarm):
            if one not in known:
                alarms.append((one, control, None))
        view.update({"trips": self._trips, "alarms": sorted(alarms), "code": self.code})
        return view

    # ---- the display

    async def run(self):
        """Forever: keys and pages; for the supervisor, and only where there is a display."""
        from firmware.front import pages
        from firmware.front.screen import Screen
        from firmware.front.words import Words

        screen, words = Screen(self._board.display), Words(self._language)
        while True:
            pressed = self._board.keys()
            self._pass(KEYS_MS)
            if pressed or self._shown_ms >= DRAW_MS:
                self._shown_ms = 0
                await self._draw(pages, screen, words, pressed)
            await asyncio.sleep_ms(KEYS_MS)

    def _pass(self, ms):
        self._shown_ms += ms
        self._left_ms -= ms
        if self._left_ms <= 0:
            self._page = None

    async def _draw(self, pages, screen, words, pressed):
        found = pages.facts(self.view())
        visible = pages.visible(found)
        top = visible[pages.first(visible)]
        mark = top[0], found["alarm"], found["permitted"], found["tripped"], self.code
        if mark != self._mark and top[0] != "overview":
            self._page = None
        self._mark = mark

        def turned_to():
            page = self._page if self._page in visible else top
            lines = pages.lines(found, page, words, screen.cells)
            return visible.index(page), lines, max(1, (len(lines) - 2) // screen.rows + 1)

        at, lines, parts = turned_to()
        for key in pressed:
            self._key(key, visible, at, parts)
            at, lines, parts = turned_to()
        if self._page is None:
            self._part = self._clock.ticks_ms() // LEAF_MS
        self._part %= parts
        start = 1 + self._part * screen.rows
        foot = "%d/%d" % (at + 1, len(visible))
        if parts > 1:
            foot += " %d-%d" % (self._part + 1, parts)
        time = "--:--" if found["local_s"] is None else pages.show(found["local_s"], "t", words)[-5:]
        foot += " " * (screen.cells - 3 - len(foot) - len(time)) + time
        await screen.draw([lines[0]] + lines[start : start + screen.rows], foot.encode(), found["linked"])

    def _key(self, key, visible, at, parts):
        """Move from page `at`; the parts of a long page come before the next page."""
        self._left_ms = HOLD_MS if key == "ok" else IDLE_MS
        step = {"up": -1, "down": 1}.get(key, 0)
        if not 0 <= self._part + step < parts:
            at, self._part = at + step, 0
        else:
            self._part += step
        self._page = None if key == "back" else visible[at % len(visible)]


def _rounds(mask):
    return [i + 1 for i in range(16) if mask >> i & 1]
