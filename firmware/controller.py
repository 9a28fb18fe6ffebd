"""The shell round the pure decision core: readings in, relays out, then the journal.

Law of the trip path: decide, drive the pin, and only then write flash or the outbox. Nothing here awaits.
"""

from firmware.control import core
from firmware.store.kv import StoreError
from protocols.uplink import messages
from protocols.uplink.codes import EVENT_CODE, EVENT_FIELD_NO

COMMIT_S = 60  # slow changes (remaining energy, timers) reach flash this often, for its wear
RUN_COMMIT_S = 3600  # run_s reaches flash at least this often: a timer must not run twice after a power cut
# A power cut counts for no longer: a clock set wrong must not end a guarantee (at most 24 h), and the longest
# remote limit (7.5 h) ends all the same.
OFF_MAX_S = 12 * 3600
MAX_UNTOLD = 16  # events waiting for a flash that refuses them
FAULT_S = 3600  # one task is told as failed once in so long; DIAG counts every restart
SWITCH_EVENTS = 60  # an hour, of all contacts: a chattering one must not drive the trips out of the ring


class RunClock:
    """`run_s`: seconds that only go forward and survive restarts.

    The time without power is added once, when the clock is trusted.
    """

    def __init__(self, clock, saved):
        self._clock = clock
        well_formed = isinstance(saved, list) and len(saved) == 2 and all(isinstance(v, int) for v in saved)
        self._run_s, self._saved_t_s = saved if well_formed else (0, 0)
        self._tick = clock.ticks_ms()
        self._rest_ms = 0
        self._owed = self._saved_t_s > 0  # time without power not added yet
        self._boot_run_s = self._run_s
        self.off_s = 0

    def now_s(self):
        tick = self._clock.ticks_ms()
        self._rest_ms += max(0, self._clock.ticks_diff(tick, self._tick))
        self._tick = tick
        self._run_s += self._rest_ms // 1000
        self._rest_ms %= 1000
        if self._owed and self._clock.ok:
            self._owed = False
            since_boot_s = self._run_s - self._boot_run_s
            self.off_s = min(OFF_MAX_S, max(0, self._clock.now_s() - self._saved_t_s - since_boot_s))
            self._run_s += self.off_s
        return self._run_s

    def saved(self):
        """What the journal keeps: run_s and the UTC second it belongs to, 0 while that is not known.

        While time is owed the older stamp moves on with run_s: no time is lost and none counted twice.
        """
        if self._clock.ok and not self._owed:
            return [self._run_s, self._clock.now_s()]
        since_boot_s = self._run_s - self._boot_run_s
        return [self._run_s, self._saved_t_s + since_boot_s if self._owed else 0]


def _doubted(kept):
    """A dump out of a damaged journal: commits behind the damage may be lost, and with them a guarantee."""
    return dict(kept, guarantee=None) if isinstance(kept, dict) else {}


