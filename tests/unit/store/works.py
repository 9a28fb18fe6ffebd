"""What a terminal keeps, as work for sweep.py: purchases, parameters, freezes, each on its real path."""

from firmware.control import core
from firmware.link.gate import Gate
from firmware.link.outbox import Outbox
from firmware.parameters import TRIAL_S, Parameters
from firmware.store import blobs
from firmware.store.kv import Kv
from firmware.store.record import StoreError
from firmware.store.ring import Ring
from protocols import cbor
from protocols.uplink import codes, envelope, messages, parameters, topics

KEYS = {"operator": bytes(range(32)), "approver": None}
DEVICE, NOW_S = "T1", 1_800_000_000
ORDER_WH = 1000
EXECUTED = codes.EXECUTED
KEPT = 64  # records; older ones are forgotten, as when the station has stored them


class Clock:
    ok = True

    def now_s(self):
        return NOW_S

    def ticks_ms(self):
        return 0

    def ticks_diff(self, a, b):
        return a - b


def opened(store):
    store.open()
    return store


def records(ring):
    """All records held, unpacked; ValueError when a number is missing."""
    out, at = [], ring.first_seq
    while at < ring.next_seq:
        for seq, data in ring.read(at, 2000) or [(0, b"")]:
            if seq != at:
                raise ValueError(f"read {seq} in place of {at}")
            out.append(messages.unpack_record(cbor.decode(data)))
            at += 1
    return out


class Work:
    """`acked`: steps acknowledged; the step after it may stand too when the power was cut in it.

    All of it lies in `root`, in folders that begin with `name`.
    """

    def __init__(self, root):
        self.root = root + "/" + self.name  # pyright: ignore[reportAttributeAccessIssue]
        self.acked = 0

    def close(self):
        self.store.close()
        if hasattr(self, "ring"):
            self.ring.close()  # pyright: ignore[reportAttributeAccessIssue]

    def facts(self):
        return self.store._base

    def open(self):
        self.store = opened(Kv(self.root + "-kv"))

    def check(self, cut):
        if self.store.damaged:
            return "damaged " + repr(self.store.damaged)
        try:
            found, complaint = self.found()  # pyright: ignore[reportAttributeAccessIssue]
        except ValueError as e:
            return repr(e)
        if not complaint and found != self.acked and not (cut and found == self.acked + 1):
            complaint = "doubled: " if found > self.acked else ""
            complaint += f"found {found}, acked {self.acked}"
        if not complaint:
            self.acked = found
        return complaint


