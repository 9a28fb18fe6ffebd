"""A terminal on the table: the core, a sample to turn the knobs of, and everything it has told so far."""

from firmware.control import core
from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.codes import APPEND, CONTROLS, PHASES, REASONS, REFRESH

MIDNIGHT_S = 1790000000 // 86400 * 86400
ALL_DAY = b"\x55" * 12
NO_HOUR = bytes(12)


def codes(text):
    """12 code bytes of a day written as up to 48 digits, one a half hour; the rest of the day is 0."""
    day = bytearray(12)
    for i, digit in enumerate(text):
        day[i // 4] |= int(digit) << i % 4 * 2
    return bytes(day)


def plan(**changes):
    values = {
        "codes": ALL_DAY,
        "setpoints_w": [90000],
        "float_pct": 0,
        "periods": 255,
        "rounds": 0b11,
        "alarm_s": [120, 180],
        "slide_s": 60,
        "safety_w": 50000,
        "post_trip_s": 120,
    }
    return {**values, **changes}


def order(number, value_wh, flag=APPEND, **changes):
    values = {
        "order": number,
        "flag": flag,
        "value_wh": value_wh,
        "alarm_wh": 300,
        "trip_wh": 0,
        "rounds": 0b11,
    }
    return {**values, **changes}


def refresh(number, value_wh, **changes):
    return order(number, value_wh, REFRESH, **changes)


def on(duration_s=0):
    return {"on": 1, "duration_s": duration_s}


OFF = {"on": 0, "duration_s": 0}


class Terminal:
    def __init__(self, rounds=2, **knobs):
        self.rounds = rounds
        self.state = core.fresh(rounds)
        self.now = core.Sample(MIDNIGHT_S, MIDNIGHT_S, 1000, 120000, 5000)
        self.told = []  # (run_s, name, data) of every event
        self.out = None
        self.command = 0
        self.turn(**knobs)

    def turn(self, **knobs):
        self.now = self.now._replace(**knobs)
        return self

    def do(self, kind, params=None):
        """Apply a command; the name of the reason."""
        self.command += 1
        result = core.apply(self.state, kind, {} if params is None else params, self.now, self.command)
        self.state, reason, events = result
        self._tell(events)
        return REASONS[reason]

    def step(self):
        """One step at this very moment, checked to be the same after a restart."""
        again = core.load(cbor.decode(cbor.encode(core.dump(self.state))), self.rounds)
        result = core.step(self.state, self.now)
        assert core.step(again, self.now)[1:] == result[1:]
        self.state, self.out, events = result
        self._tell(events)
        return self.out

    def run(self, seconds, every_s=1, **knobs):
        """Steps for so many seconds from now on; the time of the last step is the time reached."""
        self.turn(**knobs)
        for _ in range(seconds // every_s):
            now = self.now
            local_s = None if now.local_s is None else now.local_s + every_s
            self.turn(t_s=now.t_s + every_s, local_s=local_s, run_s=now.run_s + every_s)
            self.step()
        return self.out

    def restart(self):
        self.state = core.load(cbor.decode(cbor.encode(core.dump(self.state))), self.rounds)

    def _tell(self, events):
        for name, data in events:
            self.told.append((self.now.run_s, name, data))

    def names(self):
        return [name for _run_s, name, _data in self.told]

    def data(self, name):
        return [data for _run_s, told, data in self.told if told == name]

    def control(self, number):
        """(phase, reason) by name as last shown."""
        for control, phase, reason in self.out.controls:
            if control == number:
                return PHASES[phase], REASONS[reason]
        raise KeyError(CONTROLS[number])


def with_plan(**changes):
    """A terminal under period control that has made its first step."""
    knobs = {name: changes.pop(name) for name in ("power_w", "local_s", "energy_wh") if name in changes}
    terminal = Terminal(**knobs)
    assert terminal.do(messages.PERIOD_PLAN, plan(**changes)) == "none"
    terminal.step()
    return terminal


def with_order(remaining_wh=1000, **changes):
    """A terminal under purchase control with so much energy left."""
    terminal = Terminal()
    terminal.step()
    assert terminal.do(messages.PURCHASE, refresh(1, remaining_wh, **changes)) == "none"
    terminal.step()
    return terminal
