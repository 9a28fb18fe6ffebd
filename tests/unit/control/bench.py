"""A terminal on the table: the core, a sample to turn the knobs of, and everything it has told so far."""

from firmware.control import core
from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.codes import APPEND, PHASES, REASONS, REFRESH, REMOTE

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


LOOP = {"rounds": 0b11, "alarm_s": [120, 180], "slide_s": 60, "safety_w": 50000, "post_trip_s": 120}


def rest(**changes):
    """Factory rest on Sundays from 22:00 for four hours."""
    own = {"setpoint_w": 90000, "start_min": 1320, "duration_s": 14400, "days": 0b1000000}
    return {**LOOP, **own, **changes}


def stop(from_day, until_day, **changes):
    return {**LOOP, "setpoint_w": 90000, "from_day": from_day, "until_day": until_day, **changes}


def down_float(**changes):
    own = {"float_pct": -20, "freeze_s": 600, "duration_s": 1800, "slide_s": 300}
    return {**LOOP, **own, **changes}


def month(setpoint_wh, **changes):
    return {"setpoint_wh": setpoint_wh, "float_pct": 0, "alarm_pct": 80, "rounds": 0b11, **changes}


def fee_order(number, value_yuan_e4, flag=APPEND, **changes):
    amounts = {"value_yuan_e4": value_yuan_e4, "alarm_yuan_e4": 300, "trip_yuan_e4": 0}
    return {"order": number, "flag": flag, "rounds": 0b11, **amounts, **changes}


def released(control, **changes):
    return {"control": control, **changes}


def on(duration_s=0):
    return {"on": 1, "duration_s": duration_s}


OFF = {"on": 0, "duration_s": 0}


class Terminal:
    def __init__(self, rounds=2, **knobs):
        self.rounds = rounds
        self.state = core.fresh(rounds)
        self.now = core.Sample(MIDNIGHT_S, MIDNIGHT_S, 1000, ((120000, 5000),), None, 0)
        self.settings = ({}, {})
        self.told = []  # (run_s, name, data) of every event
        self.out = None
        self.command = self.steps = 0
        self.turn(**knobs)

    def configure(self, control=(), guarantee=()):
        """Parameters with defaults, but for the fields named."""
        self.settings = (dict(control), dict(guarantee))
        self.state = core.configure(self.state, *self.settings)
        return self

    def turn(self, no=1, **knobs):
        """Knobs are fields of Sample, and power_w and energy_wh of the group `no`."""
        groups = list(knobs.pop("groups", self.now.groups))
        groups.extend([(None, None)] * (no - len(groups)))
        power_w, energy_wh = groups[no - 1]
        groups[no - 1] = (knobs.pop("power_w", power_w), knobs.pop("energy_wh", energy_wh))
        self.now = self.now._replace(groups=tuple(groups), **knobs)
        return self

    def energy_wh(self, no=1):
        return self.now.groups[no - 1][1]

    def do(self, kind, params=None, scope=0):
        """Apply a command; the name of the reason."""
        self.command += 1
        params = {} if params is None else params
        result = core.apply(self.state, kind, params, self.now, self.command, scope)
        self.state, reason, events = result
        self._tell(events)
        return REASONS[reason]

    def step(self):
        """One step at this very moment; whenever something happens it is the same after a restart."""
        result = core.step(self.state, self.now)
        self.steps += 1
        quiet = self.steps % 8 and not result[2]
        if (
            not quiet and not self.state.closing and not self.state.settings["power_up_s"]
        ):  # a start must change these
            again = self.reloaded()
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

    def reloaded(self):
        kept = cbor.decode(cbor.encode(core.dump(self.state)))
        return core.configure(core.load(kept, self.rounds), *self.settings)

    def restart(self):
        self.state = self.reloaded()

    def _tell(self, events):
        for name, data in events:
            self.told.append((self.now.run_s, name, data))

    def names(self):
        return [name for _run_s, name, _data in self.told]

    def data(self, name):
        return [data for _run_s, told, data in self.told if told == name]

    def control(self, number, no=1):
        """(phase, reason) by name as last shown; None: there is no row for it."""
        for control, phase, reason, group in self.out.controls:
            if control == number and group == (0 if number == REMOTE else no):
                return PHASES[phase], REASONS[reason]
        return None

    def group(self, no=1):
        """GroupOut of the last step."""
        return next(out for out in self.out.groups if out.group == no)


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
