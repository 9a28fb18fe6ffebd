"""A search on the simulated lines of an area: real meters that answer over each other."""

import asyncio

import pytest

from firmware.area.archive import Archive
from firmware.collect import search
from firmware.collect.search import Search
from hil.world.area.served import Rack
from protocols.lines import dlt645
from protocols.lines.dlt698.meter import Server as Server698
from protocols.uplink.codes import REASON_NO
from tests.unit.area.meters import row
from tests.unit.collect_patrol.area_of_fakes import Collector, Rig
from tests.unit.hil.area_bench import area_of

MS_A_BYTE = 5


def voices(replies):
    """What a line carries when all talk from their delay on: bytes at one time garble each other."""
    wire = {}
    for reply in replies:
        for n, byte in enumerate(reply.data):
            at = reply.delay_ms // MS_A_BYTE + n
            wire[at] = wire[at] & byte ^ 0x55 if at in wire else byte
    return bytes([wire[at] for at in sorted(wire)])


class Lines(Collector):
    """Racks behind `raw`; `others`: servers that are no part of the area."""

    def __init__(self, area, rows, baud=2400):
        super().__init__(Archive(b"".join(rows)))
        self.racks = {line: Rack(area, line) for line in range(1, area.lines + 1)}
        self.baud, self.others, self.asks = baud, [], 0

    async def raw(self, line, data, wait_ms, baud=0, urgent=False):
        self.asks += 1
        if (baud or 2400) != self.baud or line not in self.racks:
            return b"", 0
        rack = self.racks[line]
        rack.quiet(1000)
        heard = voices(rack.feed(data) + rack.quiet(1000))
        return heard + b"".join(server.feed(data) for server in self.others), 50


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch):
    async def at_once(_ms):
        await asyncio.sleep(0)

    monkeypatch.setattr(asyncio, "sleep_ms", at_once, raising=False)


def rig_of(area, rows, baud=2400, module=None):
    def made(rig):
        return Search(rig.board, rig.kv, rig.add, rig.tell, rig.collector, lambda _line: 2400, module)

    return Rig(made, collector=Lines(area, rows, baud))


def meters_of(area, line=1):
    """Addresses that speak DL/T 645 on the line."""
    found = [meter for meter in Rack(area, line).meters if meter.counter.protocol != "modbus"]
    return [meter.address for meter in found]


def rows_of(addresses, line=1):
    return [row(int(address), line) for address in addresses]


def searched(rig, line=1):
    """{(address, state)} of what a search tells."""
    assert rig.order(3, line=line) == 0
    asyncio.run(rig.until(lambda: rig.told and rig.told[-1][0] == "search_ended"))
    return sorted((dlt645.address_text(body["address"]), body["state"]) for body in rig.records)


def test_where_all_are_archived_nothing_is_told():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, rows_of(known))
    assert searched(rig) == []
    assert rig.told == [("search_ended", {"command": 3, "done": len(known), "failed": 0})]
    assert rig.kv["search"] == 0


def test_unknown_and_missing_meters_are_told():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, [*rows_of(known[2:]), row(987654321098)])
    told = [(known[0], search.UNKNOWN), (known[1], search.UNKNOWN), ("987654321098", search.MISSING)]
    assert searched(rig) == sorted(told)
    assert sum(name == "meter_found" for name, _fields in rig.told) == 2


def test_two_at_one_address_are_told():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, rows_of(known[1:]))
    rig.collector.racks[1].move(known[0], known[1])
    assert (known[1], search.TWICE) in searched(rig)


def test_two_that_answer_one_after_the_other_cost_few_questions():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, rows_of(known[1:]))
    rack = rig.collector.racks[1]
    rack.meter(known[0]).counter.delay_ms, rack.meter(known[1]).counter.delay_ms = 20, 400
    rack.move(known[0], known[1])
    assert searched(rig) == [(known[1], search.TWICE)]
    assert rig.collector.asks < 200


def test_a_mute_meter_is_missing_and_a_late_one_is_not():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, rows_of(known))
    rig.collector.racks[1].meter(known[4]).counter.mute = True
    rig.collector.racks[1].meter(known[5]).counter.late_ms = 400
    assert searched(rig) == [(known[4], search.MISSING)]


def test_meters_of_another_speed_are_found():
    area = area_of(12)
    known = meters_of(area)
    rig = rig_of(area, [], baud=9600)
    assert searched(rig) == [(address, search.UNKNOWN) for address in sorted(known)]


def test_a_meter_of_dlt698_is_found():
    area = area_of(12)
    rig = rig_of(area, rows_of(meters_of(area)))
    address = bytes.fromhex("123456789012")
    rig.collector.others = [Server698("123456789012", {0x40010200: (9, address)})]
    assert searched(rig) == [("123456789012", search.UNKNOWN)]


def test_who_never_stops_talking_ends_the_search_of_a_line_soon():
    area = area_of(12)
    rig = rig_of(area, [])

    async def babble(*_args):
        rig.collector.asks += 1
        return b"\x68\x00\x11" * 20, 5

    rig.collector.raw = babble
    searched(rig)
    assert rig.collector.asks < 2000


def test_the_time_is_bounded_and_a_restart_gives_up():
    area = area_of(12)
    rig = rig_of(area, [])
    rig.order(3, line=0)
    assert rig.order(4, line=0) == REASON_NO["busy"]
    assert rig.room.now() == [[3, 0, 0, 0]]
    again = Rig(
        lambda rig: Search(rig.board, rig.kv, rig.add, rig.tell, rig.collector, lambda _line: 2400),
        kv=rig.kv,
    )
    again.room.tick()
    assert again.told == [("search_ended", {"command": 3, "error": "restart"})]
    for _second in range(search.LASTS_S):
        rig.room.tick()
    asyncio.run(rig.until(lambda: rig.told))
    assert rig.told[-1][1]["error"] == "expired"
    assert rig.collector.asks == 0


def test_the_module_says_who_its_nodes_are():
    class Module:
        async def nodes(self):
            return [row(1, 9)[:6], row(7, 9)[:6]]

        def phase_of(self, address):
            return 3 if address == row(7, 9)[:6] else 0

    rig = rig_of(area_of(12), [row(1, 9), row(2, 9)], module=Module())
    assert searched(rig, 9) == [("000000000002", search.MISSING), ("000000000007", search.UNKNOWN)]
    assert [body["phase"] for body in rig.records if body["state"] == search.UNKNOWN] == [3]
