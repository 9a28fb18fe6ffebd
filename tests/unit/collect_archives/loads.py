"""An archive that is loaded, changed and replaced on a flash that loses power. Runs on MicroPython.

Last line is JSON: {"writes", "cuts", "failed"}. After each cut the old or the new archive stands whole, and
what was begun can be gone on with.
"""

# pyright: reportMissingImports=false

import json
import sys

sys.path.insert(0, sys.argv[1])
import torn

from firmware.area.archive import Archive
from firmware.collect.archives import Archives
from firmware.store.kv import Kv
from firmware.store.record import StoreError
from protocols.uplink import area as contract
from tests.unit.area.meters import address, row

BLOCKS = 48
MODES = (torn.NOTHING, torn.HALF, torn.ALL)  # with `all` each at each write, else in turn
ROWS = 90


def image_of(shift):
    return Archive(b"".join([row(shift + n + 1) for n in range(ROWS)]))


OLD, NEW = image_of(0), image_of(500)
THIRD = image_of(500)
THIRD.put(7, address(7777) + THIRD.piece(7, 1)[6:])


class Device:
    def __init__(self):
        self.kv = Kv(torn.MOUNT + "/kv")
        self.told = []
        torn_folder(torn.MOUNT + "/kv")
        self.kv.open()
        self.archive = Archive()
        self.room = Archives(self.kv, torn.MOUNT, lambda *said: self.told.append(said), self.archive)
        self.room.replaced = lambda *_args: (0, {"ledger": 1}, lambda: None)

    def order(self, kind, **params):
        """False when the flash refuses."""
        reason, entries, commit = self.room.apply(kind, params, 1)
        if reason:
            if reason != 10:
                raise ValueError(self.room.error)
            return False
        try:
            self.kv.put(entries)
        except StoreError:
            return False
        commit()
        return True

    def load(self, new, base):
        if not self.order(contract.ARCHIVE, op=contract.BEGIN, hash=base):
            return False
        for first in range(1, ROWS + 1, 40):
            piece = new.piece(first, min(40, ROWS + 1 - first))
            if not self.order(contract.ARCHIVE, op=contract.ROWS, meter=first, rows=piece):
                return False
        return self.order(contract.ARCHIVE, op=contract.ACTIVATE, hash=new.hash())

    def replace(self):
        return self.order(
            contract.METER_REPLACED,
            meter=7,
            address=address(507),
            new_address=address(7777),
            old_wh=1,
            new_wh=2,
        )


def torn_folder(path):
    from firmware.store import record

    record.folder(path)


def session(image, work, **fault):
    with torn.Power(image) as power:
        device = Device()
        for name, value in fault.items():
            setattr(power, name, value)
        power.writes = 0
        done = work(device)
        writes = power.writes
        if not power.dead:
            device.kv.close()
    return done, writes


def verdict(image, before, after, work):
    """What a restart finds wrong after a cut, "" nothing."""
    with torn.Power(image):
        device = Device()
        found = device.archive.hash()
        ledger = device.kv.get("ledger")
        wrong = ""
        if device.told or device.room.unreadable:
            wrong = "unreadable"
        elif found not in (before, after):
            wrong = "neither"
        elif (after == THIRD.hash()) and (ledger == 1) != (found == after):
            wrong = "the ledger is not with its row"
        elif found == before and not (work(device) and device.archive.hash() == after):
            wrong = "cannot go on"
        device.kv.close()
    return wrong


def sweep(base, before, after, work):
    image = bytearray(base)
    done, writes = session(image, work)
    if not done:
        raise ValueError("undisturbed")
    failed, cuts = [], 0
    for at in range(1, writes + 1):
        for mode in MODES if "all" in sys.argv else (MODES[at % 3],):
            image[:] = base
            session(image, work, cut_at=at, mode=mode)
            cuts += 1
            wrong = verdict(image, before, after, work)
            if wrong:
                failed.append([at, mode, wrong])
    return writes, cuts, failed


def load_new(device):
    return device.load(NEW, OLD.hash())


def main():
    base = torn.formatted(BLOCKS)
    session(base, lambda device: device.load(OLD, b""))
    loaded = bytearray(base)
    session(loaded, load_new)
    out = [sweep(base, OLD.hash(), NEW.hash(), load_new)]
    out.append(sweep(loaded, NEW.hash(), THIRD.hash(), Device.replace))
    failed = out[0][2] + out[1][2]
    print(json.dumps({"writes": out[0][0] + out[1][0], "cuts": out[0][1] + out[1][1], "failed": failed[:5]}))


main()
