"""Average power over a sliding window, exact: sums of the samples and their numbers, divided once."""

from array import array

LARGEST = 1 << 31  # no power is
# Samples that a whole minute has at least: ticks of a busy terminal drift, and a reading is good for 10 s.
HEARD = 50


class Demand:
    """`window_min` is made of whole parts of `slide_min`, one at least; parts end where the clock shows a
    multiple of slide_min since local 00:00."""

    def __init__(self, window_min, slide_min):
        self._slide_min = slide_min
        self._parts = max(1, window_min // slide_min)
        self._ring = array("q", bytes(16 * self._parts))  # sum and number of samples of each part
        self.restart()

    def restart(self):
        """The time did not run on: what was sampled is no part of a window any more."""
        self._sum = self._samples = self._minutes = self._filled = self._at = 0

    def sample(self, power):
        """Call each second; None: no fresh reading. Either way it takes a whole second of the part."""
        if power is not None and -LARGEST < power < LARGEST:
            self._sum += power
            self._samples += 1

    def minute(self, minute):
        """At the end of each minute, `minute` of the local day (1..1440): the average over a window that ends
        here, cut towards minus infinity; None when none ends or it lacks a part that was heard."""
        self._minutes += 1
        if minute % self._slide_min:
            return None
        whole = self._minutes == self._slide_min and self._samples >= HEARD * self._slide_min
        ring, at = self._ring, 2 * self._at
        ring[at], ring[at + 1] = self._sum, self._samples
        self._sum = self._samples = self._minutes = 0
        self._at = (self._at + 1) % self._parts
        self._filled = min(self._parts, self._filled + 1) if whole else 0
        if self._filled < self._parts:
            return None
        total = samples = 0
        for i in range(0, 2 * self._parts, 2):
            total += ring[i]
            samples += ring[i + 1]
        return total // samples
