"""The configuration: sections of protocols.uplink.parameters, each with a current and a last good copy.

Kv keys: `set5` the current copy of section 5, `old5` its last good one, each [version, {key: value}];
`trial` = [[section, starts], ...] of current copies that have not proved good yet. What is read from flash is
checked like what comes from outside; what cannot be used is passed over, never erased, so that neither a
passing read error nor a firmware on trial loses it: current -> last good -> defaults.

A new section is on trial until the terminal has run TRIAL_S with it; then it becomes the last good one. If
MAX_STARTS starts happen before, each within TRIAL_S, it is taken for the cause and passed over until the next
change. Seconds are counted by calls of `tick`: no clock is looked at. A power cut leaves all of a change or
nothing, for the gate journals it in one commit with the command.
"""

from firmware.store.kv import StoreError
from protocols import cbor
from protocols.uplink import parameters
from protocols.uplink.codes import REASON_NO

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

CURRENT, GOOD, TRIAL = "set%d", "old%d", "trial"
TRIAL_S, MAX_STARTS = 600, 3
RETRY_S = 60  # until a proof that the flash refused is written again
MAX_VERSION = 1 << 48  # one beyond it could never be followed by another
MAX_BYTES = 1024  # of a section as it is kept: 16 points with the longest addresses


class Parameters:
    """`lost`: {section: version taken in its place, 0 = defaults} of what fell back since the start.

    `table`: the sections of this product. `error` says in words why the last change was refused, or what
    failed. The wiring may set `changed(section, version)`, called after each change and before the listeners,
    and `fault(task, error)`, told of a listener that could not follow.
    """

    def __init__(self, kv, table=parameters.TEXTS):
        self._kv = kv
        self.table = table
        self._guards = {}
        self._listeners = []
        self._versions = {}  # of sections that do not stand at their defaults
        self._good = []  # sections that stand at their last good copy
        self._trial_s = 0
        self.lost = {}
        self.changed: Any = None
        self.fault: Any = None
        self.error = ""
        self._trial = []  # [section, starts], MAX_STARTS: it has failed
        self._trial = self._start_trials(kv.get(TRIAL))
        for section in table:
            self._settle(section)

    # ---- what stands

    def get(self, section) -> dict:
        """{field: value} in force, checked, with defaults put in. Parsed at each call: listeners keep it."""
        values = {}
        if section in self._versions:
            values = self._kv.get((GOOD if section in self._good else CURRENT) % section)[1]
        return parameters.read(section, values, self.table)

    def versions(self) -> dict:
        """{section: version} of sections that do not stand at their defaults; others are version 0."""
        return self._versions

    def guard(self, section, check):
        """`check(values)` -> "" or what is wrong with them, for the room that uses the section.

        Asked at each change, and at once about what stands: a refused section falls back.
        """
        self._guards[section] = check
        self._settle(section)

    def listen(self, section, function):
        """`function(values)` is called with {field: value} after each change of the section."""
        self._listeners.append((section, function))

    def _settle(self, section):
        """Choose the copy that stands."""
        self._versions.pop(section, None)
        if section in self._good:
            self._good.remove(section)
        current, good = self._usable(CURRENT, section), self._usable(GOOD, section)
        if current:
            self._versions[section] = current[0]
        elif good and good[0]:
            self._versions[section] = good[0]
            self._good.append(section)
        if not current and (self._held(CURRENT, section) or self._held(GOOD, section)):
            self.lost[section] = self._versions.get(section, 0)

    def _held(self, key, section):
        """Whether the flash has, or had, such a copy."""
        key = key % section
        return self._kv.get(key) is not None or any(row.startswith(key + ":") for row in self._kv.damaged)

    def _usable(self, key, section):
        """[version, values] from flash, or None."""
        if key == CURRENT and [section, MAX_STARTS] in self._trial:
            return None
        kept = self._kv.get(key % section)
        if not isinstance(kept, list) or len(kept) != 2 or type(kept[0]) is not int or kept[0] < 0:
            return None
        return None if self._wrong(section, kept[1]) else kept

    def _wrong(self, section, values):
        """What is wrong with them, "" nothing."""
        from firmware import sections

        try:
            values = parameters.read(section, values, self.table)
            wrong = sections.wrong(section, values)
            if not wrong and section in self._guards:
                wrong = self._guards[section](values)
        except parameters.ParameterError as error:
            wrong = error.args[0]
        except Exception as error:  # outside data met a check that did not expect it
            wrong = repr(error)
        return wrong

    # ---- a change

    def apply(self, params):
        """For the gate, pure: (reason, {kv key: value}, commit function) of a command `parameters`."""
        section, version, values = params["section"], params["version"], params["values"]
        reason, self.error = self._judge(section, version, values)
        if reason:
            return REASON_NO[reason], {}, None
        trial = [row for row in self._trial if row[0] != section] + [[section, 0]]
        entries = {CURRENT % section: [version, values], TRIAL: trial}
        if not self._usable(GOOD, section):
            entries[GOOD % section] = [0, {}]  # the defaults are what was good

        def commit():
            self._trial, self._trial_s = trial, 0
            self.lost.pop(section, None)
            self._versions[section] = (
                version  # it was judged: with too little heap a second look could differ
            )
            if section in self._good:
                self._good.remove(section)
            self._tell(section, version)

        return 0, entries, commit

    def _judge(self, section, version, values):
        if section not in self.table or version > MAX_VERSION:
            return "bad_params", "no such section, or version beyond %d" % MAX_VERSION
        if version <= self._versions.get(section, 0):
            return "stale_version", "version %d stands" % self._versions.get(section, 0)
        wrong = self._wrong(section, values) or self._mismatch(section, values)
        if not wrong and len(cbor.encode(values)) > MAX_BYTES:
            wrong = "section is too large"
        return "bad_params" if wrong else "", wrong

    def _mismatch(self, section, values):
        """Not asked at a start: a group that lost a point has no reading and trips nothing, but other groups
        in its place would.
        """
        if section not in (parameters.GROUPS, parameters.POINTS):
            return ""
        from firmware import sections

        both = {each: self.get(each) for each in (parameters.GROUPS, parameters.POINTS)}
        both[section] = parameters.read(section, values)
        return sections.mismatch(both[parameters.GROUPS], both[parameters.POINTS])

    def _tell(self, section, version):
        if self.changed:
            self.changed(section, version)
        values = self.get(section)
        for wanted, function in self._listeners:
            if wanted == section:
                try:
                    function(values)
                except Exception as error:  # the section stands all the same, and others must hear of it
                    self.error = repr(error)
                    if self.fault:
                        self.fault("parameters", self.error)

    # ---- trial

    def _start_trials(self, saved):
        """Count this start of what is on trial. What the flash refuses to count is counted once less."""
        if not isinstance(saved, list) or not all(self._is_trial(row) for row in saved):
            return []
        trial = [[section, min(MAX_STARTS, starts + 1)] for section, starts in saved]
        if trial:
            self._put({TRIAL: trial})
        return trial

    def tick(self):
        """Call each second: proves what is on trial when its time has come."""
        if self._trial_s >= TRIAL_S:
            return
        self._trial_s += 1
        if self._trial_s < TRIAL_S:
            return
        failed = [row for row in self._trial if row[1] == MAX_STARTS]
        entries = {TRIAL: failed}
        for section, _starts in self._trial:
            current = self._usable(CURRENT, section)
            if current:
                entries[GOOD % section] = current
        if self._trial and not self._put(entries):
            self._trial_s -= RETRY_S
        else:
            self._trial = failed

    def _put(self, entries):
        try:
            self._kv.put(entries)
        except StoreError as error:
            self.error = repr(error)
            return False
        return True

    def _is_trial(self, row):
        if not isinstance(row, list) or [type(each) for each in row] != [int, int]:
            return False
        return row[0] in self.table and row[1] >= 0
