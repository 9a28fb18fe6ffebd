"""Random commands, samples, time jumps and restarts: what must hold whatever happens."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from firmware.control import core
from protocols import cbor
from protocols.uplink import messages
from protocols.uplink.codes import (
    ALARM,
    CONTROLS,
    EVENT_CODE,
    EVENT_FIELD_NO,
    PHASES,
    POST_TRIP,
    REASONS,
    REFRESH,
)
from tests.unit.control.bench import MIDNIGHT_S, OFF, codes, on, order, plan

ROUNDS = 3
MASKS = st.integers(1, 7)
SAFETY_W = 50000
DAYS = [codes("1" * 48), codes("2" * 48), codes("12" * 4), codes("0101"), codes("1" + "0" * 46 + "1")]


class Histories(RuleBasedStateMachine):
    def __init__(self):
        super().__init__()
        self.state = core.fresh(ROUNDS)
        self.now = core.Sample(MIDNIGHT_S, MIDNIGHT_S, 100, 120000, 0)
        self.out = None
        self.command = 0
        self.warned = 0  # rounds the power control has warned and not yet tripped or dropped
        self.due = []  # rounds tripped by power control whose record is still to come
        self.orders = {}  # number -> remaining after it
        self.left_wh = None  # the ledger, kept apart from the core's
        self.base_wh = None
        self.step()

    # ---- commands

    def do(self, kind, params):
        self.command += 1
        before = self.state
        self.state, reason, events = core.apply(before, kind, params, self.now, self.command)
        assert reason in REASONS
        if reason:
            assert self.state is before
            assert not events
        self.check_events(events)
        if self.state.loop.phase != ALARM:
            self.warned = 0
        return REASONS[reason]

    @rule(rounds=MASKS, delay_s=st.sampled_from([0, 5, 900]), limit_s=st.sampled_from([0, 1, 200, 7200]))
    def trip(self, rounds, delay_s, limit_s):
        reason = self.do(messages.TRIP, {"rounds": rounds, "delay_s": delay_s, "limit_s": limit_s})
        assert (reason == "none") == (self.state.guarantee.mode == 0)

    @rule(rounds=MASKS)
    def permit_close(self, rounds):
        self.do(messages.PERMIT_CLOSE, {"rounds": rounds})
        for entry in self.state.remote:
            assert not entry.rounds & rounds

    @rule(
        day=st.sampled_from(DAYS),
        setpoint_w=st.sampled_from([0, 40000, 90000, 90000]),
        rounds=MASKS,
        slide_s=st.sampled_from([1, 5, 60]),
    )
    def set_plan(self, day, setpoint_w, rounds, slide_s):
        params = plan(
            codes=day,
            setpoints_w=[setpoint_w] * 8,
            rounds=rounds,
            slide_s=slide_s,
            alarm_s=[3, 8],
            post_trip_s=6,
            safety_w=SAFETY_W,
        )
        self.do(messages.PERIOD_PLAN, params)

    @rule()
    def release_plan(self):
        assert self.do(messages.PERIOD_RELEASE, {}) == "none"
        assert self.state.loop.tripped == 0

    @rule()
    def release_purchase(self):
        assert self.do(messages.PURCHASE_RELEASE, {}) == "none"
        assert self.state.purchase.tripped == 0

    @rule(number=st.integers(1, 12), value_wh=st.integers(-500, 2000), refresh=st.booleans(), rounds=MASKS)
    def buy(self, number, value_wh, refresh, rounds):
        params = order(number, value_wh, rounds=rounds)
        if refresh:
            params["flag"] = REFRESH
        reason = self.do(messages.PURCHASE, params)
        if number in self.orders:
            assert reason == "order_already_applied"
        elif self.orders and number < max(self.orders):
            assert reason == "order_number_old"
        elif reason == "none":
            self.left_wh = value_wh if refresh else (self.left_wh or 0) + value_wh
            self.orders[number] = self.left_wh
        else:
            assert reason == "bad_params"
            assert value_wh < 0

    @rule(rare=st.integers(0, 5), duration_s=st.sampled_from([0, 30, 1800]))
    def guarantee(self, rare, duration_s):
        params = OFF if rare else on(duration_s)
        assert self.do(messages.GUARANTEE, params) == "none"

    # ---- the world

    @rule(power_w=st.sampled_from([None, 45000, 60000, 120000, 130000, -120000]))
    def load(self, power_w):
        self.now = self.now._replace(power_w=power_w)

    @rule(used_wh=st.sampled_from([0, 1, 300, 900]))
    def use(self, used_wh):
        self.now = self.now._replace(energy_wh=(self.base_wh or 0) + used_wh)

    @rule(rare=st.integers(0, 2))
    def meter_silent(self, rare):
        if not rare:
            self.now = self.now._replace(power_w=None, energy_wh=None)

    @rule()
    def restart(self):
        self.state = core.load(cbor.decode(cbor.encode(core.dump(self.state))), ROUNDS)

    @rule(rare=st.integers(0, 5))
    def lose_the_guarantee_flag(self, rare):
        if rare:
            return
        dumped = core.dump(self.state)
        dumped["guarantee"] = [9]
        self.state = core.load(dumped, ROUNDS)

    @rule(jump_s=st.sampled_from([-50, 59, 61, 1800, 86400]))
    def jump(self, jump_s):
        run_s = max(self.now.run_s + jump_s, 0)
        t_s = self.now.t_s + jump_s
        self.now = self.now._replace(run_s=run_s, t_s=t_s, local_s=t_s)

    @invariant()
    def time_passes_after_everything(self):
        self.wait(3)

    @rule(n=st.integers(10, 60))
    def wait(self, n):
        for _ in range(n):
            now = self.now
            self.now = now._replace(t_s=now.t_s + 1, local_s=now.t_s + 1, run_s=now.run_s + 1)
            self.step()

    # ---- one step and its laws

    def step(self):
        before = self.state
        again = core.load(cbor.decode(cbor.encode(core.dump(before))), ROUNDS)
        self.state, self.out, events = core.step(before, self.now)
        assert core.step(again, self.now) == (self.state, self.out, events)
        if self.now.run_s - before.run_s > core.GAP_S:
            self.warned = 0
        self.check_events(events)
        self.check_trips(before)
        self.check_ledger()

    def check_trips(self, before):
        out, loop = self.out, self.state.loop
        if out.guarantee:
            assert (out.tripped, out.alarm) == (0, 0)
        gained = loop.tripped & ~before.loop.tripped
        if gained:
            assert self.now.power_w is not None
            assert abs(self.now.power_w) >= SAFETY_W
            assert gained == gained & -gained == self.warned
            self.warned = 0
            self.due.append(gained)
        if loop.phase != ALARM:
            self.warned = 0
        assert len(self.due) == (loop.phase == POST_TRIP)
        if out.controls[1][1] == 0:
            assert loop.tripped == 0
        if out.controls[2][1] == 0:
            assert self.state.purchase.tripped == 0
        assert out.tripped & out.permitted == 0
        for control, phase, reason in out.controls:
            assert control in CONTROLS
            assert phase in PHASES
            assert reason in REASONS

    def check_ledger(self):
        energy_wh = self.now.energy_wh
        if energy_wh is not None:
            if self.left_wh is not None and self.base_wh is not None:
                self.left_wh -= energy_wh - self.base_wh
            self.base_wh = energy_wh
        assert self.out.remaining_wh == self.left_wh
        assert self.out.last_order == max(self.orders, default=0)

    def check_events(self, events):
        for name, data in events:
            assert name in EVENT_CODE
            for field, value in data.items():
                assert field in EVENT_FIELD_NO or field == "ago_s"  # the shell turns it into the time
                assert type(value) in (int, str)
            if name == "power_control_end":
                self.warned = 0
            if name == "power_control_alarm":
                assert not self.warned
                self.warned = data["rounds"]
            if name == "power_control_trip":
                assert self.due.pop() == data["rounds"]

    @invariant()
    def remote_rounds_belong_to_one_entry(self):
        seen = 0
        for entry in self.state.remote:
            assert entry.rounds
            assert not entry.rounds & seen
            seen |= entry.rounds


Histories.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestHistories = Histories.TestCase
