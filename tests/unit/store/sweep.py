"""Power cut at every single write of a piece of work on the store. Runs on MicroPython; last line is JSON.

    micropython sweep.py kv|ring|purchase|parameters|freeze PREFILL STEPS [refuse]

PREFILL steps are done undisturbed; then for each write of the next STEPS, torn three ways, a copy of that
flash does them until the cut, is mounted again and compared with the model; then it goes on, is cut once more
and compared again. With `refuse` the write fails once with EIO and power stays; done both ways: nothing was
written, and the work goes on; all was written in truth, and a restart follows.
"""

import json
import sys

import torn

from firmware.store.kv import Kv
from firmware.store.record import StoreError
from firmware.store.ring import Ring

BLOCKS = 48
KINDS = ("lost", "doubled", "unbootable")
PATH = torn.MOUNT + "/s"


class KvWork:
    """Each step commits two keys at once, of changing sizes; every 5th deletes one."""

    def __init__(self, _root):
        self.acked = {}
        self.pending = {}

    def step(self, n):
        size = (40, 300, 20, 700)[n % 4]
        self.pending = dict(self.acked)
        if n % 5 == 4:
            self.pending.pop("k3", None)
            self.store.delete("k3")
        else:
            new = {"n": n, f"k{n % 4}": bytes((n & 255,)) * size}
            self.pending.update(new)
            self.store.put(new)
        self.acked = self.pending

    def open(self):
        self.store = Kv(PATH)
        self.store.open()

    def facts(self):
        """What tells that a snapshot was made."""
        return self.store._base

    def state(self):
        keys = ("n", "k0", "k1", "k2", "k3")
        return {key: self.store.get(key) for key in keys if self.store.get(key) is not None}

    def check(self, cut):
        if self.store.damaged:
            return "damaged " + repr(self.store.damaged)
        state = self.state()
        if state != self.acked and not (cut and state == self.pending):
            return f"n is {state.get('n')}, acked {self.acked.get('n')}"
        self.acked = state
        return ""


def data_of(seq):
    return bytes((seq & 255, seq >> 8 & 255)) * (30 + seq * 37 % 200)


class RingWork:
    """Appends with overflow (three segments); at times it forgets half or all."""

    def __init__(self, _root):
        self.next = self.first = 1  # acknowledged
        self.may_go = 1  # everything from here on must be held
        self.dropped = 0  # overflows seen

    def open(self):
        self.store = Ring(PATH, 3 * 4096)
        self.store.open()

    def facts(self):
        """What tells that records overflowed."""
        return self.dropped

    def step(self, n):
        ring = self.store
        if n % 40 == 39 or n % 97 == 30:
            upto = self.next - 1 if n % 97 == 30 else (self.first + self.next) // 2
            self.may_go = max(self.may_go, upto + 1)
            ring.forget(upto)
            self.first = ring.first_seq
            return
        self.may_go = max(self.may_go, self.first, ring._firsts[1] if len(ring._firsts) > 2 else 1)
        seq = ring.append(data_of(self.next))
        if seq != self.next:
            raise ValueError(f"appended {seq}, not {self.next}")
        self.next = seq + 1
        lost = ring.take_lost()
        if lost and (lost[0] != self.first or lost[1] != ring.first_seq - 1):
            raise ValueError(f"lost {lost}, was {self.first}, is {ring.first_seq}")
        if not lost and ring.first_seq != self.first:
            raise ValueError("lost and not told")
        self.first = ring.first_seq
        self.dropped += 1 if lost else 0

    def check(self, cut):
        ring = self.store
        if ring.next_seq != self.next and not (cut and ring.next_seq == self.next + 1):
            return f"next is {ring.next_seq}, acked {self.next}"
        if ring.first_seq > self.may_go:
            return f"holds from {ring.first_seq}, should from {self.may_go}"
        at = ring.first_seq
        while at < ring.next_seq:
            for seq, data in ring.read(at, 1000) or [(0, b"")]:
                if seq != at or data != data_of(seq):
                    return f"read {seq} in place of {at}"
                at += 1
        if ring.take_lost():
            return "damaged"
        self.next, self.first = ring.next_seq, ring.first_seq
        return ""


