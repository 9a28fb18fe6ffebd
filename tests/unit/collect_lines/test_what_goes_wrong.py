"""Whatever one meter, Reader, profile, room or port does wrong, the rest of the line goes on."""

import asyncio

from firmware.area.plan_duties import ALL, GARBLED, MUTE, POLL, STATUS, VERIFY, WHOLE_DAY, Duty
from firmware.metering.bus import CLASH, REPLY_MAX_MS
from protocols.meters import links
from protocols.meters.readers.ask import ask
from tests.unit.collect_lines.bench import Bench, address

POLLED = (Duty(4, (STATUS,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0),)
BAD = 2
BY = {"password": "000000", "operator": "00000000"}


class Raises:
    """A Reader whose judge, framer or generator fails."""

    class FRAMER:
        bad = 0

        def feed(self, _data):
            raise ValueError("framer")

        quiet = feed

    def __init__(self, where):
        self.where = where
        if where != "framer":
            self.FRAMER = links.reader("dlt645-2007").Reader.FRAMER

    def read(self, _request):
        if self.where == "generator":
            raise KeyError("generator")
        yield ask(
            b"\xfe\xfe\x68" + bytes.fromhex("010000000000") + b"\x68\x11\x04\x36\x38\x33\x37", self.judge
        )

    def judge(self, _frame):
        raise TypeError("judge")


def others(bench, meters=4):
    """Values of all but one meter have come."""
    return {each[0] for each in bench.values} >= set(range(1, meters + 1)) - {BAD}


def spoilt(where, monkeypatch):
    bench = Bench(4, duties=POLLED)
    line = bench.collector.lines[1]
    real = line._reader

    def reader(meter, profile, digits):
        return Raises(where) if meter == BAD else real(meter, profile, digits)

    monkeypatch.setattr(line, "_reader", reader)
    bench.run(lambda: others(bench) and line.faults)
    assert others(bench)
    assert BAD not in {each[0] for each in bench.values}
    return bench


def test_a_reader_that_raises(monkeypatch):
    assert spoilt("generator", monkeypatch).collector.lines[1].faults > 0


def test_a_framer_that_raises(monkeypatch):
    bench = Bench(4, duties=POLLED)
    line, port = bench.collector.lines[1], bench.ports[1]
    real, write = line._reader, port.write

    def answered(data):
        port.deliver(b"\x68", 60)
        return write(data)

    monkeypatch.setattr(
        line,
        "_reader",
        lambda meter, profile, digits: Raises("framer") if meter == BAD else real(meter, profile, digits),
    )
    monkeypatch.setattr(port, "write", answered)
    bench.run(lambda: others(bench) and line.faults)
    assert others(bench)
    assert line.faults


def test_a_meter_that_is_mute_or_spoilt():
    for kind, outcome in (("dead", MUTE), ("garbled", GARBLED)):
        bench = Bench(4, duties=POLLED)
        getattr(bench.rack, kind).add(address(BAD))
        bench.run(lambda bench=bench: others(bench))
        assert others(bench)
        assert bench.run(bench.collector.ask(BAD, STATUS, VERIFY, 60))[0] == outcome


def test_a_late_answer_is_none_of_the_next_meters():
    bench = Bench(4, duties=POLLED)
    bench.ports[1].late[address(BAD)] = 700
    bench.run(lambda: others(bench))
    assert others(bench)
    assert all(set(each[2]) >= {48, 50, 55} for each in bench.values)


def test_two_meters_on_one_address_give_no_value():
    bench = Bench(2, duties=POLLED)
    bench.rack.twice.add(address(BAD))
    outcomes = [bench.run(bench.collector.ask_point(BAD, 1, VERIFY, 60))[0] for _ in range(4)]
    assert outcomes[-1] == GARBLED
    assert bench.run(bench.collector.ask_point(1, 1, VERIFY, 60))[0] == 0
    wire = bench.collector.lines[1].wire
    assert wire.clashes >= 2
    bench.run(bench.collector.ask_point(BAD, 1, VERIFY, 60))
    assert wire.trouble_now == CLASH


def test_a_lost_port_costs_its_own_line_alone():
    bench = Bench(4, 2, duties=POLLED)
    bench.ports[1].lost = True
    bench.run(lambda: {each[0] for each in bench.values} >= {3, 4})
    assert {each[0] for each in bench.values} == {3, 4}
    assert bench.run(bench.collector.ask(1, STATUS, VERIFY, 60))[0] == MUTE


def test_a_line_whose_port_comes_back_goes_on():
    bench = Bench(2, duties=POLLED)
    bench.ports[1].lost = True
    bench.run(lambda: bench.collector.lines[1].faults > 3)
    bench.ports[1].lost = False
    bench.run(lambda: {each[0] for each in bench.values} == {1, 2}, 2 * 3600 * 1000)
    assert {each[0] for each in bench.values} == {1, 2}


def test_a_babbler_holds_no_exchange_longer_than_one_may_take():
    bench = Bench(2, duties=POLLED)
    bench.ports[1].babbles = True
    began_ms = bench.clock.now_ms()
    assert bench.run(bench.collector.ask(1, STATUS, VERIFY, 600))[0] == GARBLED
    assert bench.clock.now_ms() - began_ms <= 4 * (REPLY_MAX_MS + 500), "two tries, behind one of the plan"
    bench.ports[1].babbles = False
    assert bench.run(bench.collector.ask(1, STATUS, VERIFY, 600))[0] == 0


def test_a_room_that_raises_ends_no_line():
    bench = Bench(4, duties=POLLED)
    seen = []

    def heard(meter, *_more):
        seen.append(meter)
        raise OSError("flash")

    bench.collector.heard = heard
    bench.run(lambda: len(seen) == 4)
    assert sorted(seen) == [1, 2, 3, 4]
    assert bench.collector.lines[1].faults == 4


def test_an_order_whose_asker_went_away_is_never_begun():
    bench = Bench(1, duties=())
    sent = bench.ports[1].sent

    async def work():
        assert await bench.collector.alone(1)
        asker = asyncio.create_task(bench.collector.control(1, "trip", BY))
        await asyncio.sleep(0)
        asker.cancel()
        await bench.collector.broadcast(1, b"\x16")
        return await bench.collector.ask_point(1, 1, VERIFY, 60)

    assert bench.run(work())[0] == 0
    assert len(sent) == 2, "the broadcast and the reading, no control"


def test_nothing_is_kept_of_a_meter():
    bench = Bench(60, duties=POLLED)
    bench.rack.dead = {address(each) for each in range(1, 60, 3)}
    bench.run(lambda: len({each[0] for each in bench.values}) >= 40)
    wire = bench.collector.lines[1].wire
    assert not wire._turn_ms
    assert not wire.trouble
    assert not wire._seconds


def test_meters_without_profile_or_module_are_waited_for():
    bench = Bench(3, duties=POLLED)
    profiles = bench.collector.profiles
    own = profiles.pop(0)
    bench.run(lambda: bench.clock.now_ms() % 100000 > 90000, 100000)
    assert bench.values == []
    assert bench.gaps == []
    profiles[0] = own
    bench.run(lambda: len(bench.values) == 3, 2000000)
    assert len(bench.values) >= 3
