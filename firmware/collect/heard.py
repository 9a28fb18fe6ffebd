"""What was heard of each meter behind a carrier module: three bytes a meter.

byte 0   phase (2 bits, 0 unknown), how often in a row it was the same (2), relays between (4)
byte 1   share of exchanges that brought an answer, 255 all, moving
byte 2   signal of the last hop (4 bits, 0 unknown), told to differ from the archive (1), asked (1), the
         station knows it (1), the last answer named another phase than the sure one (1)
"""

from firmware.area.archive import MOST

SURE = 3  # in a row: a single frame may name the phase of another hop
TOLD, ASKED, SAID, DOUBT = 16, 32, 64, 128
_SIZE = 3


class Heard:
    def __init__(self):
        self._rows = bytearray(_SIZE * MOST)
        self.news = False  # of a meter that the station does not know

    def forget(self, meter):
        """Another meter has this number now."""
        at = _SIZE * (meter - 1)
        self._rows[at : at + _SIZE] = bytes(_SIZE)

    def answered(self, meter, phase, level, signal):
        """`phase` 1 to 3, 0 not told."""
        at, rows = _SIZE * (meter - 1), self._rows
        had, times, sure = rows[at] & 3, rows[at] >> 2 & 3, self.phase(meter)
        doubted = rows[at + 2] & DOUBT
        rows[at + 2] &= ~DOUBT & 0xFF
        if not phase:
            phase = had
        elif phase == had:
            times = min(SURE, times + 1)
        elif times == SURE and not doubted:
            phase = had
            rows[at + 2] |= DOUBT
        else:
            times = 1
        if phase != had:
            rows[at + 2] &= ~TOLD & 0xFF
        rows[at] = phase | times << 2 | min(15, level) << 4
        rows[at + 2] = rows[at + 2] & 0xF0 | signal & 15
        self._share(at, 255)
        if self.phase(meter) != sure:
            self._unsay(at)

    def mute(self, meter):
        self._share(_SIZE * (meter - 1), 0)

    def _share(self, at, came):
        rows = self._rows
        rows[at + 1] = (rows[at + 1] * 7 + came + (7 if came else 0)) >> 3 if rows[at + 2] & ASKED else came
        if not rows[at + 2] & ASKED:
            rows[at + 2] |= ASKED
            self._unsay(at)

    def _unsay(self, at):
        self._rows[at + 2] &= ~SAID & 0xFF
        self.news = True

    def unsaid(self, most) -> list:
        """So many of the meters that were asked and that the station does not know; it does from now on."""
        found, rows = [], self._rows
        for at in range(0, len(rows), _SIZE):
            if rows[at + 2] & (ASKED | SAID) == ASKED:
                if len(found) == most:
                    return found
                found.append(at // _SIZE + 1)
                rows[at + 2] |= SAID
        self.news = False
        return found

    def unsay_all(self):
        for at in range(0, len(self._rows), _SIZE):
            self._unsay(at)

    def sums(self) -> tuple:
        """(meters asked, of these with an answer of late, sum of their shares)"""
        rows = self._rows
        shares = [rows[at + 1] for at in range(0, len(rows), _SIZE) if rows[at + 2] & ASKED]
        return len(shares), sum([share > 0 for share in shares]), sum(shares)

    def phase(self, meter) -> int:
        """1 to 3; 0 until it is sure."""
        packed = self._rows[_SIZE * (meter - 1)]
        return packed & 3 if packed >> 2 & 3 == SURE else 0

    def tell(self, meter, archived) -> bool:
        """Whether its phase differs from the archive's and nobody was told."""
        at, phase = _SIZE * (meter - 1) + 2, self.phase(meter)
        if not phase or archived not in (1, 2, 3):
            return False
        told = self._rows[at] & TOLD
        self._rows[at] = self._rows[at] & ~TOLD & 0xFF | (TOLD if phase != archived else 0)
        return phase != archived and not told

    def row(self, meter):
        """(relays between, share of 255 that answered, signal); None when it was never asked."""
        at, rows = _SIZE * (meter - 1), self._rows
        return (rows[at] >> 4, rows[at + 1], rows[at + 2] & 15) if rows[at + 2] & ASKED else None
