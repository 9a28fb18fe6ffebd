"""Metering points over simulated meters, for both runtimes; `line_scenes.py SCENE` prints JSON."""

import asyncio
import json
import sys

from firmware.metering import bus
from protocols.lines import dlt645
from tests.unit.metering.bus_scenes import Asker
from tests.unit.metering.line_rig import EXPORT_READ, MAIN, OTHER, POWER, Rig, address_of, row

VOLTAGE_A = 1
EIGHT = [row(n) for n in range(1, 9)]


def rises(values):
    return [values[n + 1] - values[n] for n in range(len(values) - 1)]


def with_field(at, value):
    """A row with one field that does not fit."""
    out = row(1)
    out[at] = value
    return out


async def default():
    """The meter of the identity is point 1 and makes group 1."""
    rig = Rig()
    meter = rig.meter(power_w=-500)
    nothing = rig.points.groups()
    await rig.run(30)
    main = rig.points.main
    meter.mute = True
    silent = []
    await rig.run(20, lambda: silent.append(main.silent_s))
    ok, timeouts, bad = rig.points.counts()
    return {
        "nothing": nothing,
        "powers": len(rig.powers),
        "main": [main.no, main.kind, main.multiplier, main.rated, rig.points.by_no(1) is main],
        "silent": silent[-1],
        "groups": rig.points.groups(),
        "counts": [ok, timeouts > 2, bad],
        "tasks": [name for name, _factory in rig.points.tasks()],
        "trace": len(rig.points.trace),
        "trouble": main.trouble == bus.MUTE,
    }


async def eight():
    """Eight meters on one line: all stay fresh, the main one each second, the rest within a minute."""
    rig = Rig(EIGHT, [[2, n, 1, 0] for n in range(1, 9)])
    for n in range(1, 9):
        rig.meter(address_of(n), turn_ms=100, power_w=100 * n)
    told = {"stale": 0, "old": 0, "unjudged": 0}
    await rig.run(200)  # by then it is known what the meters refuse
    start = len(rig.lines[0].meters[0][1].asked)

    def look():
        for point in rig.points.points:
            told["stale"] += point.power_w() is None or point.energy_wh() is None
            told["old"] += point.latest.get(VOLTAGE_A, 60000) is None
        told["unjudged"] += None in rig.points.groups()[1]

    await rig.run(120, look)
    told["main"] = [di for _ms, di in rig.lines[0].meters[0][1].asked[start:]].count(POWER)
    told["group"] = rig.points.groups()[1][0]
    return told


async def dead():
    """Seven of eight are dead: the main one does not feel it; when they come back they are read again."""
    rig = Rig(EIGHT)
    meters = [rig.meter(address_of(n)) for n in range(1, 9)]
    for meter in meters[1:]:
        meter.mute = True
    await rig.run(240)
    times = [ms for ms, di in meters[0].asked if di == POWER]
    gaps = rises(times)
    for meter in meters[1:]:
        meter.mute = False
    await rig.run(60)
    alive = [point.no for point in rig.points.points if point.power_w() is not None]
    return {"reads": len(times), "longest": max(gaps), "alive": alive}


async def dead_main():
    """The main meter is dead: the others of its line go on."""
    rig = Rig(EIGHT[:3])
    rig.meter(address_of(1)).mute = True
    for n in (2, 3):
        rig.meter(address_of(n))
    stale = []
    await rig.run(40)
    await rig.run(60, lambda: stale.append(None in [rig.points.by_no(n).power_w() for n in (2, 3)]))
    return {"stale": sum(stale), "main": rig.points.main.power_w(), "group": rig.points.groups()}


async def two_lines():
    rig = Rig([row(1), row(2, port=2, multiplier=10)], [[1, 1, 1, 0], [1, 2, -1, 0], [3, 2, 1, 0]], lines=2)
    rig.meter(address_of(1), power_w=3000)
    rig.meter(address_of(2), line=1, power_w=100)
    await rig.run(20)
    groups = rig.points.groups()
    rig.lines[1].lost = True
    await rig.run(15)
    return {
        "names": [name for name, _factory in rig.points.tasks()],
        "powers": [power for power, _energy in groups],
        "after": rig.points.groups(),
        "main": rig.points.main.power_w(),
    }


async def same_address():
    """Two meters with one address: refused and named; one is taken away: read again."""
    rig = Rig()
    first = rig.meter(turn_ms=60, power_w=1000)
    second = rig.meter(turn_ms=150, power_w=2000, total_wh=1000000)
    await rig.run(60)
    during = [rig.points.groups(), rig.points.main.trouble == bus.CLASH, rig.points.counts()[2] > 2]
    named = list(rig.points.events)
    rig.lines[0].meters.pop()
    await rig.run(120)
    return {
        "during": during,
        "named": named,
        "after": rig.points.groups()[0][0],
        "events": rig.points.events[len(named) :],
        "totals": rig.points.main.energy_wh() == first.total_mwh // 10000 * 800,
        "heard": len(second.asked) > 10,
    }


