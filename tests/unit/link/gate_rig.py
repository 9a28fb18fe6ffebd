"""A gate on a real journal with a small control state, whose power can be cut at every step."""

from firmware.link.gate import Gate
from firmware.store.kv import Kv, StoreError
from protocols.uplink import envelope, messages, topics

KEYS = {"operator": bytes(range(32)), "approver": bytes(range(32, 64))}
DEVICE = "T1"
NOW_S = 1_800_000_000


class Cut(BaseException):
    """The power fails here."""


class Clock:
    def __init__(self):
        self.ok = True
        self.t_s = NOW_S
        self.ticks = (1 << 30) - 3000

    def now_s(self):
        return self.t_s

    def ticks_ms(self):
        return self.ticks % (1 << 30)

    def ticks_diff(self, a, b):
        return (a - b + (1 << 29)) % (1 << 30) - (1 << 29)

    def wait(self, s):
        self.t_s += s
        self.ticks += s * 1000


class Rig:
    """Everything that survives a power cut stays in `path` and `recorded`; `boot()` makes the rest anew.

    `cut_at`: the power fails at that step (put, record, commit), before it, or after it when `after`.
    """

    def __init__(self, path):
        self.path = path
        self.clock = Clock()
        self.recorded = []  # bodies of RESULT records
        self.cut_at, self.after, self.steps = None, False, 0
        self.flash_dead = self.outbox_full = False
        self.relays = 0  # tripped outputs as they read back
        self.contacts: int | None = None  # None: they follow the outputs
        self.readable = True
        self.answer = 0  # reason the core gives
        self.scopes = []  # of the commands that reached the core
        self.kv = None
        self.boot()

    def boot(self):
        if self.kv is not None:
            self.kv.close()
        self.kv = Kv(str(self.path))
        self.kv.open()
        self.balance, self.due = self.kv.get("control") or [0, 0]
        self.gate = Gate(self, DEVICE, KEYS, self.apply, self.clock, self.add, self.measured)

    # ---- what the gate is given; `self` is its kv

    def get(self, key):
        return self.kv.get(key)

    def put(self, values):
        def do():
            if self.flash_dead:
                raise StoreError("flash refused")
            self.kv.put(values)

        self._step(do)

    def add(self, stream, kind, _t_s, _t_ok, body):
        assert (stream, kind) == (topics.EV, messages.RESULT)
        messages.pack(messages.RESULT_BODY, body)
        if self.outbox_full:
            return 0
        self._step(lambda: self.recorded.append(body))
        return len(self.recorded)

    def apply(self, kind, params, _command, scope):
        self.scopes.append(scope)
        if self.answer:
            return self.answer, {}, None
        after = [self.balance + params.get("value_wh", 0), self.due]
        if kind == messages.TRIP:
            after[1] = params["rounds"]

        def commit():
            def do():
                self.balance, self.due = after

            self._step(do)

        return 0, {"control": after}, commit

    def measured(self):
        contacts = self.relays if self.contacts is None else self.contacts
        return self.relays, contacts if self.readable else None, self.balance

    def _step(self, do):
        self.steps += 1
        if self.cut_at == self.steps and not self.after:
            raise Cut
        do()
        if self.cut_at == self.steps and self.after:
            raise Cut

    # ---- the world outside

    def seal(self, number, kind=messages.AUTO_RELEASE, params=None, keys=KEYS, second=False, **changes):
        fields = {"device": DEVICE, "command": number, "not_before_s": NOW_S - 5, "deadline_s": NOW_S + 600}
        fields |= {"kind": kind, "params": params or {}}
        body = messages.pack(messages.COMMAND, fields | changes)
        return envelope.seal(keys["operator"], topics.CMD, DEVICE, body, keys["approver"] if second else None)

    def purchase(self, number, value_wh=1000):
        params = {1: number, 2: 0x55, 3: value_wh, 4: 100, 5: 0, 6: 1}
        return self.seal(number, messages.PURCHASE, params)

    def trip(self, number, rounds=1, delay_s=0):
        return self.seal(number, messages.TRIP, {1: rounds, 2: delay_s, 3: 0})

    def second(self):
        """One second: the terminal calls settle."""
        self.clock.wait(1)
        self.gate.settle()

    def results(self, number):
        return [(r["outcome"], r["reason"]) for r in self.recorded if r["command"] == number]
