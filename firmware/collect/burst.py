"""So many events of a kind are told one by one in an hour; what is more is one event with their number.

A thousand meters whose status word changes at once must not drive the trips out of the ring.
"""

MOST = 30
HOUR_S = 3600


class Burst:
    """`tell(name, fields)` is the events'."""

    def __init__(self, tell):
        self._say = tell
        self._counts = {}  # event name -> told one by one, and counted only, in this hour
        self._from_s = 0

    def tell(self, name, fields):
        """Whether it was told; an end always is. What has an end and was not told begins at the next look."""
        if fields.get("ended") or name == "meter_read_recovered":
            self._say(name, fields)
            return True
        count = self._counts.setdefault(name, [0, 0])
        told = count[0] < MOST
        count[0 if told else 1] += 1
        if told:
            self._say(name, fields)
        return told

    def tick(self, run_s):
        if run_s - self._from_s < HOUR_S:
            return
        counts, self._counts, self._from_s = self._counts, {}, run_s
        for name, count in counts.items():
            if count[1]:
                self._say(name, {"repeats": count[1]})
