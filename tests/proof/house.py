"""One customer, one terminal and the time between them: what the histories happen to.

The terminal is the real core under the real `RunClock`, kept as its shell keeps it. The customer has a load
that falls with each open round and a meter that counts it. `House` also keeps its own book of what was
commanded and used; the invariants compare that book with what the terminal does, never two of the core's
own words. Each decision checks all of them.
"""

from typing import Any, NamedTuple

from firmware.control import core
from firmware.controller import COMMIT_S, RUN_COMMIT_S
from firmware.hal import fake
from firmware.running import RunClock
from protocols import cbor
from protocols.uplink import codes, messages
from tests.proof import driver, invariants

DAY_S = 86400
POWER_CONTROLS = (codes.PERIOD, codes.FACTORY_REST, codes.BUSINESS_STOP, codes.DOWN_FLOAT)
ENABLED_BY = {
    messages.PERIOD_PLAN: codes.PERIOD,
    messages.FACTORY_REST: codes.FACTORY_REST,
    messages.BUSINESS_STOP: codes.BUSINESS_STOP,
    messages.DOWN_FLOAT: codes.DOWN_FLOAT,
}
GROUPS = (1, 2)
SILENCE_S = 60  # nobody is said to have heard an alarm over a longer time without a decision


class Moment(NamedTuple):
    """What one decision saw and did."""

    run_s: int
    sample: Any
    outputs: Any
    events: tuple
    heard_s: int  # of the time since the moment before, how much an alarm may count as heard
    restarted: bool


class Account(NamedTuple):
    """The house's own book of one group's purchases."""

    paid_wh: int
    from_wh: int  # the meter's total at which counting began
    trip_wh: int
    rounds: int
    enabled: bool


