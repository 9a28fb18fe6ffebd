"""An area that goes on where it was: when it first began, and every change that came from outside, in a file.

Nothing of an area has to be saved but that: the same changes at the same seconds make the same area
(hil.world.area.area). Kept are contacts and clocks; what verbs of a test do to a meter besides is not.

    {"start": "2026-11-23T09:00:00", "seed": 7, ...}   the first line: what the area was made of
    [1779469200, "330000070012", "open", true]         then a change a line
"""

import json
from functools import partial


class Kept:
    """`path` of the file, begun with `facts` when it is missing; `make(facts of the file)` gives the Area.

    ValueError when the first line cannot be read. Another line that was cut off in the writing is left out.
    """

    def __init__(self, path, facts, make):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            new = path.with_suffix(".new")
            new.write_text(json.dumps(facts) + "\n")
            new.replace(path)
        first, *lines = path.read_text().splitlines()
        self.area = make(json.loads(first))
        self._counters = {each.address: (home, each) for home in self.area.homes for each in home.counters}
        self._counters[self.area.gate.address] = (None, self.area.gate)
        for change in filter(None, map(_change, lines)):
            self._do(*change)
        self._path = path
        self._write("\n")  # behind a line that was cut off
        self._listen()

    def _do(self, t_s, address, verb, value):
        self.area.advance(t_s)
        home, counter = self._counters[address]
        if home:
            self.area.seen(home)
        else:
            self.area.gate_now()
        _VERBS[verb](self.area, home, counter, value)

    def _listen(self):
        for address, (home, counter) in self._counters.items():
            counter.clock_set = partial(self._note, address, "clock")
            if home and counter.relay:
                counter.relay = _Noted(counter.relay, partial(self._note, address))

    def _note(self, address, verb, value):
        self._write(json.dumps([self.area.t_s, address, verb, value]) + "\n")

    def _write(self, text):
        with self._path.open("a") as file:
            file.write(text)


def _change(line):
    try:
        return json.loads(line)
    except ValueError:
        return None


_VERBS = {
    "open": lambda area, home, _counter, is_open: area.switch(home, is_open),
    "permit": lambda area, home, _counter, permitted: area.permit(home, permitted),
    "clock": lambda _area, _home, counter, seconds: counter.set_clock_offset(seconds),
}


class _Noted:
    """A hil.world.area.area.Relay whose moves are noted."""

    def __init__(self, relay, note):
        self._relay, self._note = relay, note

    open = property(lambda self: self._relay.open)
    permitted = property(lambda self: self._relay.permitted)

    def switch(self, is_open):
        self._note("open", is_open)
        self._relay.switch(is_open)

    def permit(self, permitted):
        self._note("permit", permitted)
        self._relay.permit(permitted)
