"""Random commands, samples, time jumps and restarts: what must hold whatever happens."""

from datetime import UTC, datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.control import core
from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.codes import (
    ALARM,
    CONTROLS,
    DOWN_FLOAT,
    EVENT_CODE,
    EVENT_FIELD_NO,
    GUARANTEE_LOST_LINK,
    IDLE,
    MONTH_ENERGY,
    PERIOD,
    PHASES,
    POST_TRIP,
    PURCHASE,
    REASONS,
    REFRESH,
)
from tests.unit.control.bench import (
    MIDNIGHT_S,
    OFF,
    codes,
    down_float,
    fee_order,
    month,
    on,
    order,
    plan,
    released,
    rest,
    stop,
)
from tests.unit.control.books import Books

ROUNDS = 3
GROUPS = 2
MASKS = st.integers(1, 7)
GROUP = st.integers(1, GROUPS)
SAFETY_W = 50000
LOOP = {"alarm_s": [3, 8], "post_trip_s": 6, "safety_w": SAFETY_W}
SETPOINTS = st.sampled_from([0, 40000, 90000, 90000])
DAYS = [codes("1" * 48), codes("2" * 48), codes("12" * 4), codes("0101"), codes("1" + "0" * 46 + "1")]
COULD_TRIP = (
    messages.TRIP,
    messages.PERIOD_PLAN,
    messages.PERIOD_ENABLE,
    messages.FACTORY_REST,
    messages.BUSINESS_STOP,
    messages.DOWN_FLOAT,
    messages.MONTH_ENERGY,
)


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.settings = ({}, {"lost_link_s": 3 * 86400})
        self.state = core.configure(core.fresh(ROUNDS), *self.settings)
        self.now = core.Sample(MIDNIGHT_S, MIDNIGHT_S, 100, ((120000, 0),) * GROUPS, 5000, 0)
        self.clock_ok = True
        self.out = None
        self.command = self.steps = 0
        self.books = [Books() for _ in range(GROUPS)]
        self.price_e4 = None
        self.step()

    def group(self, no):
        return self.state.groups[no - 1]

    # ---- commands

    def do(self, kind, params, scope=0):
        self.command += 1
        before = self.state
        self.state, reason, events = core.apply(before, kind, params, self.now, self.command, scope)
        assert reason in REASONS
        if reason:
            assert self.state is before
            assert not events
        self.check_events(events)
        mode = before.guarantee.shown
        if kind in COULD_TRIP and mode not in (0, GUARANTEE_LOST_LINK) and not before.excluded:
            assert reason
        self.drop_warnings()
        return REASONS[reason]

    @rule(rounds=MASKS, delay_s=st.sampled_from([0, 5, 900]), limit_s=st.sampled_from([0, 1, 200, 7200]))
    def trip(self, rounds, delay_s, limit_s):
        reason = self.do(messages.TRIP, {"rounds": rounds, "delay_s": delay_s, "limit_s": limit_s})
        assert reason in ("none", "guaranteed", "guarantee_unreadable")

    @rule(rounds=MASKS)
    def permit_close(self, rounds):
        self.do(messages.PERMIT_CLOSE, {"rounds": rounds})
        for entry in self.state.remote:
            assert not entry.rounds & rounds

    @rule(
        no=GROUP,
        day=st.sampled_from(DAYS),
        setpoint_w=SETPOINTS,
        rounds=MASKS,
        slide_s=st.sampled_from([1, 5, 60]),
    )
    def set_plan(self, no, day, setpoint_w, rounds, slide_s):
        own = {"codes": day, "setpoints_w": [setpoint_w] * 8, "schemes": [[60000]]}
        self.do(messages.PERIOD_PLAN, plan(**LOOP, **own, rounds=rounds, slide_s=slide_s, group=no))

    @rule(no=GROUP, periods=st.sampled_from([1, 255]), scheme=st.integers(0, 2))
    def enable_plan(self, no, periods, scheme):
        self.do(messages.PERIOD_ENABLE, {"periods": periods, "scheme": scheme, "group": no})

    @rule(no=GROUP, setpoint_w=SETPOINTS, rounds=MASKS, start_min=st.sampled_from([0, 1320]))
    def set_factory_rest(self, no, setpoint_w, rounds, start_min):
        own = {"setpoint_w": setpoint_w, "start_min": start_min, "days": 0b1010101}
        self.do(messages.FACTORY_REST, rest(**LOOP, **own, rounds=rounds, slide_s=1, group=no))

    @rule(no=GROUP, setpoint_w=SETPOINTS, rounds=MASKS, ahead=st.integers(-2, 2))
    def set_business_stop(self, no, setpoint_w, rounds, ahead):
        day = self.now.t_s // 86400 + ahead
        own = {"setpoint_w": setpoint_w, "rounds": rounds, "slide_s": 1, "group": no}
        self.do(messages.BUSINESS_STOP, stop(day, day + 2, **LOOP, **own))

    @rule(no=GROUP, rounds=MASKS, float_pct=st.sampled_from([-20, 10]), slide_s=st.sampled_from([1, 20]))
    def set_down_float(self, no, rounds, float_pct, slide_s):
        acts = self.group(no) is not None and self.group(no).float is not None
        own = {"float_pct": float_pct, "freeze_s": 300, "slide_s": slide_s, "group": no}
        reason = self.do(messages.DOWN_FLOAT, down_float(**LOOP, **own, rounds=rounds))
        assert not acts or reason != "none"

    @rule(no=GROUP, setpoint_wh=st.sampled_from([0, 500, 5000]), rounds=MASKS)
    def limit_month(self, no, setpoint_wh, rounds):
        self.do(messages.MONTH_ENERGY, month(setpoint_wh, rounds=rounds, group=no))

    @rule(no=GROUP, control=st.integers(2, 7))
    def release(self, no, control):
        reason = self.do(messages.RELEASE, released(control, group=no))
        assert reason in ("none", "nothing_to_release")
        group = self.group(no)
        if group and control == PURCHASE:
            assert group.bought.tripped == 0
        elif group and control == MONTH_ENERGY:
            assert group.month.tripped == 0
        elif group:
            assert group.loop.control != control

    @rule(
        no=GROUP,
        number=st.integers(1, 12),
        value=st.integers(-500, 2000),
        refresh=st.booleans(),
        fee=st.booleans(),
        rounds=MASKS,
    )
    def buy(self, no, number, value, refresh, fee, rounds):
        books = self.books[no - 1]
        params = (fee_order if fee else order)(number, value, rounds=rounds, group=no)
        if refresh:
            params["flag"] = REFRESH
        reason = self.do(messages.FEE_ORDER if fee else messages.PURCHASE, params)
        if number in books.orders:
            assert reason == "order_already_applied"
        elif books.orders and number < max(books.orders):
            assert reason == "order_number_old"
        elif reason == "none":
            assert refresh or books.left is None or fee == books.fee
            before = 0 if refresh or books.left is None else books.left
            books.fee = fee
            books.left = before + value * (1000 if fee else 1)
            books.orders[number] = books.left
        else:
            assert reason == "bad_params"
            assert not refresh
            assert value < 0 or fee != books.fee

    @rule(rare=st.integers(0, 5), duration_s=st.sampled_from([0, 30, 1800]))
    def guarantee(self, rare, duration_s):
        params = OFF if rare else on(duration_s)
        assert self.do(messages.GUARANTEE, params) == "none"

    @rule(turn=st.booleans())
    def exclude(self, turn):
        reason = self.do(messages.EXCLUSION, {"on": int(turn)})
        assert reason == "none" or turn
        if self.state.excluded:
            assert self.do(messages.GUARANTEE, OFF, 1) == "excluded"

    @rule(
        clear=st.booleans(),
        strict=st.booleans(),
        at_once=st.booleans(),
        hours=st.sampled_from([0, 0, 1, 1 << 22]),
    )
    def set_parameters(self, clear, strict, at_once, hours):
        control = {"after_guarantee": int(clear), "strict_priority": int(strict)}
        control["energy_step_s"] = 0 if at_once else 60
        self.settings = (control, {"lost_link_s": 3 * 86400, "hours": hours})
        self.state = core.configure(self.state, *self.settings)

    # ---- the world

    def turn(self, no, **knobs):
        groups = list(self.now.groups)
        power_w, energy_wh = groups[no - 1]
        groups[no - 1] = (knobs.get("power_w", power_w), knobs.get("energy_wh", energy_wh))
        self.now = self.now._replace(groups=tuple(groups))

    @rule(no=GROUP, power_w=st.sampled_from([None, 45000, 60000, 120000, 130000, -120000]))
    def load(self, no, power_w):
        self.turn(no, power_w=power_w)

    @rule(no=GROUP, used_wh=st.sampled_from([0, 1, 300, 900]))
    def use(self, no, used_wh):
        self.turn(no, energy_wh=(self.books[no - 1].base_wh or 0) + used_wh)

    @rule(price_e4=st.sampled_from([None, 0, 1, 5001, 12345]))
    def set_price(self, price_e4):
        self.now = self.now._replace(price_e4=price_e4)

    @rule(no=GROUP, rare=st.integers(0, 2))
    def meter_silent(self, no, rare):
        if not rare:
            self.turn(no, power_w=None, energy_wh=None)

    @rule()
    def restart(self):
        self.state = self.reloaded(self.state)

    def reloaded(self, state):
        kept = cbor.decode(cbor.encode(core.dump(state)))
        return core.configure(core.load(kept, ROUNDS), *self.settings)

    @rule(rare=st.integers(0, 5))
    def lose_the_guarantee_flag(self, rare):
        if rare:
            return
        dumped = core.dump(self.state)
        dumped["control"]["guarantee"] = [9]
        self.state = core.configure(core.load(dumped, ROUNDS), *self.settings)

    @rule(rare=st.integers(0, 2))
    def doubt_the_clock(self, rare):
        self.clock_ok = bool(rare)
        self.now = self.now._replace(local_s=self.now.t_s if self.clock_ok else None)

    @rule(heard=st.integers(0, 1))
    def hear(self, heard):
        self.now = self.now._replace(heard=heard)

    @rule(jump_s=st.sampled_from([-50, 59, 61, 1800, 86400, 4 * 86400]))
    def jump(self, jump_s):
        run_s = max(self.now.run_s + jump_s, 0)
        t_s = self.now.t_s + jump_s
        self.now = self.now._replace(run_s=run_s, t_s=t_s, local_s=t_s if self.clock_ok else None)

    @invariant()
    def time_passes_after_everything(self):
        self.wait(3)

    @rule(n=st.integers(10, 60))
    def wait(self, n):
        for _ in range(n):
            now = self.now
            local_s = now.t_s + 1 if self.clock_ok else None
            self.now = now._replace(t_s=now.t_s + 1, local_s=local_s, run_s=now.run_s + 1)
            self.step()

    # ---- one step and its laws

    def step(self):
        before = self.state
        self.state, self.out, events = core.step(before, self.now)
        self.steps += 1
        if events or self.steps % 8 == 0:
            restarted = core.step(self.reloaded(before), self.now)
            assert restarted[1:] == (self.out, events)
            assert restarted[0]._replace(up_s=None) == self.state._replace(up_s=None)
        gap = self.now.run_s - before.run_s > 60
        for no in range(1, GROUPS + 1):
            if gap:
                self.books[no - 1].warned = 0
        self.check_events(events)
        self.check_trips(before)
        self.check_ledgers()

    def drop_warnings(self):
        for books, group in zip(self.books, self.state.groups, strict=False):
            if group is None or group.loop.phase != ALARM:
                books.warned = 0

    def check_trips(self, before):
        out = self.out
        if out.guarantee:
            assert (out.tripped, out.alarm, out.close) == (0, 0, 0)
        for books, group, old in zip(self.books, self.state.groups, before.groups, strict=False):
            if group is not None:
                self.check_loop(books, group.loop, old.loop, self.now.groups[self.books.index(books)][0])
        self.drop_warnings()
        self.check_rows()
        assert out.tripped & out.permitted == 0
        assert out.close == 0

    def check_loop(self, books, loop, old, power_w):
        gained = loop.tripped & ~(old.tripped if old.control == loop.control else 0)
        if gained:
            assert power_w is not None
            assert abs(power_w) >= SAFETY_W
            assert self.clock_ok or loop.control == DOWN_FLOAT
            assert gained == gained & -gained == books.warned
            books.warned = 0
            books.due.append(gained)
        assert len(books.due) == (loop.phase == POST_TRIP)

    def check_rows(self):
        rows = {(control, no): (phase, reason) for control, phase, reason, no in self.out.controls}
        assert len(rows) == len(self.out.controls)
        for (control, no), (phase, reason) in rows.items():
            assert control in CONTROLS
            assert phase in PHASES
            assert reason in REASONS
            assert (no == 0) == (control == 1)
        for no in range(1, GROUPS + 1):
            group = self.group(no)
            if group is None:
                continue
            if rows.get((PURCHASE, no), (IDLE,))[0] == IDLE:
                assert group.bought.tripped == 0
            if (MONTH_ENERGY, no) not in rows:
                assert group.month.tripped == 0
            if group.loop.control:
                assert rows[group.loop.control, no][0] != IDLE
            else:
                assert group.loop.tripped == 0
            if group.loop.control == PERIOD:
                higher = [rows.get((control, no), (IDLE,))[0] for control in (4, 5, 6)]
                assert set(higher) == {IDLE}

    def check_ledgers(self):
        self.price_e4 = self.price_e4 if self.now.price_e4 is None else self.now.price_e4
        month_now = None
        if self.clock_ok:
            month_now = datetime.fromtimestamp(self.now.t_s, UTC).strftime("%Y-%m")
        for no, books in enumerate(self.books, 1):
            if self.group(no) is None:
                continue
            books.use(self.now.groups[no - 1][1], self.price_e4, month_now)
            out = next(out for out in self.out.groups if out.group == no)
            assert out.remaining_wh == (None if books.fee else books.remaining())
            assert out.remaining_yuan_e4 == (books.remaining() if books.fee else None)
            assert out.last_order == max(books.orders, default=0)
            assert out.month_wh == (None if books.month is None else books.month_wh)

    def check_events(self, events):
        for name, data in events:
            assert name in EVENT_CODE
            assert name != "register_rebased"
            for field, value in data.items():
                assert field in EVENT_FIELD_NO or field == "ago_s"  # the shell turns it into the time
                assert type(value) in (int, str)
            if name.startswith("power_control"):
                self.check_power_event(name, data, self.books[data["group"] - 1])

    def check_power_event(self, name, data, books):
        if name == "power_control_end":
            books.warned = 0
        if name == "power_control_alarm":
            assert not books.warned
            books.warned = data["rounds"]
        if name == "power_control_trip":
            assert books.due.pop() == data["rounds"]

    @invariant()
    def remote_rounds_belong_to_one_entry(self):
        seen = 0
        for entry in self.state.remote:
            assert entry.rounds
            assert not entry.rounds & seen
            seen |= entry.rounds


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