async def garbled():
    """Two answers over each other are no answer, and told from silence."""
    rig = Rig()
    meter = rig.meter()
    await rig.run(5)
    show = meter.data
    line = rig.lines[0]

    def collide(data):
        size = type(line).write(line, data)
        line._due = [(at, bytes(byte | 0x29 for byte in frame)) for at, frame in line._due]
        return size

    line.write = collide
    await rig.run(30)
    return {
        "groups": rig.points.groups(),
        "trouble": rig.points.main.trouble == bus.GARBLED,
        "timeouts": rig.points.counts()[1] > 2,
        "answers": show(POWER) is not None,
    }


async def late_is_not_second():
    """A meter that answers slower than the time-out is slow, not two meters."""
    rig = Rig()
    meter = rig.meter()
    for n in range(60):
        meter.power_w, meter.turn_ms = 1000 + n, (100, 590, 300)[n % 3]
        await rig.run(2)
    return {
        "trouble": rig.points.main.trouble,
        "events": rig.points.events,
        "clashes": rig.points.lines[0][0].clashes,
    }


async def rewire():
    """POINTS and GROUPS change while the tasks run."""
    rig = Rig(reads=(EXPORT_READ,))
    main = rig.meter()
    rig.meter(OTHER, power_w=-300)
    await rig.run(10)
    before = rig.points.main
    rows = [row(1, address=MAIN, multiplier=80), row(4, address=OTHER, multiplier=2)]
    set_points = rig.set(8, rows)
    set_groups = rig.set(7, [[1, 4, 1, 1], [2, 1, 1, 0], [2, 4, 1, 1]])
    fresh = rig.points.groups()
    await rig.run(20)
    groups = rig.points.groups()
    new = rig.points.main
    rows[1] = row(4, address=OTHER, multiplier=3)
    rig.set(8, rows)
    same = [rig.points.main is new, rig.points.by_no(4).multiplier, rig.points.main.power_w() is not None]
    rig.set(7, [])
    rig.set(8, [])
    await rig.run(10)
    return {
        "reasons": [set_points, set_groups],
        "same row": before is new,
        "fresh": fresh,
        "groups": groups,
        "energy": main.total_mwh // 10000 * 800 - rig.points.main.energy_wh() <= 800,
        "same": same,
        "back": [point.no for point in rig.points.points],
        "power": rig.points.groups()[0][0],
    }


async def refused_rows():
    """Rows that this board cannot have are refused, and the wiring stands."""
    rig = Rig(lines=1)
    rig.meter()
    bad = {
        "no such line": [row(1, port=2)],
        "no such profile": [row(1, profile_no=1)],
        "no point 0": [with_field(0, 0)],
        "point 9": [with_field(0, 9)],
        "kind 4": [with_field(1, 4)],
        "address": [row(1, address="12345")],
        "letters": [row(1, address="12345678901x")],
        "number twice": [row(1), row(1, address=OTHER)],
        "address twice": [row(1, address=OTHER), row(2, address=OTHER)],
        "two speeds": [row(1), row(2, baud=2400)],
        "no speed": [row(1, baud=0)],
        "multiplier 0": [row(1, multiplier=0)],
        "no constant": [row(1, 2, 1)],
        "channel 0": [row(1, 2, 0, constant=1000)],
        "channel twice": [row(1, 2, 1, constant=1000), row(2, 2, 1, constant=1000)],
        "two samplings": [row(1, 3), row(2, 3, 2)],
        "wires": [with_field(9, 2)],
        "a text": [with_field(6, "1")],
        "a nothing": [[None] * 12],
    }
    wrong = [name for name, rows in bad.items() if rig.set(8, rows) == 0]
    await rig.run(5)
    return {"taken": wrong, "power": rig.points.main.power_w(), "kv": sorted(rig.kv.kept)}


async def full_bus():
    """A line that is flooded with requests costs a reading, not the task."""
    rig = Rig()
    rig.meter()
    line = rig.points.lines[0][0]
    await rig.run(5)
    asker, end = Asker(MAIN), rig.clock.now_ms() + 20000

    async def ask():
        while rig.clock.now_ms() < end:
            try:
                await line.exchange(bus.BACKFILL, asker.ask(dlt645.read(MAIN, 0x02800002)), asker)
            except bus.BusFull:
                await asyncio.sleep(0)

    flood = [asyncio.create_task(ask()) for _ in range(2 * bus.QUEUE_MAX)]
    await rig.run(30)
    await asyncio.gather(*flood)
    await rig.run(5)
    return {"faults": rig.points.main.meter.faults, "power": rig.points.main.power_w()}


SCENES = (
    default, eight, dead, dead_main, two_lines, same_address, garbled, late_is_not_second, rewire,
    refused_rows, full_bus,
)  # fmt: skip
BY_NAME = {scene.__name__: scene for scene in SCENES}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(BY_NAME[sys.argv[1]]())))