class Purchase(Work):
    """Orders of energy through gate, core, journal and event stream; after a cut the last comes once more."""

    name = "purchase"

    def open(self):
        Work.open(self)
        self.ring = opened(Ring(self.root + "-ev", 16 * 4096))
        self.outbox = Outbox({topics.EV: self.ring}, b"12345678")
        self.state = core.load({key: self.store.get(key) for key in core.KEYS.split()}, 3)
        self.gate = Gate(self.store, DEVICE, KEYS, self.apply, Clock(), self.outbox.add, self.measured)
        if self.acked:  # the station asks again for what it has no answer to: never a second effect
            self.order(self.acked)

    def measured(self):
        return 0, 0, self.balance()

    def balance(self):
        return self.state.groups[0].account.left or 0

    def apply(self, kind, params, command, scope):
        sample = core.Sample(NOW_S, NOW_S, NOW_S, ((0, 0),), None, 1)
        state, reason, _events = core.apply(self.state, kind, params, sample, command, scope)

        def commit():
            self.state = state

        return reason, core.dump(state), commit

    def order(self, number):
        params = {"order": number, "flag": codes.APPEND, "value_wh": ORDER_WH}
        params.update({"alarm_wh": 100, "trip_wh": 0, "rounds": 1})
        fields = {"device": DEVICE, "command": number, "not_before_s": NOW_S - 5, "deadline_s": NOW_S + 600}
        fields.update({"kind": messages.PURCHASE, "params": messages.pack(messages.PURCHASE_PARAMS, params)})
        body = messages.pack(messages.COMMAND, fields)
        self.gate.receive(envelope.seal(KEYS["operator"], topics.CMD, DEVICE, body))

    def step(self, _n):
        number = self.acked + 1
        before = self.balance()
        self.order(number)
        if self.balance() != before + ORDER_WH:
            raise StoreError("refused")
        self.ring.forget(self.ring.next_seq - KEPT)
        self.acked = number
        if self.gate._tell or self.gate._open:
            raise StoreError("not told")

    def found(self):
        balance = self.balance()
        if balance % ORDER_WH:
            return 0, f"balance is {balance}"
        self.gate.settle()
        told = {r[3]["command"] for r in records(self.ring) if r[3]["outcome"] == EXECUTED}
        missing = [
            number for number in range(max(1, self.acked - KEPT // 4), self.acked + 1) if number not in told
        ]
        return balance // ORDER_WH, f"no answer to {missing}" if missing else ""


class Settings(Work):
    """Parameters of a section, each change one version up: values and version change together."""

    name = "parameters"

    def open(self):
        Work.open(self)
        self.parameters = Parameters(self.store)
        self.prove()

    def prove(self):
        """Let the time of its trial pass: what was changed becomes the last good copy, by one more write."""
        self.parameters._trial_s = TRIAL_S - 1
        self.parameters.tick()

    def step(self, _n):
        version = self.acked + 1
        values = parameters.write(parameters.METERING, {"demand_window_min": version % 60 + 1})
        change = {"section": parameters.METERING, "version": version, "values": values}
        reason, entries, commit = self.parameters.apply(change)
        if reason:
            raise ValueError(f"refused {reason} {self.parameters.error}")
        self.store.put(entries)
        commit()  # pyright: ignore[reportOptionalCall]
        self.acked = version
        self.prove()

    def found(self):
        version = self.parameters.versions().get(parameters.METERING, 0)
        window = self.parameters.get(parameters.METERING)["demand_window_min"]
        fits = window == (version % 60 + 1 if version else 15)
        return version, "" if fits and not self.parameters.lost else f"{version} with {window}"


class Freeze(Work):
    """A record into its stream, then its label into the journal: no label stands without its record."""

    name = "freeze"

    def open(self):
        Work.open(self)
        self.ring = opened(Ring(self.root + "-da", 16 * 4096))
        self.outbox = Outbox({topics.DA: self.ring}, b"12345678")

    def step(self, _n):
        day = self.acked + 1
        body = {"day_s": day * 86400, "metering_point": 1, "quality": 0, "values": {256: day, 320: day}}
        if not self.outbox.add(topics.DA, messages.DAILY, NOW_S, 1, body):
            raise StoreError("refused")
        self.ring.forget(self.ring.next_seq - KEPT)
        self.store.put({"day": day})
        self.acked = day

    def found(self):
        days = [r[3]["day_s"] // 86400 for r in records(self.ring)]
        label = self.store.get("day") or 0
        # between record and label a cut lets the day be made again: then it stands twice, under two numbers
        steps = [day - days[at] for at, day in enumerate(days[1:])]
        if any(step not in (0, 1) for step in steps) or (label and not days):
            return 0, f"days {days[-5:]}"
        last = days[-1] if days else 0
        return label, "" if label in (last, last - 1) else f"label {label}, last day {last}"


class Profiles(Work):
    """Meter profiles: pieces, a whole file, the commit that names it, the file before last goes."""

    name = "profiles"

    def data(self, number):
        return bytes([number & 255]) * (700 + number * 97 % 900)

    def step(self, _n):
        path, number = self.root + "-files", self.acked + 1
        data = self.data(number)
        for at in range(0, len(data), 512):
            if blobs.append(path, 1, at, data[at : at + 512]) != min(len(data), at + 512):
                raise ValueError("a piece is missing")
        whole = blobs.load(blobs.part(path, 1), 2000)
        blobs.save(path, number, whole)
        self.store.put({"profiles": number})
        self.acked = number
        blobs.discard(path, 1)
        blobs.tidy(path, (number, number - 1))

    def found(self):
        number = self.store.get("profiles") or 0
        for each in range(max(1, number - 1), number + 1):  # what runs, and what it may go back to
            if blobs.load(blobs.whole(self.root + "-files", each), 2000) != self.data(each):
                return number, f"file {each} is another"
        return number, ""


WORKS = {"purchase": Purchase, "parameters": Settings, "freeze": Freeze, "profiles": Profiles}
