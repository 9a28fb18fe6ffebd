"""What was asked for once: verifications and reads on demand, most urgent first, then in order."""

from firmware.area.plan_duties import EMPTY, EXPIRED, OK, REFUSED, VERIFY

MOST = 32  # waiting; more is a fault of the asker
KEPT = 8  # of them for verifications: reads on demand never take the last places
TRIES = 2

_TICKET, _METER, _READ, _PRIORITY, _UNTIL, _TRIES = range(6)


class Asks:
    """`gap(duty 0, ticket, ticket, meter, read, reason)` is told of each that ends without an answer."""

    def __init__(self, gap):
        self._gap = gap
        self._waiting = []
        self._last = 0

    def put(self, meter, read, priority, until_s):
        """`until_s`: of the seconds that only go forward. Ticket, or 0 when too many wait."""
        if len(self._waiting) >= (MOST if priority == VERIFY else MOST - KEPT):
            return 0
        self._last += 1
        self._insert([self._last, meter, read, priority, until_s, TRIES])
        return self._last

    def _insert(self, ask):
        at = len(self._waiting)
        while at and self._waiting[at - 1][_PRIORITY] > ask[_PRIORITY]:
            at -= 1
        self._waiting.insert(at, ask)

    def next(self, of_line, run_s):
        """(ticket, meter, read, priority) of the first whose meter `of_line` accepts, or None."""
        for ask in [ask for ask in self._waiting if ask[_UNTIL] < run_s]:
            self._end(ask, EXPIRED)
        for ask in self._waiting:
            if of_line(ask[_METER]):
                return ask[:_UNTIL]
        return None

    def done(self, ticket, read, outcome, singles):
        """`singles`: reads that replace one which is refused. Whether an answer is still wanted."""
        for ask in self._waiting:
            if ask[_TICKET] == ticket and ask[_READ] == read:
                self._judge(ask, outcome, singles)
                return outcome == OK
        return False

    def _judge(self, ask, outcome, singles):
        ask[_TRIES] -= 1
        if outcome == REFUSED and singles:
            self._waiting.remove(ask)
            for read in singles:
                self._insert([ask[_TICKET], ask[_METER], read, ask[_PRIORITY], ask[_UNTIL], TRIES])
        elif outcome == OK:
            self._waiting.remove(ask)
        elif outcome in (REFUSED, EMPTY) or not ask[_TRIES]:
            self._end(ask, outcome)

    def _end(self, ask, reason):
        self._waiting.remove(ask)
        self._gap(0, ask[_TICKET], ask[_TICKET], ask[_METER], ask[_READ], reason)

    def drop(self, meter, reason):
        """Its meter went away."""
        for ask in [ask for ask in self._waiting if ask[_METER] == meter]:
            self._end(ask, reason)
