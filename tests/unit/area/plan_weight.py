"""Heap of archive and planner for 1,000 meters after a busy hour, and what a job costs. For MicroPython."""

import gc
import json
import time

from firmware.area.archive import Archive
from firmware.area.plan import Planner
from firmware.area.plan_duties import LOCAL, OK
from tests.unit.area.meters import MIDNIGHT_S, row

METERS, LINES = 1000, 4


def used():
    gc.collect()
    return gc.mem_alloc()  # pyright: ignore[reportAttributeAccessIssue]


def now_us():
    return time.ticks_us()  # pyright: ignore[reportAttributeAccessIssue]


def rows():
    packed = bytearray()
    for meter in range(METERS):
        packed.extend(row(meter + 1, meter * LINES // METERS + 1, flags=meter % 100 == 0))
    return bytes(packed)


def work(planner, start_s, hours):
    """(jobs, us of the planner): each line in turn, a job a quarter of a second."""
    jobs, spent_us, now_ms = 0, 0, 0
    while now_ms < hours * 3600000:
        now_ms += 250
        local_s, line = start_s + now_ms // 1000, now_ms // 250 % LINES + 1
        began = now_us()
        job = planner.next(line, local_s, now_ms)
        if job:
            planner.done(job, OK, local_s, now_ms, 100)
            spent_us += now_us() - began
            jobs += 1
    return jobs, spent_us


def main():
    data = rows()
    before = used()
    archive = Archive(data)
    with_archive = used()
    planner = Planner(archive, LOCAL, lambda *gap: None)
    jobs, spent_us = work(planner, MIDNIGHT_S, 1)
    after = used()
    told = {"archive": with_archive - before, "planner": after - with_archive, "jobs": jobs}
    told["us_a_job"] = spent_us // jobs
    told["a_meter"] = (after - before) // METERS
    print(json.dumps(told))


main()