WORKS = {"kv": KvWork, "ring": RingWork}
STATE = ("acked", "pending", "next", "first", "may_go", "dropped")  # what a model remembers across power cuts


def kinds(kind):
    if kind not in WORKS:
        import works

        WORKS.update(works.WORKS)
    return WORKS[kind]


def run(work, first, steps):
    """Return the number of steps done before the flash failed."""
    for n in range(first, first + steps):
        try:
            work.step(n)
        except (StoreError, OSError):
            return n - first
    return steps


def session(kind, image, model, first, steps, **fault):
    """Power up, check, work until done or cut; return (complaint, steps done, device)."""
    work = kinds(kind)(torn.MOUNT)
    for name in STATE:
        if name in model:
            setattr(work, name, model[name])
    cut_before = model.get("cut", False)
    with torn.Power(image) as device:
        try:
            work.open()
            complaint = work.check(cut_before)
        except (OSError, StoreError) as e:
            complaint = "unbootable " + repr(e)
        for name, value in fault.items():
            setattr(device, name, value)
        device.writes = device.erases = 0
        done = 0 if complaint else run(work, first, steps)
        if not complaint and done < steps and not device.dead:  # refused: does it know its state?
            complaint = work.check(False)
            if not complaint and device.mode == torn.NOTHING:
                done += run(work, first + done, steps - done)
        model["facts"] = work.facts()
        (getattr(work, "close", None) or work.store.close)()
    for name in STATE:
        if hasattr(work, name):
            model[name] = getattr(work, name)
    # of a record the flash refused but kept, the ring makes no promise: its number was not given out
    model["cut"] = device.dead or (kind == "ring" and done < steps)
    return complaint, done, device


def faults(at, refuse):
    """The ways the write number `at` goes wrong."""
    if refuse:
        return [{"refuse_at": at, "mode": mode} for mode in (torn.NOTHING, torn.ALL)]
    return [{"cut_at": at, "mode": mode} for mode in (torn.NOTHING, torn.HALF, torn.ALL)]


def suffer(kind, image, model, first, steps, fault):
    """One fault, then (after a cut) a second one while it recovers, then none; return the complaint or ""."""
    complaint, done, _device = session(kind, image, model, first, steps, **fault)
    again = {"cut_at": 1 + fault["cut_at"] % 23, "mode": fault["mode"]} if "cut_at" in fault else {}
    for later in (again, {}):
        if not complaint:
            complaint, _done, _device = session(kind, image, model, first + done + 1, 3, **later)
    return complaint


def kind_of(complaint):
    """unbootable: the store did not open; doubled: more stands than was ever begun; else lost."""
    if complaint.startswith(("damaged", "unbootable")):
        return "unbootable"
    return "doubled" if complaint.startswith("doubled") else "lost"


def sweep(kind, prefill, steps, refuse):
    base = torn.formatted(BLOCKS)
    model = {}
    complaint, done, _device = session(kind, base, model, 0, prefill)
    if complaint or done != prefill:
        raise ValueError("prefill: " + complaint)
    image = bytearray(base)
    after = dict(model)
    complaint, _done, whole = session(kind, image, after, prefill, steps)
    if complaint:
        raise ValueError(complaint)
    cuts, failed = 0, []
    for at in range(1, whole.writes + 1):
        for fault in faults(at, refuse):
            image[:] = base
            cuts += 1
            complaint = suffer(kind, image, dict(model), prefill, steps, fault)
            if complaint:
                failed.append([at, fault["mode"], complaint])
    return {
        "kind": kind,
        "refuse": refuse,
        "steps": steps,
        "writes": whole.writes,
        "erases": whole.erases,
        "crossed": after["facts"] > model["facts"],  # a snapshot was made; records overflowed
        "cuts": cuts,
        "faults": len(failed),
        "kinds": {name: sum(1 for row in failed if kind_of(row[2]) == name) for name in KINDS},
        "failed": failed[:5],
    }


if __name__ == "__main__":
    args = sys.argv[1:]
    print(json.dumps(sweep(args[0], int(args[1]), int(args[2]), "refuse" in args)))
