"""A walk through the addresses of a line by wild cards. Pure: a pattern out, what was heard in.

A pattern is 12 digits, unknown ones A. The low digits are known first, as DL/T 645-2007 shrinks addresses.
Where several answer one digit more is known, tried from 0 to 9. Meters that know only whole bytes of wild
cards are mute to all ten then: these are followed by the hundred patterns of two digits more.
"""

NOBODY, ONE, SEVERAL = 0, 1, 2
DIGITS = 12


class Walk:
    """`pattern`: what to ask next, "" at the end."""

    def __init__(self):
        self.pattern = "A" * DIGITS
        self._levels = []  # [known digits, digits more, next number, whether anybody answered]

    def heard(self, what):
        """What answered `pattern`."""
        known = self.pattern.lstrip("A")
        if what and self._levels:
            self._levels[-1][3] = True
        if what == SEVERAL and len(known) < DIGITS:
            self._levels.append([known, 1, 0, False])
        self._step()

    def _step(self):
        while self._levels:
            level = self._levels[-1]
            known, more, number, answered = level
            if number < 10**more:
                level[2] += 1
                text = "%0*d" % (more, number) + known
                self.pattern = "A" * (DIGITS - len(text)) + text
                return
            if more == 1 and not answered and len(known) % 2 == 0:
                level[1], level[2] = 2, 0
            else:
                self._levels.pop()
        self.pattern = ""