class House:
    def __init__(
        self, rounds=2, offset_s=8 * 3600, t_s=1_790_000_000, before_wrap_ms=5000, check=True, **guarantee
    ):
        self.rounds = rounds
        self.offset_s = offset_s
        self.clock = fake.Clock(t_s * 1000, before_wrap_ms)
        self.clock.ok = True
        self.settings = driver.settings(guarantee=guarantee)
        self.check = check
        self.load_w = {1: 100_000, 2: 40_000}
        self.sheds_w = 20_000
        self.joules = {1: 0, 2: 0}
        self.readable = True
        self.shown_off_wh = 0  # the meter shows so much more than is true
        self.told = []
        self.decisions = 0
        # the house's book
        self.on = None  # commanded guarantee: [seconds gone, duration or 0]
        self.unreadable = False
        self.up_s = 0
        self.silent_s = 0
        self.power = {}  # (group, control) -> params
        self.month = {}  # group -> rounds
        self.accounts = {}  # group -> Account
        self.orders = []  # (group, number) applied
        self.remote = 0
        self.warnings = {}  # (group, round) -> [seconds heard, alarm_s, spent by a trip]
        self.remote_unrecorded = {}  # round -> trips that were not recorded yet
        self.lamps = {}  # round -> [seconds that "close permitted" has been shown, sure]
        self.kept = self.kept_run = None
        self.lost = False  # a commit of the journal was: what it kept may happen a second time
        self.unsettled = (
            False  # the meter was not seen, or time was not counted: use may not be taken off yet
        )
        self.now = None
        self.command = 0
        self._power_up(core.fresh(rounds), None)

    # ---- time ------------------------------------------------------------------------------

    def _power_up(self, state, saved):
        self.run = RunClock(self.clock, saved)
        self.state = core.configure(state, *self.settings)
        self.up_s = 0
        self.decide(restarted=True)
        self._commit_for_good()

    def power_w(self, group):
        tripped = self.now.outputs.tripped if self.now else 0
        closed = self.load_w[group] - self.sheds_w * bin(tripped).count("1")
        return max(0, closed)

    def wait(self, seconds, heard=1):
        """Time passes with one decision at its end; the ticks are looked at each day, as they wrap."""
        left_s = seconds
        while left_s > 0:
            chunk_s = min(left_s, DAY_S)
            self._use(chunk_s)
            self.clock.advance(chunk_s * 1000)
            self.run.now_s()
            left_s -= chunk_s
        self.decide(heard=heard)

    def settle(self):
        """Half an hour of good readings a minute apart: every use must have been taken off."""
        self.readable = True
        self.clock.ok = True
        for _minute in range(30):
            self.wait(60)
        self.unsettled = False
        for group in self.accounts:
            assert self.remaining_wh(group) == invariants.group_of(self.now.outputs, group).remaining_wh, (
                "purchase_never_lost: what was used is not taken off"
            )

    def _use(self, seconds):
        for group in GROUPS:
            self.joules[group] += self.power_w(group) * seconds

    def energy_wh(self, group):
        return 7_000_000 + self.joules[group] // 3600

    def sample(self, heard=1):
        now_s = self.clock.now_s()
        groups = tuple(
            (self.power_w(group), self.energy_wh(group) + self.shown_off_wh)
            if self.readable
            else (None, None)
            for group in GROUPS
        )
        local_s = now_s + self.offset_s if self.clock.ok else None
        return core.Sample(now_s, local_s, self.run.now_s(), groups, 5000, heard)

    def decide(self, restarted=False, heard=1, told=()):
        sample = self.sample(heard)
        before = self.now
        gone_s = max(0, sample.run_s - before.run_s) if before else 0
        self._book_time(gone_s, heard)
        self.state, outputs, events = core.step(self.state, sample)
        moment = Moment(
            sample.run_s, sample, outputs, (*told, *events), gone_s if gone_s <= SILENCE_S else 0, restarted
        )
        self.now = moment
        self.decisions += 1
        self.told.append((sample.t_s, outputs.tripped, outputs.alarm, outputs.controls, moment.events))
        if before is not None and self.check:
            invariants.check_all(self, before, moment)
        if not restarted:
            self._keep()

    def _book_time(self, gone_s, heard):
        self.up_s += gone_s
        self.silent_s = 0 if heard else self.silent_s + gone_s
        if self.on is not None:
            self.on[0] += gone_s
            if self.on[1] and self.on[0] >= self.on[1]:
                self.on = None

    # ---- the journal -----------------------------------------------------------------------

    def _keep(self):
        need = core.durable(self.kept_state, self.state)
        wait_s = {"now": 0, "minute": COMMIT_S}.get(need, RUN_COMMIT_S)
        if self.run.now_s() - self.kept_run[0] >= wait_s:
            self._commit()

    def _commit(self):
        self.kept_before = self.kept, self.kept_run
        self.kept = cbor.encode(core.dump(self.state))
        self.kept_state = self.state
        self.kept_run = self.run.saved()

    def _commit_for_good(self):
        """One that cannot be lost behind the terminal's back: it acts only when flash has it."""
        self._commit()
        self.kept_before = self.kept, self.kept_run

    def restart(self, off_s=0, ok=True, lose_last=False, spoil=None):
        """Power off for `off_s`; the load goes on. `lose_last`: the last commit had not reached flash.

        `spoil(entries)` gives what is found instead.
        """
        self.lost = self.lost or lose_last
        self.unsettled = True
        kept, kept_run = self.kept_before if lose_last else (self.kept, self.kept_run)
        entries = cbor.decode(kept)
        if spoil is not None:
            entries = spoil(entries)
        self._use(off_s)
        self.clock.advance(off_s * 1000)
        self.clock.ok = ok
        self._power_up(core.load(entries, self.rounds), kept_run)

    def guarantee_becomes_unreadable(self, off_s=0):
        self.unreadable = True
        self.restart(off_s, spoil=driver.spoil_guarantee)

    # ---- commands --------------------------------------------------------------------------

    def give(self, kind, params, scope=0):
        """Command and the step after it, kept in one commit; returns the reason."""
        self.command += 1
        before = self.state
        state, reason, events = core.apply(before, kind, dict(params), self.sample(), self.command, scope)
        self.told.append((kind, params, reason))
        if reason:
            assert state == before, "a refused command changes nothing"
            return reason
        self.state = state
        self._book(kind, params)
        self._commit_for_good()
        self.decide(told=tuple(events))
        return 0

    def _book(self, kind, params):
        group = params.get("group", 1)
        if kind in ENABLED_BY:
            self.power[group, ENABLED_BY[kind]] = params
        elif kind == messages.MONTH_ENERGY:
            self.month[group] = params["rounds"]
        elif kind == messages.PURCHASE:
            self._book_order(group, params)
        elif kind == messages.RELEASE:
            self._book_release(group, params["control"])
        elif kind == messages.TRIP:
            self.remote |= params["rounds"]
            for mask in invariants.bits(params["rounds"]):
                self.remote_unrecorded[mask] = self.remote_unrecorded.get(mask, 0) + 1
        elif kind == messages.PERMIT_CLOSE:
            self.remote &= ~params["rounds"]
        elif kind == messages.GUARANTEE:
            self.unreadable = False
            self.on = [0, params["duration_s"]] if params["on"] else None

    def _book_order(self, group, params):
        account = self.accounts.get(group)
        now_wh = self.energy_wh(group)
        if account is None:
            paid_wh, from_wh = params["value_wh"], now_wh
        elif params["flag"] == codes.REFRESH:
            paid_wh, from_wh = params["value_wh"], now_wh
        else:
            paid_wh, from_wh = account.paid_wh + params["value_wh"], account.from_wh
        self.orders.append((group, params["order"]))
        self.accounts[group] = Account(paid_wh, from_wh, params["trip_wh"], params["rounds"], True)

    def _book_release(self, group, control):
        if control == codes.PURCHASE and group in self.accounts:
            self.accounts[group] = self.accounts[group]._replace(enabled=False)
        self.month.pop(group if control == codes.MONTH_ENERGY else 0, None)
        self.power.pop((group, control), None)

    # ---- what must be so -------------------------------------------------------------------

    def remaining_wh(self, group):
        account = self.accounts[group]
        return account.paid_wh - (self.energy_wh(group) - account.from_wh)

    def must_be_guaranteed(self):
        """True when the book says that nobody may trip now, whatever the core believes."""
        wanted = self.settings[1]
        lost = wanted["lost_link_s"] and self.silent_s >= wanted["lost_link_s"]
        young = self.up_s < wanted["power_up_s"]
        local_s = self.now.sample.local_s
        hour = local_s is not None and wanted["hours"] >> local_s // 3600 % 24 & 1
        return bool(self.on is not None or self.unreadable or lost or young or hour)
