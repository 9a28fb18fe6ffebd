"""Power cut at every single write of a change of configuration. Runs on MicroPython; last line is JSON.

    micropython sweep.py PREFILL

PREFILL changes are made and proved undisturbed. Then for each write of: change, proof, change, restart, torn
three ways, a copy of that flash does them until the cut, and is started again: each section must stand at the
version from before or after the step that was cut, with its values, and nothing may be told as lost.
"""

import json
import sys

from firmware.parameters import TRIAL_S, Parameters
from firmware.store.kv import Kv, StoreError
from protocols.uplink.parameters import EVENTS, METERING
from tests.unit.store import torn

BLOCKS = 48
PATH = torn.MOUNT + "/kv"
INTERVALS = (60, 300, 900, 1800, 3600)
STEPS = ("change", "prove", "change", "start")


class Terminal:
    """`stands` is acknowledged: version of METERING; `may` what a cut step may have made of it."""

    def __init__(self, stands):
        self.stands = self.may = stands
        self.kv = Kv(PATH)
        self.start()

    def start(self):
        self.kv.open()
        self.settings = Parameters(self.kv)

    def change(self):
        version = self.may = self.stands + 1
        for section, values in ((METERING, {1: INTERVALS[version % 5]}), (EVENTS, {4: version})):
            params = {"section": section, "version": version, "values": values}
            reason, entries, commit = self.settings.apply(params)
            if reason or not commit:
                raise ValueError(self.settings.error)
            self.kv.put(entries)
            commit()
        self.stands = version

    def prove(self):
        for _ in range(TRIAL_S):
            self.settings.tick()

    def check(self):
        settings = self.settings
        metering = settings.versions().get(METERING, 0)
        events = settings.versions().get(EVENTS, 0)
        if settings.lost or self.kv.damaged:
            return f"lost {settings.lost} damaged {self.kv.damaged}"
        if metering not in (self.stands, self.may) or events not in (self.stands, metering):
            return f"metering {metering}, events {events}, acked {self.stands}"
        if metering and settings.get(METERING)["curve_interval_s"] != INTERVALS[metering % 5]:
            return f"values of version {metering} are wrong"
        if events and settings.get(EVENTS)["filter_s"] != events:
            return f"values of version {events} are wrong"
        return ""


def session(image, stands, steps, **fault):
    """Power up and work until done or cut; return (terminal, device)."""
    with torn.Power(image) as device:
        terminal = Terminal(stands)
        for name, value in fault.items():
            setattr(device, name, value)
        device.writes = 0
        try:
            for step in steps:
                getattr(terminal, step)()
        except (StoreError, OSError):
            if not device.dead:
                raise
        terminal.kv.close()
    return terminal, device


def look(image, stands, may):
    """Start on that flash; "" or the complaint."""
    with torn.Power(image):
        terminal = Terminal(stands)
        terminal.may = may
        complaint = terminal.check()
        terminal.kv.close()
    return complaint


def sweep(prefill):
    base = torn.formatted(BLOCKS)
    terminal, _device = session(base, 0, ("change", "prove") * prefill)
    stands = terminal.stands
    image = bytearray(base)
    _terminal, whole = session(image, stands, STEPS)
    cuts, failed = 0, []
    for at in range(1, whole.writes + 1):
        for mode in (torn.NOTHING, torn.HALF, torn.ALL):
            image[:] = base
            cuts += 1
            cut, _device = session(image, stands, STEPS, cut_at=at, mode=mode)
            complaint = look(image, cut.stands, cut.may)
            if complaint:
                failed.append([at, mode, complaint])
    return {"writes": whole.writes, "cuts": cuts, "failed": failed[:5]}


if __name__ == "__main__":
    print(json.dumps(sweep(int(sys.argv[1]))))
