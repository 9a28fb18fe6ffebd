"""Jobs of the planner become exchanges, values and outcomes."""

import asyncio

from firmware.area.archive import PREPAID
from firmware.area.plan_duties import (
    ALL,
    DAY_FREEZE,
    DAY_S,
    EMPTY,
    ENERGY,
    LOCAL,
    MUTE,
    OK,
    ON_DEMAND,
    POLL,
    REFUSED,
    STATUS,
    VERIFY,
    WHOLE_DAY,
    Duty,
)
from firmware.collect import reads
from protocols.lines import dlt645
from tests.unit.area.meters import MIDNIGHT_S, row
from tests.unit.collect_lines.bench import OFFSET_S, Bench, address, profile

BY = {"password": "000000", "operator": "00000000"}
DAILY = LOCAL[:1]
POLLED = (Duty(4, (STATUS,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0),)
LABELS = {1: ((26, 1, 1), 4321), 2: ((25, 12, 31), 4300), 3: ((25, 12, 29), 4200)}


def labels(of):
    return {back: ((*day, 0, 0), wh) for back, (day, wh) in of.items()}


def test_the_freeze_of_the_day_is_read_from_the_meters_own():
    bench = Bench(3, duties=DAILY, start_s=MIDNIGHT_S - DAY_S + 300)
    bench.rack.frozen = {1: LABELS[2]}
    bench.rack.dead.add(address(2))
    bench.run(lambda: len(bench.values) == 2)
    bench.clock.advance(DAY_S * 1000)
    bench.rack.frozen = LABELS
    bench.rack.dead.clear()
    bench.run(lambda: len(bench.values) == 6)
    today = {each[0]: each[2][320] for each in bench.values if each[4] == MIDNIGHT_S}
    assert today == {1: 43210, 2: 43210, 3: 43210}
    before = {each[0]: each[2][320] for each in bench.values if each[4] == MIDNIGHT_S - DAY_S}
    assert before == {1: 43000, 2: 43000, 3: 43000}, "of the second from its second last"


def test_a_freeze_of_another_day_is_never_taken_for_this():
    bench = Bench(1, duties=DAILY)
    bench.rack.frozen = {1: ((25, 12, 31), 4300)}
    bench.run(lambda: len(bench.rack.heard) > 8, 4 * 3600 * 1000)
    assert len(bench.rack.heard) > 8, "asked again and again"
    assert bench.values == []
    assert bench.run(bench.collector.freeze(1, MIDNIGHT_S - DAY_S - OFFSET_S))[1][320] == 43000


def test_a_meter_that_missed_a_midnight_is_asked_by_label():
    bench = Bench(1)
    bench.rack.frozen = LABELS
    midnight_s = MIDNIGHT_S - 3 * DAY_S - OFFSET_S
    outcome, values = bench.run(bench.collector.freeze(1, midnight_s))
    assert (outcome, values[320]) == (OK, 42000)
    outcome, values = bench.run(bench.collector.freeze(1, midnight_s + DAY_S))
    assert (outcome, values) == (EMPTY, {}), "that night it had no power"


def test_no_freeze_in_the_profile_is_refused():
    bench = Bench(1, duties=DAILY, profiles={0: profile("dlt645-1997")})
    bench.run(lambda: bench.gaps)
    assert bench.gaps[0][5] == REFUSED
    assert bench.run(bench.collector.freeze(1, MIDNIGHT_S - OFFSET_S)) == (9, {})


def test_a_block_that_is_refused_comes_in_singles_from_then_on():
    voltages = Duty(16, (16,), POLL, 900, WHOLE_DAY, 2, 900, ALL, 0)
    bench = Bench(1, duties=())
    bench.rack.refused.add((address(1), 0x0201FF00))
    bench.collector.take([[16, 1, 3, 900, 0, DAY_S, 2, 900, 0, 0, 0]])
    assert bench.collector.duties == (voltages,)
    bench.run(lambda: bench.values)
    assert bench.values == [(1, 16, {1: 2301}, 16, MIDNIGHT_S)]
    del bench.values[:], bench.rack.heard[:]
    bench.clock.advance(900000)
    bench.run(lambda: bench.values)
    assert [each[2] for each in bench.rack.heard] == [0x02010100]


def test_a_point_that_the_profile_has_not_is_told_so():
    bench = Bench(1)
    assert bench.run(bench.collector.ask_point(1, 3300, ON_DEMAND, 60)) == (9, {})
    assert bench.run(bench.collector.ask_point(1000, 1, ON_DEMAND, 60))[0] == 7
    assert bench.run(bench.collector.ask_point(1, 8, ON_DEMAND, 60))[1][8] == 11000
    bench.rack.dead.add(address(1))
    assert bench.run(bench.collector.ask_point(1, 8, ON_DEMAND, 60)) == (MUTE, {})
    assert bench.values == [] or all(each[3] for each in bench.values), "what was asked for goes to the asker"


def test_asked_values_come_though_the_clock_is_not_trusted():
    bench = Bench(1)
    bench.clock.ok = False
    assert bench.run(bench.collector.ask(1, STATUS, VERIFY, 60))[0] == OK
    assert bench.values == []


def test_a_control_goes_once_and_is_verified_by_reading():
    bench = Bench(2, duties=POLLED)
    assert bench.run(bench.collector.control(1, "trip", BY)) == ""
    assert bench.run(bench.collector.ask(1, STATUS, VERIFY, 60))[1][55] == 0
    assert [each[0] for each in bench.rack.heard if each[1] == dlt645.CONTROL] == [address(1)]


def test_a_control_that_is_lost_is_never_repeated():
    bench = Bench(1, duties=())
    bench.rack.dead.add(address(1))
    assert bench.run(bench.collector.control(1, "trip", BY)) == "mute"
    assert len(bench.rack.heard) == 1
    assert bench.run(bench.collector.control(1, "explode", {})) == "no_such_item"
    assert bench.run(bench.collector.control(1, "trip", {"colour": 1})) == "faulty"
    assert bench.run(bench.collector.control(9, "trip", {})) == "removed"
    assert len(bench.rack.heard) == 1


def test_a_control_for_a_meter_whose_row_is_anothers_now_is_not_sent():
    bench = Bench(2, duties=())

    async def work():
        line = bench.collector.lines[1]
        at = bench.collector.control(1, "trip", BY)

        async def gone():
            assert bench.archive.put(1, row(77)) == []

        first = asyncio.create_task(line.order(0, gone, 1000))
        await asyncio.sleep(0)
        return await at, await first

    assert bench.run(work())[0] == "removed"
    assert bench.rack.heard == []


def test_an_order_goes_between_the_exchanges_of_one_read():
    bench = Bench(1, duties=POLLED)
    sent = []

    first = bench.rack.replies

    def replies(frame):
        out = first(frame)
        sent.append(frame.control)
        if len(sent) == 1:
            asyncio.get_running_loop().create_task(bench.collector.control(1, "trip", BY))
        return out

    bench.rack.replies = replies
    bench.run(lambda: bench.values)
    assert sent[:3] == [dlt645.READ, dlt645.CONTROL, dlt645.READ]


def test_bytes_as_they_are():
    bench = Bench(1, duties=())
    data = dlt645.read(address(1), 0x02010100)
    answer, took_ms = bench.run(bench.collector.raw(1, data, 1000))
    assert dlt645.Framer().feed(answer)[0].address == address(1)
    assert 40 <= took_ms <= 60
    assert bench.run(bench.collector.raw(1, b"\x00", 500)) == (b"", 0)
    assert bench.run(bench.collector.raw(3, data, 500)) == (b"", 0)


def test_a_line_that_is_ours_waits_for_its_broadcast():
    bench = Bench(1, duties=POLLED)

    async def send():
        assert await bench.collector.alone(1)
        heard = len(bench.rack.heard)
        assert await bench.collector.broadcast(1, dlt645.broadcast_time(2026, 1, 1, 0, 5, 0))
        return [each[1] for each in bench.rack.heard[heard:]]

    assert bench.run(send())[0] == dlt645.BROADCAST_TIME
    bench.run(lambda: bench.values)


def test_numbers_of_reads_do_not_meet():
    assert reads.frozen_day(reads.DAY + 20454, 0) == 20454
    assert reads.frozen_day(reads.POINT + 3326, 0) == 0
    assert reads.frozen_day(DAY_FREEZE, MIDNIGHT_S) == MIDNIGHT_S // DAY_S
    assert reads.frozen_back("dlt645-2007", "05060101", 3) == "05060103"
    assert reads.frozen_back("dlt645-2007", "05060101", 63) == ""


def test_prepaid_meters_show_their_energy_each_quarter_without_being_told_and_others_do_not():
    bench = Bench(4, duties=(LOCAL[4],), start_s=MIDNIGHT_S + 3600)
    bench.archive.put(2, row(2, flags=PREPAID))
    bench.collector.reload_rows([2])
    bench.run(lambda: len(bench.values) == 3, most_ms=3 * 900000)
    assert [each[:2] + each[3:] for each in bench.values] == [
        (2, ENERGY, 5, MIDNIGHT_S + 3600 + quarter * 900) for quarter in range(3)
    ]
    assert all(list(values) == [320, 321, 322, 323, 324] for _m, _r, values, *_rest in bench.values)
    assert len(bench.rack.heard) == 3, "the total comes with the tariffs"
    assert bench.gaps == []
