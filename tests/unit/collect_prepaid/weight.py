"""Heap, time and flash of 1,000 prepaid meters, read each quarter of two hours. For MicroPython."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import gc
import json
import time

import torn

from firmware.area.archive import Archive
from firmware.collect.prepaid import Prepaid
from firmware.store.kv import Kv
from tests.unit.collect_prepaid import rig

METERS, HOURS = 1000, 2


def used():
    gc.collect()
    return gc.mem_alloc()


class Quiet(rig.Area):
    """Meters that cost nothing here: the room alone is weighed."""

    def __init__(self, root, packed):
        self.packed_rows = packed
        rig.Area.__init__(self, root, 1, [packed])
        self.records = []

    def add(self, _stream, _kind, _t_s, _t_ok, _body):
        return 1

    def tell(self, _name, _fields):
        pass


def opened(area):
    """What one more room costs, with what it keeps in the journal's heap."""
    area.close()
    area.room = area.kv = None
    collector, settings = rig.Collector(Archive(area.packed), {}), area.settings
    settings._kv = None
    before = used()
    area.kv = settings._kv = Kv(area.root + "/kv")
    area.kv.open()
    area.room = Prepaid(area.board, area.kv, area.root, area.add, area.tell, settings, collector)
    return used() - before


def main():
    packed = bytearray()
    for meter in range(1, METERS + 1):
        packed.extend(rig.row(meter, line=meter % 4 + 1))
    told = {}
    with torn.Power(torn.formatted(512)) as device:
        area = Quiet(torn.MOUNT, bytes(packed))
        device.written = device.erases = 0
        start = time.ticks_us()
        for meter in range(1, METERS + 1):
            if area.order(meter, 1):
                raise ValueError(meter)
        told["orders_erases"] = device.erases
        told["order_us"] = time.ticks_diff(time.ticks_us(), start) // METERS
        told["order_flash_bytes"] = device.written // METERS
        for meter in range(1, METERS + 1):
            seen(area, meter, 0)
        area.room._rows.save()
        area.room._rows.save()
        area.room._rows.hurry = False
        device.written = 0
        for meter in range(1, 11):
            area.order(meter, 2)
        told["order_alone_flash_bytes"] = device.written // 10
        device.written = device.erases = spent_us = worst_us = 0
        for quarter in range(HOURS * 4):
            for meter in range(1, METERS + 1):
                start = time.ticks_us()
                seen(area, meter, quarter + 1)
                spent_us += time.ticks_diff(time.ticks_us(), start)
            for _second in range(900):
                area.board.clock.t_s += 1
                start = time.ticks_us()
                area.room.tick()
                worst_us = max(worst_us, time.ticks_diff(time.ticks_us(), start))
        told["settle_us"] = spent_us // METERS // HOURS // 4
        told["worst_tick_us"] = worst_us
        told["flash_bytes_an_hour"], told["erases_an_hour"] = device.written // HOURS, device.erases // HOURS
        told["heap_bytes"] = opened(area)
        for meter in range(1, METERS + 1):
            seen(area, meter, HOURS * 4)
        told["left"] = sum([area.left(meter) or 0 for meter in range(1, METERS + 1)])
        area.close()
    print(json.dumps(told))


def seen(area, meter, quarter):
    t_s = area.board.clock.t_s
    area.room.seen(meter, 16, {320: 10000 + quarter * 100}, t_s, 20, t_s + rig.OFFSET_S)


main()
