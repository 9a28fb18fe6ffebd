"""Three hundred meters behind a module, told, read and forgotten. Runs on both interpreters."""

import asyncio
import gc
import json
import sys

from firmware.area.archive import MODULE, Archive
from firmware.collect.module import Module
from firmware.hal import fake
from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.gdw3762 import frame
from protocols.lines.gdw3762.module import Server
from protocols.lines.gdw3762.nodes import Node
from protocols.lines.refused import Refused
from tests.unit.area.meters import row

COUNT = 300
alloc = getattr(gc, "mem_alloc", lambda: 0)


class Profile:
    link, options = "dlt645-2007", ()


class Line:
    """What a Collector's line is to the module; `log`: AFN and bytes of each request."""

    def __init__(self, server):
        self.server, self.there, self.log, self.wire = server, True, [], self
        self.talks = 0

    async def order(self, _level, work, _within_ms):
        return await work()

    async def drive(self, _meter, _talker, steps):
        got = None
        while True:
            try:
                asked = steps.send(got)
            except StopIteration as end:
                return end.value
            got = self._talk(asked)

    def _talk(self, asked):
        if asked.data:
            self.talks += 1
            self.log.append((frame.Framer().feed(asked.data)[0].afn, len(asked.data)))
        out = self.server.feed(asked.data) if self.there else b""
        good = [got for got in frame.Framer().feed(out) if not asked.judge(got)]
        return good[0] if good else None


class Collector:
    def __init__(self, archive, server):
        self.archive, self.lines = archive, {MODULE: Line(server)}

    def profile(self, _meter):
        return Profile

    def wake(self, line):
        assert line == MODULE


def address(number):
    return f"{number:012d}"


async def steps(module, seconds):
    for _ in range(seconds):
        module.tick()
        await module.step()


def read(line, module, meter):
    answers = module.reader(meter, Profile).read("00010000")
    run = line.drive(meter, None, answers)
    try:
        run.send(None)
    except StopIteration as end:
        return len(end.value)
    except Refused as refused:
        return refused.reason
    return None


async def story():
    archive = Archive(b"".join([row(n, MODULE) for n in range(1, COUNT + 1)]))
    world = {address(n): Node(Meter(address(n), {"00010000": b"\x26\0\0\0"}), n % 5) for n in range(1, 21)}
    server = Server("1", world)
    board = fake.Board("unused", None, fake.FACTS, fake.IDENTITY)
    told, records = [], []
    collector = Collector(archive, server)
    line = collector.lines[MODULE]
    gc.collect()
    before = alloc()
    module = Module(
        board, collector, lambda name, fields: told.append((name, fields)), lambda *each: records.append(each)
    )
    gc.collect()
    held = alloc() - before
    await steps(module, 5)
    known = len(server.nodes.rows)
    reads = [read(line, module, meter) for meter in (1, 2, 20, 21)]
    server.nodes.rows = []
    await steps(module, 610)
    again = len(server.nodes.rows)
    line.there = False
    silent = [read(line, module, 1) for _ in range(4)]
    await steps(module, 100)
    line.there = True
    await steps(module, 100)
    out = {"known": known, "reads": reads, "again": again, "silent": silent, "told": told}
    out["rows"] = [module.heard.row(meter) for meter in (1, 2, 20, 21)]
    out["log"] = line.log[:40]
    out["state"], out["records"] = module.state(), [[each[1], each[4]] for each in records]
    return out, held


if __name__ == "__main__":
    result, bytes_held = asyncio.run(story())
    print(json.dumps({"story": result, "held": bytes_held}))
    sys.exit(0)
