"""What one meter or its profile does wrong, and what of it the others of its line feel; as slot_scenes.py.

`guard_scenes.py FILE SCENE FOLDER` prints JSON; FILE is of guard_world.py.
"""

import asyncio
import json
import sys

from tests.unit.metering import line_rig, slot_scenes
from tests.unit.metering.line_rig import MAIN, OTHER, row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Rig(slot_scenes.Rig):
    """`beside(name)`: point 2 is read by that package on the line of the main meter."""

    def beside(self, name, address):
        pushed = self.push(name)
        used = self.set(8, [row(1, address=MAIN), row(2, address=address, profile_no=1)])
        # The tasks of that line alone: an idle poller would move the one clock too.
        tasks = [factory for name, factory in self.points.tasks() if name in ("bus", "poller")]
        self._tasks = [asyncio.create_task(line_rig._keep(factory)) for factory in tasks]
        return [pushed[0], used]

    async def watched(self, seconds):
        """Seconds of so many in which the main meter had no power."""
        missing = []
        await self.run(seconds, lambda: missing.append(self.points.main.power_w() is None))
        return sum(missing)

    def silence(self):
        """The meters of line 2 say nothing; the function returned lets them speak again."""
        line: Any = self.lines[1]
        answers, line._answers = line._answers, {}

        def speak():
            line._answers = answers

        return speak


def _no_memory(_request):
    raise MemoryError
    yield


class Framer:
    """Fails at each byte."""

    bad = 0

    def feed(self, data):
        if data:
            raise ArithmeticError
        return []

    quiet = list


async def faults(world, folder):
    """A Reader, its framer and the decoding of a profile fail each in turn, on the main meter's line."""
    rig = Rig(world, folder)
    rig.meter()
    rig.meter(OTHER)
    told: dict = {"set": rig.beside("slow", OTHER)}
    point = rig.points.by_no(2)
    point.trial = None
    reader, profile = point.meter.reader, point.profile
    read, decode = reader.read, profile.decode
    await rig.run(5)
    reader.read = _no_memory
    told["reader"] = await rig.watched(60)
    reader.read, reader.FRAMER = read, Framer
    told["framer"] = await rig.watched(60)
    del reader.FRAMER
    profile.decode = None
    told["decode"] = await rig.watched(60)
    profile.decode = decode
    await rig.run(60)
    told["after"] = point.power_w() is not None
    told["counted"] = point.meter.faults > 60
    return told


async def shares(world, folder):
    """A meter that answers after 2.9 s, then not at all, with all the time that a profile may have."""
    rig = Rig(world, folder)
    rig.meter()
    slow = rig.meter(OTHER, turn_ms=2900)
    told: dict = {"set": rig.beside("slow", OTHER)}
    await rig.run(30)
    told["late"] = await rig.watched(600)
    slow.mute = True
    told["mute"] = await rig.watched(600)
    return told


async def water(world, folder):
    """A meter that is only read in turn keeps silent for a moment, then for long."""
    rig = Rig(world, folder)
    rig.meter()
    rig.push("water")
    rig.use("water")
    await rig.run(40)
    out = [len(rig.shown())]
    for seconds in (3, 300):
        speak = rig.silence()
        await rig.run(seconds)
        speak()
        await rig.run(100)
        out.append(len(rig.shown()))
    return out


async def without_power(world, folder):
    """A revision whose fast read shows energy and no power: control could not work with it."""
    rig = Rig(world, folder)
    rig.meter()
    rig.push("good")
    rig.use("good")
    await rig.run(40)
    pushed = rig.push("no power")[0]
    await rig.run(60)
    events = [event for event, _fields in rig.points.events]
    return [pushed, events, rig.points.by_no(2).power_w() is not None]


async def dead_line(world, folder):
    """A profile is activated while its line is dead: it is tried when the meter can be heard."""
    rig = Rig(world, folder)
    rig.meter()
    speak = rig.silence()
    rig.push("modbus")
    rig.use("modbus")
    await rig.run(120)
    counted = rig.points.by_no(2).trial[:2]
    speak()
    await rig.run(100)
    return [
        counted,
        [event for event, _fields in rig.points.events],
        rig.points.by_no(2).power_w() is not None,
    ]


SCENES = (faults, shares, water, without_power, dead_line)
BY_NAME = {scene.__name__: scene for scene in SCENES}

if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        world = json.load(f)
    print(json.dumps(asyncio.run(BY_NAME[sys.argv[2]](world, sys.argv[3]))))
