"""The latest value of a point ages by ticks, across their wrap, and is forgotten in time."""

from firmware.metering.readings import Latest


class WrappingClock:
    """Ticks as on a board: they wrap at 2**30."""

    def __init__(self):
        self.ms = (1 << 30) - 500

    def ticks_ms(self):
        return self.ms % (1 << 30)

    def ticks_diff(self, a, b):
        return ((a - b + (1 << 29)) % (1 << 30)) - (1 << 29)


def test_a_value_ages_across_the_tick_wrap():
    clock = WrappingClock()
    latest = Latest(clock)
    latest.put({1: 230, 2: None})
    clock.ms += 9000
    assert latest.get(1) == 230
    assert latest.get(2) is None
    clock.ms += 2000
    assert latest.get(1) is None
    assert latest.pick((1, 2), 60000) == {1: 230}


def test_an_absent_value_takes_the_old_one_away():
    latest = Latest(WrappingClock())
    latest.put({1: 230})
    latest.put({1: None})
    assert latest.get(1) is None


def test_expire_forgets_before_the_counter_wraps():
    clock = WrappingClock()
    latest = Latest(clock)
    latest.put({1: 230})
    clock.ms += 61000
    latest.expire(60000)
    clock.ms += 1 << 30
    assert latest.get(1) is None
