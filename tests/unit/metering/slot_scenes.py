"""Profiles that come by command, on a terminal's points; `slot_scenes.py FILE SCENE FOLDER` prints JSON.

For both runtimes. FILE (slot_world.py): packages, keys, what the meters answer: a device has no tables.
"""

import asyncio
import json
import sys
from binascii import unhexlify

from firmware.metering import slots
from firmware.metering.points import Points
from firmware.store import blobs
from protocols import ed25519
from protocols.meters import sound
from protocols.meters.trial import TRIAL_S
from tests.unit.metering.slot_rig import SCALED, NoRoom, Owned, Rig, plain, proved, stands, two


async def reads(world, folder):
    """Each profile reads its meter, once it has proved itself."""
    out = {}
    for name in world["good"]:
        rig = Rig(world, folder + "-" + name)
        rig.meter()
        pushed, used = rig.push(name), rig.use(name)
        await rig.run(2)
        early = rig.shown()
        await rig.run(40)
        events = [event for event, _fields in rig.points.events]
        out[name] = [pushed, used, early, rig.shown(), events, rig.points.main.power_w() is not None]
        reader = rig.points.by_no(2).meter.reader
        rig.use(name, multiplier=2)
        out[name].append(reader is rig.points.by_no(2).meter.reader)
        rig.stop()
    return out


async def wrong(world, folder):
    """A profile with other registers is rolled back to the one before; the main meter is read on."""
    rig = Rig(world, folder)
    rig.meter()
    name = world["good"][0]
    rig.push(name)
    rig.use(name)
    await rig.run(40)
    good = rig.points.hashes
    pushed = rig.push("wrong")
    powers = len(rig.powers)
    trial = rig.points.hashes
    await rig.run(60)
    return {
        "pushed": pushed, "good": plain(good), "trial": plain(trial), "after": plain(rig.points.hashes),
        "events": rig.points.events, "shown": rig.shown(), "powers": len(rig.powers) - powers,
    }  # fmt: skip


async def starts(world, folder):
    """Cut in each trial: the fourth start rolls back."""
    rig = Rig(world, folder)
    name = world["good"][0]
    rig.push(name)
    rig.use(name)
    for _ in range(601):
        rig.settings.tick()  # the section of the points has a trial of its own
    seen = []
    for _ in range(4):
        rig.stop()
        rig = rig.again()
        seen.append([plain(rig.points.hashes), [event for event, _fields in rig.points.events]])
    return {"seen": seen, "point": rig.points.by_no(2).power_w()}


async def refused(world, folder):
    """What is wrong with a package is said, and nothing changes."""
    rig = Rig(world, folder)
    name = world["good"][0]
    out = {name: rig.push(name) for name in ("unknown", "altered", "untrue", "keyed")}
    rig.board.identity.pop("profile_keys")
    out["no keys"] = rig.push(name)
    return {"said": out, "rows": len(rig.points.state), "empty": rig.use(name), "kept": sorted(rig.kv.kept)}


async def resume(world, folder):
    """Pieces come twice, in the wrong order, and again after a cut; each answer says where to go on."""
    rig = Rig(world, folder)
    data = unhexlify(world["packages"][world["good"][0]]["data"])
    total = len(data)

    def piece(at, end):
        return rig.do(slots.PIECE, total=total, offset=at, bytes=data[at:end])[2]

    told = [piece(at, at + 100) for at in (0, 100, 100, 300)]
    rig = rig.again()
    told += [piece(0, 0), piece(150, 350)]
    told += [rig.do(slots.DISCARD)[2], rig.do(slots.PIECE, total=1 << 20)[0]]
    return told


async def scaled(world, folder):
    """Revision 2 shows ten times the energy, or a tenth. Nobody pays for it, with a restart in its trial or
    without, and the one before goes on where it was."""
    out = []
    for name, cut in (("scale10", False), ("scale10", True), ("scale01", False)):
        rig = Rig(world, folder + name + str(cut))
        rig.meter()
        rig.meter(address=SCALED, line=1, total_wh=1000000, power_w=1000)
        rig.push("scale1")
        rig.set(8, two(SCALED))
        for _ in range(601):
            rig.settings.tick()
        await rig.run(340)
        before = rig.points.by_no(2).energy_wh()
        rig.push(name)
        if cut:
            rig.stop()
            rig = rig.again()
        totals = [before]
        await rig.run(120)
        totals.append(rig.points.by_no(2).energy_wh())
        events = [event for event, _fields in rig.points.events]
        rig.do(slots.ROLL_BACK)
        await rig.run(120)
        totals.append(rig.points.by_no(2).energy_wh())
        rig.stop()
        out.append([totals, events])
    return out


