"""The shell round the pure decision core: readings in, relays out, then the journal.

Law of the trip path: decide, drive the pin, and only then write flash or the outbox. Nothing here awaits.
What fails on the way (readings, a coil, a lamp, the journal) is told and counted, and stops nothing else.
"""

from firmware.control import core, energy
from firmware.control.records import evolve
from firmware.overlay import Overlay
from firmware.running import Running
from firmware.store.kv import StoreError
from protocols.uplink.codes import GUARANTEE_UNREADABLE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

COMMIT_S = 60  # slow changes (remaining energy, timers) reach flash this often, for its wear
RUN_COMMIT_S = 3600  # run_s reaches flash at least this often: a timer must not run twice after a power cut
MISMATCH_S = 10  # a switch may need so long to follow its output
SWITCH_EVENTS = 60  # an hour, of all contacts: a chattering one must not drive the trips out of the ring


class Controller(Running):
    """Owns the control state.

    `sample()` gives (groups, price_e4) of core.Sample, `events.tell(name, fields)` records an event. Call
    `configure` before the first step. `doubt` 1: parameters of the guarantee were lost, so it counts as on
    until it is commanded.
    """

    def __init__(self, board, kv, sample, events, doubt=0):
        super().__init__(board.clock, kv, events.tell)
        self._board = board
        self._read = sample
        self._events = events
        self._offset_s = board.identity["utc_offset_s"]
        rounds = board.facts["rounds"]
        with Overlay():
            kept = {key: kv.get(key) for key in core.KEYS.split()}
            self._state = self._kept = core.load(kept, rounds)  # `_kept`: as in flash
            if doubt or kv.damaged or board.flash.lost:
                # Commits behind the damage may be lost, and with them a guarantee.
                control = kept["control"]
                kept["control"] = dict(control, guarantee=None) if isinstance(control, dict) else {}
                self._state = core.load(kept, rounds)
        self._kept_run_s = self._run.now_s()
        self._heard = 0
        self._switches = Switches(board.relays, rounds, events)
        # before the first decision: nothing is known, so nothing may be tested or believed
        nothing = core.GroupOut(1, None, None, 0, None, None, 0, 0, 0)
        self.outputs = core.Outputs(0, 0, 0, 0, (), GUARANTEE_UNREADABLE, None, 0, (nothing,))
        self.store_errors = 0
        self.test: Any = None  # firmware.front.service.RelayTest, while somebody uses the service console

    def configure(self, control, guarantee):
        """The parameters of the sections control and guarantee, at the start and after each change."""
        control = dict(control, direct_close=int(bool(self._board.facts.get("direct_close"))))
        self._state = core.configure(self._state, control, guarantee)
        self._kept = core.configure(self._kept, control, guarantee)

    def heard(self):
        """A valid message of the station came."""
        self._heard = 1

    def sample(self):
        try:
            groups, price_e4 = self._read()
        except Exception as error:  # remote trips, guarantee and timers need no reading
            groups, price_e4 = (), None
            self._failed.append(("sample", error))
        now_s = self._clock.now_s()
        local_s = now_s + self._offset_s if self._clock.ok else None
        return core.Sample(now_s, local_s, self._run.now_s(), groups, price_e4, self._heard)

    def step(self, told=()):
        """One decision: call at every power reading and at least once a second.

        `told`: events of a command that led here, recorded before those of the decision.
        """
        sample = self.sample()
        self._state, self.outputs, events = core.step(self._state, sample)
        self._heard = 0
        self._act(self.outputs)
        # Told before kept: after a cut in between an event may come twice, but none is missing.
        for name, fields in told:
            self._events.tell(name, fields)
        for name, fields in events:
            self._events.tell(name, fields)
        if self.test:
            self.test.report()
        self._keep()
        self.safely("switches", self._switches.look, self.outputs, sample.run_s)
        self.report()

    def _act(self, outputs):
        """Move what there is to move: nothing that fails here keeps the next from its turn."""
        board, held = self._board, 0
        if self.test:
            try:
                held = self.test.mask(outputs)
            except Exception as error:
                self._failed.append(("test", error))
        self.safely("relays", board.relays.drive, outputs.tripped | held)
        if outputs.close:
            self.safely("relays", board.relays.close, outputs.close)
        self.safely("lamps", board.lamps.show, outputs.alarm, outputs.permitted)

    def apply(self, kind, params, command_id, scope=0):
        """For the gate: decide on a command without changing anything yet.

        Returns (reason, {key: value} to be journalled with the gate's own, commit function).
        """
        with Overlay():
            state, reason, events = core.apply(self._state, kind, params, self.sample(), command_id, scope)

        def commit():
            self._state = self._kept = state
            self._kept_run_s = self._run.now_s()
            self.step(events)

        return reason, self._entries(state), commit

    def rebase(self):
        """The groups may be made of other totals than before: the next reading is where they begin.

        Nobody pays for the difference; what was used since the last reading is not counted.
        """
        self._state = self._rebased()

    def _rebased(self):
        groups = [group and evolve(group, count=energy.NOTHING) for group in self._state.groups]
        return evolve(self._state, groups=tuple(groups))

    def rebased(self, entries, change):
        """(entries, commit function) of a change of the groups' totals, with `rebase` in the same put."""
        state = self._rebased()
        entries.update(self._entries(state))

        def commit():
            self._state = self._kept = state
            change()

        return entries, commit

    def _entries(self, state):
        entries = core.dump(state)
        entries["run"] = self._run.saved()
        return entries

    def _keep(self):
        need = core.durable(self._kept, self._state)
        wait_s = {"now": 0, "minute": COMMIT_S}.get(need, RUN_COMMIT_S)
        if self._run.now_s() - self._kept_run_s >= wait_s:
            self._commit({})

    def begin(self, entries):
        """The first commit of a boot: `entries` ({key: value}) and the state: a doubt is not lost."""
        self._commit(entries)

    def _commit(self, entries):
        self._kept_run_s = self._run.now_s()
        try:
            entries.update(self._entries(self._state))
            self._kv.put(entries)
            self._kept = self._state
        except Exception as error:
            # The decision stands and the relay is driven; the next step (minute, hour) tries again.
            self.store_errors += 1
            if not isinstance(error, StoreError):
                self._failed.append(("journal", error))

    def clock_set(self, step_ms):
        """The clock was stepped: the journal must not pair run_s with the old time."""
        self._events.tell("clock_set", {"step_ms": step_ms})
        self._commit({})