class Controller:
    """Owns the control state. `add(stream, kind, t_s, t_ok, body)` is the outbox's."""

    def __init__(self, board, kv, profile, latest, add):
        self._board = board
        self._profile = profile
        self._clock = board.clock
        self._kv = kv
        self._latest = latest
        self._add = add
        self._multiplier = board.identity["multiplier"]
        self._offset_s = board.identity["utc_offset_s"]
        self._run = RunClock(board.clock, kv.get("run"))
        kept = kv.get("control")
        doubt = kv.damaged or board.flash.lost
        self._kept = core.load(kept, board.facts["rounds"])  # as in flash
        self._state = core.load(_doubted(kept), board.facts["rounds"]) if doubt else self._kept
        self._kept_run_s = self._run.now_s()
        self._open = self._opening = None
        self._switch_events = 0
        self._switch_hour_s = 0
        self._untold = []
        self._faults = {}  # task -> run_s of its last event
        self.outputs = None
        self.store_errors = 0

    def sample(self):
        power_dw = self._latest.get(self._profile.power)
        energy_wh = self._latest.get(self._profile.energy)
        now_s = self._clock.now_s()
        return core.Sample(
            now_s,
            now_s + self._offset_s if self._clock.ok else None,
            self._run.now_s(),
            None if power_dw is None else power_dw * self._multiplier // 10,
            None if energy_wh is None else energy_wh * self._multiplier,
        )

    def step(self, told=()):
        """One decision: call at every power reading and at least once a second.

        `told`: events of a command that led here, recorded before those of the decision.
        """
        self._state, self.outputs, events = core.step(self._state, self.sample())
        self._board.relays.drive(self.outputs.tripped)
        self._board.lamps.show(self.outputs.alarm, self.outputs.permitted)
        # Told before kept: after a cut in between an event may come twice, but none is missing.
        self._tell(told)
        self._tell(events)
        self._keep()
        self._watch_switches()

    def apply(self, kind, params, command_id):
        """For the gate: decide on a command without changing anything yet.

        Returns (reason, {key: value} to be journalled with the gate's own, commit function).
        """
        state, reason, events = core.apply(self._state, kind, params, self.sample(), command_id)

        def commit():
            self._state = self._kept = state
            self._kept_run_s = self._run.now_s()
            self.step(events)

        return reason, {"control": core.dump(state), "run": self._run.saved()}, commit

    def _keep(self):
        need = core.durable(self._kept, self._state)
        wait_s = {"now": 0, "minute": COMMIT_S}.get(need, RUN_COMMIT_S)
        if self._run.now_s() - self._kept_run_s >= wait_s:
            self._commit()

    def begin(self, entries):
        """The first commit of a boot: `entries` ({key: value}) and the state: a doubt is not lost."""
        self._commit(entries)

    def _commit(self, entries=None):
        self._kept_run_s = self._run.now_s()
        try:
            entries = entries or {}
            entries.update({"control": core.dump(self._state), "run": self._run.saved()})
            self._kv.put(entries)
            self._kept = self._state
        except StoreError:
            # The decision stands and the relay is driven; the next step (minute, hour) tries again.
            self.store_errors += 1

    def clock_set(self, step_ms):
        """The clock was stepped: the journal must not pair run_s with the old time."""
        self.event("clock_set", {"step_ms": step_ms})
        self._commit()

    def fault(self, task, error):
        """A part of the terminal failed and was restarted."""
        run_s = self._run.now_s()
        if run_s - self._faults.get(task, -FAULT_S) >= FAULT_S:
            self._faults[task] = run_s
            self.event("terminal_fault", {"task": task, "error": error[:60]})

    def _tell(self, events):
        for name, fields in events:
            self.event(name, fields)
        self._flush()

    def event(self, name, fields):
        """Record one event; `fields` by name of codes.EVENT_FIELDS, and `ago_s` of one that is told late."""
        t_s = max(0, self._clock.now_s() - fields.get("ago_s", 0))
        data = {EVENT_FIELD_NO[field]: value for field, value in fields.items() if field != "ago_s"}
        self._untold.append((t_s, int(self._clock.ok), {"code": EVENT_CODE[name], "data": data}))
        if len(self._untold) > MAX_UNTOLD:
            self._untold.pop(0)
            self.store_errors += 1
        self._flush()

    def _flush(self):
        """Hand waiting events to the outbox, in order, until it refuses one."""
        while self._untold and self._add("ev", messages.EVENT, *self._untold[0]):
            self._untold.pop(0)

    def _watch_switches(self):
        """An event for each change of the contacts that stays for two steps, whoever moved the switch."""
        contacts = self._board.relays.open()
        if contacts is None:
            return
        stable, self._opening = contacts == self._opening, contacts
        if not stable or contacts == self._open:
            return
        before, self._open = self._open, contacts
        if before is None or not self._may_tell_switch():
            return
        if contacts & ~before:
            self.event("switch_opened", {"rounds": contacts & ~before})
        if before & ~contacts:
            self.event("switch_closed", {"rounds": before & ~contacts})

    def _may_tell_switch(self):
        run_s = self._run.now_s()
        if run_s - self._switch_hour_s >= 3600:
            self._switch_hour_s, self._switch_events = run_s, 0
        self._switch_events += 1
        return self._switch_events <= SWITCH_EVENTS
