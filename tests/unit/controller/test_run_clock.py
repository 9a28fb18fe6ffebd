"""run_s only goes forward: over restarts, set clocks and wrapped ticks; time without power counts once."""

from hypothesis import given
from hypothesis import strategies as st

from firmware.hal import fake
from firmware.running import OFF_MAX_S, RunClock

DAY_S = 86400


def _clock(ok=True, before_wrap_ms=5000):
    clock = fake.Clock(before_wrap_ms=before_wrap_ms)
    clock.ok = ok
    return clock


def _restart(clock, run, off_s, ok=True):
    """Power off for `off_s`, on again with ticks that begin anew; the clock is trusted or not yet."""
    saved = run.saved()
    clock.advance(off_s * 1000)
    clock.ok = ok
    return RunClock(clock, saved)


def test_seconds_are_counted_across_the_tick_wrap():
    clock = _clock(before_wrap_ms=2500)
    run = RunClock(clock, None)
    seen = []
    for _ in range(20):
        clock.advance(300)
        seen.append(run.now_s())
    assert seen == [n * 300 // 1000 for n in range(1, 21)]
    assert clock.ticks_ms() < fake.WRAP // 2, "the ticks did wrap"


def test_a_set_clock_moves_nothing():
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(10_000)
    assert run.now_s() == 10
    for jump_s in (5 * DAY_S, -400 * DAY_S, 3600, -1):
        clock.set_ms(clock.now_ms() + jump_s * 1000)
        assert run.now_s() == 10


def test_ticks_that_step_back_take_nothing_away():
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(10_000)
    assert run.now_s() == 10
    clock.advance(-3000)
    assert run.now_s() == 10


def test_time_without_power_counts_once():
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(100_000)
    run.now_s()
    run = _restart(clock, run, 1000)
    assert [run.now_s(), run.now_s()] == [1100, 1100]
    assert run.off_s == 1000
    clock.advance(5000)
    assert run.now_s() == 1105


def test_time_without_power_is_added_when_the_clock_is_trusted():
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(100_000)
    run.now_s()
    t_ms = clock.now_ms()
    run = _restart(clock, run, 0, ok=False)
    clock.set_ms(0)
    clock.ok = False
    clock.advance(30_000)
    assert run.now_s() == 130
    clock.set_ms(t_ms + 1030_000)
    assert [run.now_s(), run.off_s] == [1130, 1000]
    clock.set_ms(t_ms + 9_999_000)
    assert run.now_s() == 1130, "a later step of the clock is no power cut"


def test_restarts_without_a_trusted_clock_count_no_second_twice():
    """100 s on, 500 s off, 300 s on untrusted, 700 s off, then the clock is set: 1600 s in all."""
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(100_000)
    run.now_s()
    run = _restart(clock, run, 500, ok=False)
    clock.advance(300_000)
    assert run.now_s() == 400
    run = _restart(clock, run, 700, ok=False)
    assert run.now_s() == 400
    clock.ok = True
    assert run.now_s() == 1600


def test_a_wrong_clock_at_the_restart_is_bounded_and_never_takes_back():
    clock = _clock()
    run = RunClock(clock, None)
    clock.advance(100_000)
    run.now_s()
    saved = run.saved()
    clock.set_ms(clock.now_ms() + 900 * DAY_S * 1000)
    assert RunClock(clock, saved).now_s() == 100 + OFF_MAX_S
    clock.set_ms(clock.now_ms() - 2000 * DAY_S * 1000)
    assert RunClock(clock, saved).now_s() == 100


_moves = st.lists(
    st.one_of(
        st.tuples(st.just("on"), st.integers(0, 100_000)),
        st.tuples(st.just("cut"), st.integers(0, 5000), st.booleans()),
        st.tuples(st.just("trust")),
        st.tuples(st.just("set"), st.integers(-5 * DAY_S, 5 * DAY_S)),
    ),
    max_size=25,
)


@given(_moves)
def test_run_s_never_goes_back(moves):
    clock = _clock()
    run = RunClock(clock, None)
    last = 0
    for move in moves:
        if move[0] == "on":
            clock.advance(move[1])
        elif move[0] == "cut":
            run = _restart(clock, run, move[1], ok=move[2])
        elif move[0] == "trust":
            clock.ok = True
        else:
            clock.set_ms(clock.now_ms() + move[1] * 1000)
        now = run.now_s()
        assert now >= last
        last = now


@given(_moves)
def test_with_an_honest_clock_run_s_is_the_time_since_the_beginning(moves):
    """However often it is cut and however long it is not trusted, once trusted all time is there, once."""
    clock = _clock()
    start_s = clock.now_s()
    run = RunClock(clock, None)
    cuts = 0
    for move in moves:
        if move[0] == "on":
            clock.advance(move[1])
        elif move[0] == "cut":
            run.now_s()
            cuts += 1
            run = _restart(clock, run, move[1], ok=move[2])
        run.now_s()
    clock.ok = True
    assert abs(run.now_s() - (clock.now_s() - start_s)) <= 1 + cuts
