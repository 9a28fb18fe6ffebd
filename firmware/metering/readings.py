"""The latest values of a metering point and their age; curve points and freezes are cut from them."""

FRESH_MS = 10000  # a control sample older than this is no reading
CURVE_FRESH_MS = 60000  # a value older than this does not stand for a slot
SLOT_LATE_S = 30  # a slot's point is made within this time of its start, or never;
LATE_PART = 5  # of a short interval within this part of it


class Latest:
    """{point number: value} with the tick each was read at. `clock` is a HAL clock."""

    def __init__(self, clock):
        self._clock = clock
        self._values = {}  # point number -> (value, ticks_ms)

    def put(self, values):
        now = self._clock.ticks_ms()
        for no, value in values.items():
            if value is None:
                self._values.pop(no, None)
            else:
                self._values[no] = (value, now)

    def get(self, no, max_age_ms=FRESH_MS):
        """The value, or None when it is missing or older than `max_age_ms`."""
        entry = self._values.get(no)
        if entry is None or self._clock.ticks_diff(self._clock.ticks_ms(), entry[1]) > max_age_ms:
            return None
        return entry[0]

    def numbers(self):
        return self._values.keys()

    def pick(self, numbers, max_age_ms):
        """{number: value} of those that are fresh enough; a missing one is left out."""
        out = {}
        for no in numbers:
            value = self.get(no, max_age_ms)
            if value is not None:
                out[no] = value
        return out

    def expire(self, max_age_ms):
        """Forget what is older, before the tick counter wraps round and makes it young again."""
        for no in [no for no in self._values if self.get(no, max_age_ms) is None]:
            del self._values[no]
