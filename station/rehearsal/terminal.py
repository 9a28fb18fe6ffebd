"""The terminal of a rehearsal: the real decision core, and what its shell does with clock and journal.

Runs on MicroPython and CPython alike. The rules of run_s and of the journal are those of
firmware/controller.py, which needs a board; tests/unit/rehearsal compares the two.
"""

from binascii import unhexlify

from firmware.control import core
from protocols import cbor
from protocols.uplink import messages, parameters

COMMIT_S = 60
RUN_COMMIT_S = 3600
OFF_MAX_S = 12 * 3600


class Terminal:
    """All `t_s` are the true UTC second; `groups`, `heard` as in core.Sample. Step it once a second."""

    def __init__(self, plain, restart_each_step):
        self._rounds = len(plain["rounds"])
        self._offset_s = plain["offset_s"]
        self._direct_close = plain["direct_close"]
        self._restart_each_step = restart_each_step
        self._wrong_s = 0  # its clock less the true time
        self._trusted = True
        self._sections = {}
        self._run_s = self._boot_run_s = self._saved_run_s = 0
        self._saved_t_s = 0
        self._t_s = plain["start_s"]
        self._owed = False  # time without power that is still to be added to run_s
        self._price_e4 = None
        self._kept = {}
        self._state = self._kept_state = core.fresh(self._rounds)
        for name in ("control", "guarantee", "tariff"):
            self._set(name, {})
        self.configure(plain["parameters"])
        self._commit()

    # ---- clock -------------------------------------------------------------------------------------

    def jump(self, by_s, power):
        """Its clock is set; a running terminal pairs run_s with the new time at once."""
        self._wrong_s += by_s
        if power:
            self._commit()

    def trust(self, on):
        self._trusted = bool(on)

    def at(self, t_s):
        """The true time is `t_s`; a terminal without power is not told."""
        self._run_s += t_s - self._t_s
        self._t_s = t_s
        if self._owed and self._trusted:
            self._owed = False
            off_s = self._clock_s() - self._saved_t_s - (self._run_s - self._boot_run_s)
            self._run_s += min(OFF_MAX_S, max(0, off_s))

    def _clock_s(self):
        return self._t_s + self._wrong_s

    def _stamp(self):
        """For the journal: run_s and the UTC second it belongs to, 0 while that is not known."""
        if self._trusted and not self._owed:
            return [self._run_s, self._clock_s()]
        return [self._run_s, self._saved_t_s + self._run_s - self._boot_run_s if self._owed else 0]

    # ---- power and journal -------------------------------------------------------------------------

    def power_on(self, t_s, loses):
        """Start from what the journal holds; `loses`: nothing, guarantee or all, as a damaged one reads."""
        entries = cbor.decode(cbor.encode(self._kept))
        run_s, self._saved_t_s = entries.pop("run")
        self._state = core.load(_damaged(entries, loses), self._rounds)
        self._configured()
        self._run_s = self._boot_run_s = run_s
        self._owed = self._saved_t_s > 0
        self._t_s = t_s
        self._commit()

    def _commit(self):
        self.at(self._t_s)  # a clock trusted in this second pays what is owed first
        self._kept.update(core.dump(self._state))
        self._kept["run"] = self._stamp()
        self._kept_state = self._state
        self._saved_run_s = self._run_s

    def _keep(self):
        need = core.durable(self._kept_state, self._state)
        wait_s = {"now": 0, "minute": COMMIT_S}.get(need, RUN_COMMIT_S)
        if self._run_s - self._saved_run_s >= wait_s:
            self._commit()

    # ---- decisions ---------------------------------------------------------------------------------

    def configure(self, sections):
        """{section: values of the plain form}."""
        for name in sections:
            self._set(name, sections[name])
        self._configured()

    def _set(self, name, values):
        number = next(no for no, word in parameters.SECTIONS.items() if word == name)
        values = _with_bytes(parameters.rows(number), values)
        self._sections[name] = parameters.read(number, parameters.write(number, values))

    def _configured(self):
        control = dict(self._sections["control"], direct_close=self._direct_close)
        self._state = core.configure(self._state, control, self._sections["guarantee"])

    def apply(self, kind, params, groups, command_id, scope):
        """(reason, events). A command that was taken is in the journal before anything acts on it."""
        params = _with_bytes(messages.rows(messages.COMMANDS[kind]), params)
        sample = self._sample(groups, 1)
        self._state, reason, events = core.apply(self._state, kind, params, sample, command_id, scope)
        if not reason:
            self._commit()
        return reason, events

    def step(self, groups, heard):
        """(core.Outputs, events) of one decision."""
        if self._restart_each_step:
            entries = cbor.decode(cbor.encode(core.dump(self._state)))
            self._state = core.load(entries, self._rounds)
            self._configured()
        self._state, outputs, events = core.step(self._state, self._sample(groups, heard))
        self._keep()
        return outputs, events

    def _sample(self, groups, heard):
        t_s = self._clock_s()
        local_s = t_s + self._offset_s if self._trusted else None
        return core.Sample(t_s, local_s, self._run_s, groups, self._price(local_s), heard)

    def _price(self, local_s):
        """Price now, 10^-4 yuan per kWh; with an untrusted clock the last one that was known."""
        prices = self._sections["tariff"]["prices_yuan_e4"]
        if not prices:
            return None
        if local_s is not None or self._price_e4 is None:
            slot = (local_s or 0) // 1800 % 48
            rate = self._sections["tariff"]["codes"][slot >> 1] >> (slot & 1) * 4 & 15
            self._price_e4 = prices[min(max(rate, 1), len(prices)) - 1]
        return self._price_e4


def _with_bytes(rows, values):
    """Values of the plain form; where the schema has bytes they stand there as hex."""
    out = dict(values)
    for row in rows:
        if row[2] == "b" and row[1] in out:
            out[row[1]] = unhexlify(out[row[1]])
    return out


def _damaged(entries, loses):
    if loses == "all":
        entries["control"] = {}
    if loses == "guarantee":
        entries["control"] = dict(entries["control"], guarantee=None)
    return entries
