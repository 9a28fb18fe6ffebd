"""Points whose meter on line 2 is read by slot 1, for the scenes of profiles that come by command."""

import os
from binascii import hexlify, unhexlify

from firmware.hal import fake
from firmware.metering import slots
from protocols.uplink.codes import REASON_NO
from tests.unit.metering import line_rig
from tests.unit.metering.line_rig import MAIN, row

PIECE = 700


class Line(line_rig.Line):
    """Where a meter speaks by a profile: `answers` {request: reply}, in hex."""

    def __init__(self, clock, answers):
        super().__init__(clock)
        self._answers = answers

    def write(self, data):
        reply = self._answers.get(hexlify(data).decode())
        if reply is None:
            try:
                return super().write(data)
            except ValueError:  # nobody on this line understands it
                return len(data)
        after_ms = self._ms(data) + 30 + len(reply) // 2 * line_rig.CHAR_BITS * 1000 // self.baud
        self._due.append(((self._clock.ticks_ms() + after_ms) % fake.WRAP, unhexlify(reply)))
        return len(data)


class Rig(line_rig.Rig):
    """Point 2 reads by slot 1, on line 2; point 1 is the meter of the identity."""

    def __init__(self, world, folder, kv=None, **more):
        self.world, self.folder = world, folder
        super().__init__(lines=2, kv=kv, **more)

    def points_more(self):
        self.board.identity["profile_keys"] = self.world["keys"]
        line = Line(self.clock, self.world["answers"])
        self.lines[1] = self.board._ports["line2"] = line
        return {"folder": self.folder}

    def again(self):
        rig = type(self)(self.world, self.folder, self.kv)
        for at in range(2):
            rig.lines[at].meters = self.lines[at].meters
        return rig

    def do(self, op, **params):
        """(reason word or "", words, bytes there) of a command, applied as the gate does."""
        reason, entries, commit, words, held = self.points.change_profile(_merged(op, params))
        if commit:
            self.kv.put(entries)
            commit()
        return _REASONS.get(reason, ""), words, held

    def push(self, name, slot=1):
        package = self.world["packages"][name]
        data = unhexlify(package["data"])
        for at in range(0, len(data), PIECE):
            self.do(slots.PIECE, slot=slot, total=len(data), offset=at, bytes=data[at : at + PIECE])
        return self.activate(name, slot)

    def activate(self, name, slot=1):
        try:
            return self.do(slots.ACTIVATE, slot=slot, hash=unhexlify(self.world["packages"][name]["hash"]))
        except MemoryError:  # the gate answers it
            return "busy"

    def keep_on(self):
        """As the terminal: what a second's work raises is noted, and the seconds go on."""
        keep, failed = self.points.keep, []

        def safely():
            try:
                keep()
            except MemoryError as error:
                failed.append(repr(error))

        setattr(self.points, "keep", safely)  # noqa: B010
        return failed

    def files(self):
        return sorted(os.listdir(self.folder))

    def use(self, name, multiplier=1):
        """`multiplier`: of the other point."""
        address = self.world["packages"][name]["address"]
        rows = [row(1, address=MAIN, multiplier=multiplier), row(2, port=2, address=address, profile_no=1)]
        return self.set(8, rows)

    def shown(self):
        return {
            str(no): self.points.by_no(2).latest.get(no, 60000)
            for no in self.points.by_no(2).latest.numbers()
        }


_REASONS = {REASON_NO[word]: word for word in ("bad_params", "bad_profile", "storage_failed")}


def _merged(op, params):
    out = {"op": op, "slot": 1}
    out.update(params)
    return out


class NoRoom:
    """While it lasts, `module.name` finds no memory, so often."""

    def __init__(self, module, name, times=1000):
        self._module, self._name, self._left = module, name, times
        self._real = getattr(module, name)

    def __enter__(self):
        setattr(self._module, self._name, self._call)
        return self

    def __exit__(self, *_error):
        setattr(self._module, self._name, self._real)

    def _call(self, *args):
        if self._left:
            self._left -= 1
            raise MemoryError("memory allocation failed")
        return self._real(*args)


def plain(rows):
    return [[slot, hexlify(told).decode(), trial, name] for slot, told, trial, name in rows]


SCALED = "000000000007"  # address of the meter that the packages `scale1` and `scale10` read


class Owned(Rig):
    """The identity has a profile 1 of its own."""

    def points_more(self):
        out = super().points_more()
        self.board.identity["profiles"] = [line_rig.document()]
        self.lines[1].meters = []
        return out


def two(address):
    return [row(1, address=MAIN), row(2, port=2, address=address, profile_no=1)]


async def proved(world, folder, rig_of=Rig):
    """A rig whose point 2 reads by its first profile."""
    rig = rig_of(world, folder)
    rig.meter()
    rig.push(world["good"][0])
    rig.use(world["good"][0])
    for _ in range(601):
        rig.settings.tick()
    await rig.run(40)
    return rig


def stands(rig):
    point = rig.points.by_no(2)
    return [plain(rig.points.hashes), point.trial, point.power_w() is not None]