async def no_memory(world, folder):
    """Too little memory at each step of a profile's life."""
    out = {}
    for step, (module, name) in {
        "signature": (ed25519, "verify"), "tests": (sound, "checked"), "profile": (slots, "_module"),
        "reader": (Points, "rewired"),
    }.items():  # fmt: skip
        rig = await proved(world, folder + step)
        good = stands(rig)
        with NoRoom(module, name):
            said = rig.push("wrong")
        await rig.run(30)
        out[step] = [said, stands(rig) == good, rig.activate("wrong")[0]]
        rig.stop()
    rig = await proved(world, folder + "end")
    good = stands(rig)
    rig.push("wrong")
    failed = rig.keep_on()
    with NoRoom(slots, "_module", 1):
        await rig.run(30)
        on_trial = stands(rig)
        await rig.run(90)
    out["end"] = [len(failed), on_trial[0][0][2], stands(rig) == good]
    rig.stop()
    return out


async def no_memory_at_starts(world, folder):
    """No start fails. A trial ends; what has proved itself waits for memory."""
    rig = await proved(world, folder)
    out = []
    for trial in (0, 1):
        if trial:
            rig.push("wrong")
        with NoRoom(slots, "_module", 1):
            rig.stop()
            rig = rig.again()
        out.append([plain(rig.points.hashes), [event for event, _fields in rig.points.events]])
        rig.stop()
        rig = rig.again()
        await rig.run(30)
        out.append(stands(rig)[2])
    rig.stop()
    return out


async def cannot_be_ended(world, folder):
    """While a trial cannot be ended, totals are saved all the same and it is not tried each second."""
    rig = Rig(world, folder)
    rig.meter()
    rig.push(world["good"][0])
    rig.use(world["good"][0])
    failed = rig.keep_on()
    with NoRoom(slots, "judged"):
        await rig.run(400)
    rig.stop()
    return [len(failed), "totals" in rig.kv.kept]


async def flash_refuses(world, folder):
    """What has proved itself while flash refuses is kept, however many reads are lost until then."""
    rig = Rig(world, folder)
    rig.meter()
    rig.push(world["good"][0])
    rig.use(world["good"][0])
    rig.kv.refuse = True
    await rig.run(40)
    trial = rig.points.by_no(2).trial
    trial[0] += 100  # reads without a value
    await rig.run(70)
    rig.kv.refuse = False
    await rig.run(70)
    rig.stop()
    return [event for event, _fields in rig.points.events]


async def never_heard(world, folder):
    """A day without a word of the meter ends the trial; before, nothing is said of the profile."""
    rig = Rig(world, folder)
    rig.push(world["good"][0])
    for _ in range(90000):
        rig.points.keep()
    unread = len(rig.points.events)
    rig.use(world["good"][0])
    for _ in range(86399):
        rig.points.keep()
    early = len(rig.points.events)
    rig.points.keep()
    return [unread, early, rig.points.events]


async def owned(world, folder):
    """A slot's profile that fails gives way to the identity's of that number."""
    rig = Owned(world, folder)
    rig.meter()
    rig.meter(address=SCALED, line=1)
    rig.set(8, two(SCALED))
    await rig.run(20)
    before = stands(rig)
    rig.push("wrong")
    rig.points.trials[1][2] = TRIAL_S  # a day in which nobody was heard
    await rig.run(60)
    events = [event for event, _fields in rig.points.events]
    rig.stop()
    return [before, stands(rig), events]


async def once_more(world, folder):
    """Activated twice, in two slots, refused, and a first trial ended by hand."""
    rig = await proved(world, folder)
    name = world["good"][0]
    out = {"repeated": rig.activate(name)[0], "kept": plain(rig.points.hashes)[0][2]}
    out["second"] = rig.push(name, slot=2)[0]
    out["rows"] = [row[:3:2] for row in plain(rig.points.hashes)]
    out["unknown"] = rig.push("unknown", slot=3)[0]
    out["files"] = [file for file in rig.files() if "part" in file]
    out["ended"] = [rig.do(slots.ROLL_BACK, slot=2)[0], len(rig.points.hashes), len(rig.files())]
    out["nothing"] = rig.do(slots.ROLL_BACK, slot=2)[0]
    rig.stop()
    return out


async def unreadable(world, folder):
    """A flash that cannot be read at a start costs a proved profile nothing but this start."""
    rig = await proved(world, folder)
    files, load = rig.files(), blobs.load

    def fails(_name, _most):
        raise blobs.StoreError("flash error EIO")

    rig.stop()
    setattr(blobs, "load", fails)  # noqa: B010
    rig = rig.again()
    setattr(blobs, "load", load)  # noqa: B010
    meanwhile = [plain(rig.points.hashes), rig.files() == files]
    rig = rig.again()
    await rig.run(30)
    rig.stop()
    return [meanwhile, stands(rig)[2]]


SCENES = (
    reads, wrong, starts, refused, resume, scaled, no_memory, no_memory_at_starts, cannot_be_ended,
    flash_refuses, never_heard, owned, once_more, unreadable,
)  # fmt: skip
BY_NAME = {scene.__name__: scene for scene in SCENES}

if __name__ == "__main__":
    with open(sys.argv[1]) as f:
        world = json.load(f)
    print(json.dumps(asyncio.run(BY_NAME[sys.argv[2]](world, sys.argv[3]))))
