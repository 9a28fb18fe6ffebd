"""Energy totals that are wrong, jump, or go on in another meter; `total_scenes.py SCENE` prints JSON."""

import asyncio
import json
import sys

from firmware.metering import bus
from protocols.lines import dlt645
from tests.unit.metering.bus_scenes import Asker
from tests.unit.metering.line_rig import ENERGY, MAIN, Rig, bcd
from tests.unit.metering.line_scenes import rises

TOTAL = 320


async def wrong_total():
    """Totals that are wrong once are not believed, however they lie; power goes on meanwhile."""
    rig = Rig()
    meter = rig.meter(power_w=1000)
    await rig.run(10)
    totals, powers = [], []

    def look():
        totals.append(rig.points.main.energy_wh())
        powers.append(rig.points.main.power_w())

    for wrong in (50160000, 49000000, 999999990, 0):  # +160 kWh, -1000 kWh, full, empty
        meter.script = {ENERGY: [bcd(wrong // 10, 4)], 0x0001FF00: [bcd(wrong // 10, 4)]}
        await rig.run(15, look)
    steps = rises(totals)
    return {
        "least": min(steps),
        "most": max(steps),
        "powers": [min(powers), max(powers)],
        "doubts": rig.points.counts()[2],
        "events": rig.points.events,
    }


async def verify_first():
    """A total that jumps is read again before anything else that waits for the line."""
    rig = Rig()
    meter = rig.meter()
    await rig.run(5)
    meter.total_mwh += 3000000
    line = rig.points.lines[0][0]
    asked = len(meter.asked)
    asker = Asker(MAIN)
    waiting = [
        asyncio.create_task(line.exchange(bus.ON_DEMAND, asker.ask(dlt645.read(MAIN, 0x02800002)), asker))
        for _ in range(6)
    ]
    await rig.run(3)
    await asyncio.gather(*waiting)
    order = [di for _ms, di in meter.asked[asked:]]
    at = order.index(ENERGY)
    return {"again": order[at + 1] == ENERGY, "waited": len(order) - at}


async def jump():
    """A confirmed jump that nobody can have used breaks nothing; the old total back loses nothing."""
    rig = Rig()
    meter = rig.meter(power_w=1000)
    await rig.run(10)
    before = rig.points.main.energy_wh()
    true_mwh = meter.total_mwh
    meter.total_mwh = 90000000000
    await rig.run(20)
    other = rig.points.main.energy_wh()
    shown = rig.points.main.latest.get(TOTAL)
    meter.total_mwh = true_mwh + 400000  # 0.4 kWh were used meanwhile
    meter.power_w = 0
    await rig.run(30)
    return {
        "other": other - before,
        "shown": shown > 89999999,
        "back": rig.points.main.energy_wh() - (true_mwh + 400000) // 10000 * 800,
        "events": [name for name, _fields in rig.points.events],
    }


async def used_unseen():
    """What was used while the meter did not answer counts."""
    rig = Rig()
    meter = rig.meter(power_w=10000)
    await rig.run(10)
    before = rig.points.main.energy_wh()
    meter.mute = True
    await rig.run(1800)
    meter.mute = False
    await rig.run(40)
    return {"used": rig.points.main.energy_wh() - before, "events": rig.points.events}


async def coarse():
    """A register that moves in whole kWh loses nothing."""
    rig = Rig(multiplier=1)
    meter = rig.meter(power_w=9000)
    meter.data = lambda di, show=meter.data: (
        bcd(meter.total_mwh // 1000000 * 100, 4) if di in (ENERGY, 0x0001FF00) else show(di)
    )
    await rig.run(900)
    return {
        "energy": rig.points.main.energy_wh(),
        "true": meter.total_mwh // 1000,
        "events": rig.points.events,
    }


def change(rig, old_wh, new_wh, no=1):
    """The command as the gate does it: (reason, whether flash has it)."""
    params = {"metering_point": no, "old_wh": old_wh, "new_wh": new_wh}
    reason, entries, commit = rig.points.change_meter(params)
    if reason:
        return reason
    rig.kv.put(entries)
    commit()
    return 0


async def meter_change():
    """A new meter, told late: the total goes on, what was used unseen is added once, over a cut too."""
    rig = Rig()
    old = rig.meter(total_wh=50000000, power_w=1000)
    await rig.run(60)
    before = rig.points.main.energy_wh()
    early = change(rig, 50002000, 1000)
    last_wh = old.total_mwh // 10000 * 10
    rig.lines[0].meters.clear()
    await rig.run(60)
    unread = change(rig, last_wh + 3000, 1000)
    new = rig.meter(total_wh=4000, power_w=1000)  # put on at 1 kWh, has used 3 kWh
    await rig.run(60)
    carried = rig.points.main.energy_wh() - before
    wrong = [
        change(rig, last_wh - 40000, 1000),
        change(rig, last_wh, 500000),
        change(rig, last_wh + 10**7, 0),
    ]
    done = change(rig, last_wh + 3000, 1000)
    await rig.run(10)
    whole = rig.points.main.energy_wh()
    twice = change(rig, last_wh + 3000, 1000)
    await rig.run(10)
    again = rig.again()
    rig.stop()
    await again.run(10)
    return {
        "early": early,
        "unread": unread,
        "carried": carried,
        "wrong": wrong,
        "done": done,
        "lacks": whole - (last_wh + 3000 + new.total_mwh // 10000 * 10 - 1000) * 80,
        "twice": twice,
        "after": again.points.main.energy_wh() - (last_wh + 3000 + new.total_mwh // 10000 * 10 - 1000) * 80,
        "no_point": change(again, 1, 1, 5),
        "events": [name for name, _fields in rig.points.events],
    }


async def changed_while_off():
    """The meter is changed while the terminal has no power, and nobody tells: nobody pays for it."""
    rig = Rig()
    rig.meter(total_wh=50000000)
    await rig.run(400)
    before = rig.points.main.energy_wh()
    rig.stop()
    again = rig.again()
    again.lines[0].meters[:] = []
    again.meter(total_wh=30000)
    await again.run(20)
    return {"carried": again.points.main.energy_wh() - before}


async def random_totals():
    """Any answers for a total: nothing raises, the running total moves by what can be used only."""
    rig = Rig(multiplier=1)
    meter = rig.meter(power_w=1000)
    await rig.run(10)
    seed, most, last = 7, 0, rig.points.main.energy_wh()
    for _ in range(150):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        bad = [bcd(seed % 99999999, 4), bytes([seed & 255] * 4), None, b"\xff" * 4][seed >> 8 & 3]
        meter.script = {ENERGY: [bad] * (seed >> 4 & 3)}
        await rig.run(3)
        now = rig.points.main.energy_wh()
        if now is not None:
            most, last = max(most, now - last), now
    return {"most": most}


SCENES = (
    wrong_total, verify_first, jump, used_unseen, coarse, meter_change, changed_while_off, random_totals,
)  # fmt: skip
BY_NAME = {scene.__name__: scene for scene in SCENES}

if __name__ == "__main__":
    print(json.dumps(asyncio.run(BY_NAME[sys.argv[1]]())))