class Switches:
    """Watches the auxiliary contacts: every change is told, and a switch that does not follow its output.

    A round that is tripped must be open; one that was closed by us must close. One that is let go may stay
    open: the customer closes it when he likes.
    """

    def __init__(self, relays, rounds, events):
        self._relays = relays
        self._events = events
        self._open = self._opening = None
        self._closed = 0  # rounds we closed that have not been seen closed
        self._since = [None] * rounds  # for each round the run_s instant since which it does not follow
        self._off = 0  # rounds told as not following
        self._hour_s = self._told = 0

    def look(self, outputs, run_s):
        contacts = self._relays.open()
        if contacts is None:
            return
        self._follow(outputs, contacts, run_s)
        stable, self._opening = contacts == self._opening, contacts
        if not stable or contacts == self._open:  # one look may be a bounce
            return
        before, self._open = self._open, contacts
        if before is None:
            return
        for name, mask in (("switch_opened", contacts & ~before), ("switch_closed", before & ~contacts)):
            if mask:
                self._tell(name, {"rounds": mask}, run_s)

    def _follow(self, outputs, contacts, run_s):
        self._closed = (self._closed | outputs.close) & contacts & ~outputs.tripped
        wrong = (outputs.tripped & ~contacts) | self._closed
        late = ended = 0
        longest_s = 0
        for index, since_s in enumerate(self._since):
            bit = 1 << index
            if not wrong & bit:
                self._since[index] = None
                if self._off & bit:
                    ended |= bit
                    longest_s = max(longest_s, run_s - since_s)
            elif since_s is None:
                self._since[index] = run_s
            elif run_s - since_s >= MISMATCH_S and not self._off & bit:
                late |= bit
        self._off = (self._off | late) & ~ended
        if late:
            self._tell("output_mismatch", {"rounds": late, "inputs": contacts}, run_s)
        if ended:
            data = {"rounds": ended, "inputs": contacts, "ended": 1, "lasted_s": longest_s}
            self._tell("output_mismatch", data, run_s)

    def _tell(self, name, fields, run_s):
        if run_s - self._hour_s >= 3600:
            self._hour_s, self._told = run_s, 0
        self._told += 1
        if self._told <= SWITCH_EVENTS:
            self._events.tell(name, fields)
