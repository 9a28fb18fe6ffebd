"""A meter with a switch on a bad line, and the concentrator's part of switching it; cuts of power wherever.

The shell here keeps the law of `switching`: a state with a control is stored before the control goes out.
"""

from firmware.area import switching
from firmware.area.switching import LOOK_NOW, PERMIT, TRIP
from tests.unit.area_prepaid.house import numbered

# what becomes of an exchange: CUT is one of the power, before the request goes out or after it arrived
GOOD, LOST_THERE, LOST_BACK, LATE, REFUSED, CUT_BEFORE, CUT_AFTER = range(7)
WORD = {(0, 0): 0x0000, (1, 1): 0x0050, (1, 0): 0x0010, (0, 1): 0x0040}


class Meter:
    def __init__(self, is_open=0):
        self.is_open = self.told_open = is_open
        self.late = []  # (second it arrives, control, second its validity ends)

    def take(self, control, t_s, until_s):
        if t_s > until_s:
            return
        if control == TRIP:
            self.is_open = self.told_open = 1
        else:
            self.told_open = 0

    def arrive(self, t_s):
        for item in [item for item in self.late if item[0] <= t_s]:
            self.late.remove(item)
            self.take(item[1], item[0], item[2])

    def press(self):
        """The customer presses the button of a meter that permits it."""
        if not self.told_open:
            self.is_open = 0

    def word(self):
        return WORD[self.is_open, self.told_open] | 0x0200  # other bits say other things


class Line:
    def __init__(self, meter=None, t_s=1_798_000_000):
        self.meter = meter or Meter()
        self.t_s = t_s
        self.flash = switching.pack(switching.NEW)
        self.state = switching.NEW
        self.log = []  # ("sent", control, second), ("seen", word, second)
        self.events = []
        self.refused_s = set()

    def keep(self):
        self.flash = switching.pack(self.state)

    def cut_power(self):
        self.state = switching.unpack(self.flash)

    def run(self, wanted, fate):
        """One step and what becomes of the exchange it asks for; the action."""
        self.meter.arrive(self.t_s)
        self.state, action = switching.step(self.state, wanted, self.t_s)
        if action in (TRIP, PERMIT):
            self.keep()
            self.send(action, fate)
        elif action == LOOK_NOW:
            self.look(fate)
        return action

    def send(self, control, fate):
        if fate == CUT_BEFORE:
            return self.cut_power()
        self.log.append(("sent", control, self.t_s))
        until_s = self.t_s + switching.VALID_S
        if fate == LATE:
            self.meter.late.append((self.t_s + switching.VALID_S - 1, control, until_s))
        elif fate == REFUSED:
            self.refused_s.add(self.t_s)
            self.state = switching.refused(self.state, self.t_s)
        elif fate != LOST_THERE:
            self.meter.take(control, self.t_s, until_s)
        if fate == CUT_AFTER:
            self.cut_power()

    def look(self, fate):
        if fate in (CUT_BEFORE, CUT_AFTER):
            return self.cut_power()
        word = self.meter.word() if fate in (GOOD, REFUSED) else None
        if word is not None:
            self.log.append(("seen", word, self.t_s))
        self.state, events = switching.looked(self.state, word, self.t_s)
        numbered(events)
        self.events += [name for name, _data in events]
        self.keep()

    def settle(self, wanted, seconds):
        """A good line for so long."""
        for _second in range(0, seconds, 5):
            self.t_s += 5
            self.run(wanted, GOOD)
