"""What was learned of each meter: how fast it answers, how often in a row it failed, until when it rests.

Durations count in `run_s`, seconds that only go forward: a change of the clock wakes nobody.
"""

from array import array

from firmware.area.archive import MODULE, MOST

SOON_S = 10  # a single failure is noise: ask again when others had their turn
REST_MOST_S = 3600  # a dead meter is tried that often; one that comes back is missed no longer
TURN_MS = ((500, 60, 500), (10000, 500, 60000))  # first, least, most: DL/T 645 on a wire; a module with hops
MARGIN_MS = 60  # the reader's own scheduling
_COUNT = 63  # failures that are counted; two bits above them are the outcome of the last


class Health:
    def __init__(self):
        self._turn_ms = array("H", bytes(2 * MOST))  # 0: nothing learned
        self._rest_s = array("I", bytes(4 * MOST))
        self._failed = bytearray(MOST)

    def forget(self, meter):
        """Another meter has this number now."""
        self._turn_ms[meter - 1] = self._rest_s[meter - 1] = self._failed[meter - 1] = 0

    def wake(self, meter):
        """It may be asked at once; if it fails once more it rests as long as it would have."""
        self._rest_s[meter - 1] = 0

    def rest_s(self, meter):
        """Asked for nothing before this second."""
        return self._rest_s[meter - 1]

    def why(self, meter):
        """Outcome of its last exchange if that failed, else 0."""
        return self._failed[meter - 1] >> 6

    def timeout_ms(self, meter, line):
        """From the end of a request to the first byte of its answer."""
        return (self._turn_ms[meter - 1] or TURN_MS[line == MODULE][0]) + MARGIN_MS

    def answered(self, meter, line, took_ms):
        """Twice the slowest turn-around of late, sinking slowly. Whether the meter had failed before."""
        first, least, most = TURN_MS[line == MODULE]
        seen = max(least, min(most, 2 * took_ms))
        self._turn_ms[meter - 1] = max(seen, ((self._turn_ms[meter - 1] or first) * 7 + seen) >> 3)
        had = self._failed[meter - 1]
        self._failed[meter - 1] = self._rest_s[meter - 1] = 0
        return bool(had)

    def failed(self, meter, outcome, run_s, tries, retry_s):
        """`outcome` 1..3. Whether it had answered the time before."""
        self._turn_ms[meter - 1] = 0  # slow again, not dead: give it the full time next
        count = min(_COUNT, (self._failed[meter - 1] & _COUNT) + 1)
        self._failed[meter - 1] = outcome << 6 | count
        over = min(count - tries, 4)
        self._rest_s[meter - 1] = run_s + (SOON_S if over < 0 else min(REST_MOST_S, retry_s << over))
        return count == 1
