"""The area's carrier module: its network by seed, what it loses, what it starts, and any bytes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from hil.world.area import module as sut
from hil.world.area.module import Module, way
from hil.world.area.served import Rack
from protocols.lines import dlt645
from protocols.lines.gdw3762 import frame, items
from protocols.lines.refused import Refused
from protocols.meters.readers.gdw3762 import Line, Reader
from protocols.meters.readers.gdw3762 import Module as Asking
from protocols.uplink.archive_rows import MODULE
from tests.unit.hil.area_bench import NOON_S, Area, sound

OWN = "000000000001"


class Bench:
    """A module with `behind` meters and, in virtual time, the concentrator's end of its wire."""

    def __init__(self, behind=12, told=True, seed=7, **more):
        self.area = Area(seed, NOON_S, 40, 2, sound(), 0, module=behind)
        homes = {counter.address: home for home in self.area.homes for counter in home.counters}
        meters = [(meter, way(seed, homes[meter.address])) for meter in Rack(self.area, MODULE).meters]
        self.module = Module(seed, meters, **more)
        self.addresses = [meter.address for meter, _way in meters]
        self.line, self.now_ms = Line(OWN), 0
        self.heard, self._framer = [], frame.Framer()  # (ms, frame) of all it says
        if told:
            self.module.nodes.rows = [(address, items.DLT645_2007) for address in self.addresses]

    def run(self, ms, data=b""):
        """Step it whenever it is due; the frames it says within so many ms."""
        end, first = self.now_ms + ms, len(self.heard)
        while True:
            out, wait_ms = self.module.step(self.now_ms, data)
            self.heard += [(self.now_ms, got) for got in self._framer.feed(out)]
            data = b""
            if wait_ms is None or self.now_ms + wait_ms > end:
                self.now_ms = end
                return [got for _ms, got in self.heard[first:]]
            self.now_ms += wait_ms

    def drive(self, steps, most_ms=10_000):
        """What a generator of a Reader returns."""
        got = None
        while True:
            try:
                asked = steps.send(got)
            except StopIteration as end:
                return end.value
            got = next((each for each in self.run(most_ms, asked.data) if not asked.judge(each)), None)

    def ask(self, name, values=None):
        return self.drive(Asking(self.line).ask(name, values), 1)

    def read(self, address, by="forward"):
        """(data or reason, how it was heard)"""
        reader = Reader(address, {"line": self.line, "by": by})
        try:
            return self.drive(reader.read("00010000")), reader.heard
        except Refused as refused:
            return refused.reason, None

    def confirm(self, told):
        self.run(1, self.line.confirm(told))


def joined(**more):
    bench = Bench(**more)
    bench.run(20_000)
    return bench


def names(frames):
    return [items.name_of(each) for each in frames]


def reliable(bench):
    """Nothing is lost, no phase strays."""
    for address, each in bench.module.ways.items():
        bench.module.ways[address] = each._replace(success_e3=1000)
    return bench


# ---- the network


def test_the_same_seed_gives_the_same_network_and_the_same_losses():
    def story(seed):
        bench = joined(seed=seed)
        reads = [bench.read(address) for address in bench.addresses for _ in range(4)]
        return bench.module.truth(), reads, [(ms, tuple(got)) for ms, got in bench.heard]

    assert story(7) == story(7)
    assert story(7)[0]["nodes"] != story(8)[0]["nodes"]


def test_ways_are_many_and_some_phases_are_wrong():
    nodes = [node for seed in range(1, 6) for node in Bench(40, seed=seed).module.truth()["nodes"]]
    assert {0, 1, 2, 3} <= {node["level"] for node in nodes}
    single = [node for node in nodes if node["phase"] < 4]
    wrong = [node for node in single if node["told"] != node["phase"]]
    assert 0 < len(wrong) < len(single) // 5
    assert all(node["told"] == 0 for node in nodes if node["phase"] == 4)
    assert all(900 < node["success_e3"] <= 1000 for node in nodes)


def test_an_answer_says_how_it_came_and_takes_as_long_as_its_hops():
    bench = reliable(joined())
    for address in bench.addresses:
        known, began_ms = bench.module.ways[address], bench.now_ms
        data, heard = bench.read(address)
        assert data not in ("mute", "refused")
        assert (heard.level, heard.answer_signal) == (known.level, known.signal)
        took_ms = (
            next(ms for ms, got in bench.heard if ms >= began_ms and items.name_of(got) == "forward")
            - began_ms
        )
        assert took_ms >= 2 * (known.level + 1) * known.hop_ms


def test_the_phase_it_tells_is_that_of_its_list_but_for_a_few_frames():
    bench = reliable(joined())
    address = next(each for each, known in bench.module.ways.items() if known.told)
    told = [bench.read(address)[1].phase for _ in range(200)]
    right = told.count(bench.module.ways[address].told)
    assert 180 < right < 200


def test_lost_frames_are_as_many_as_the_way_says_and_some_reach_the_meter():
    bench = joined()
    address = bench.addresses[0]
    bench.module.ways[address] = bench.module.ways[address]._replace(success_e3=500)
    answered = [bench.read(address)[0] for _ in range(200)]
    assert 70 < answered.count("mute") < 130
    assert bench.module.lost == answered.count("mute")
    denials = [items.decode(got)["error"] for _ms, got in bench.heard if items.name_of(got) == "deny"]
    assert {items.CODES["meter_silent"], items.CODES["node_silent"]} <= set(denials)


def test_who_is_not_in_the_network_yet_is_denied():
    bench = Bench()
    assert bench.read(bench.addresses[0])[0] == "refused"
    bench.run(20_000)
    assert bench.read(bench.addresses[0])[0] != "refused"
    total = bench.ask("nodes_registered", {"start": 1, "count": 32})["total"]
    assert total == len(bench.addresses)


def test_a_dead_meter_joins_when_it_lives():
    bench = Bench()
    meter = bench.module.world[bench.addresses[0]].meter.served.counter
    meter.mute = True
    bench.run(20_000)
    assert bench.read(bench.addresses[0])[0] == "refused"
    meter.mute = False
    bench.run(sut.LOOK_MS + 1)
    assert bench.read(bench.addresses[0])[0] != "refused"


def test_several_are_carried_at_once():
    bench = reliable(joined())
    wires, at_once = b"", bench.addresses[: bench.module.at_once + 1]
    for n, address in enumerate(at_once, 1):
        data = dlt645.read(address, 0x00010000)
        values = items.encode("concurrent", False, {"protocol": 2, "reserved": 0, "data": data})
        wires += frame.request(frame.CONCURRENT, 1, values, n, (OWN, address))
    got = bench.run(3000, wires)
    assert names(got).count("concurrent") == bench.module.at_once
    assert [items.decode(each)["error"] for each in got if items.name_of(each) == "deny"] == [
        items.CODES["too_many_at_once"]
    ]


# ---- what it starts


def test_it_tells_that_it_starts_until_that_is_confirmed():
    bench = Bench()
    assert names(bench.run(20_000)).count("run_mode") == sut.REPORTS
    heard = Bench()
    first = next(got for got in heard.run(sut.START_MS + 10) if items.name_of(got) == "run_mode")
    heard.confirm(first)
    assert "run_mode" not in names(heard.run(20_000))
    assert items.decode(first)["count"] == len(heard.addresses)


def test_strangers_register_and_are_reported_those_of_its_list_are_not():
    bench = Bench(told=False)
    bench.module.nodes.rows = [(address, items.DLT645_2007) for address in bench.addresses[1:]]
    reports = [got for got in bench.run(20_000) if items.name_of(got) == "report_nodes"]
    found = {node["address"] for got in reports for node in items.decode(got)["nodes"]}
    assert found == {bench.addresses[0]}


def test_a_module_that_leads_asks_for_each_node_until_it_was_told_of_all():
    bench = joined(leads=True)
    bench.heard.clear()
    asked = set()
    for _ in range(200):
        for got in bench.run(sut.ASK_MS):
            if items.name_of(got) == "ask_data":
                asked.add(items.decode(got)["address"])
                empty = {"flag": items.READ_DONE, "delay_related": 0, "data": b"", "attached": []}
                bench.run(1, bench.line.reply(got, "ask_data", empty))
    assert asked == set(bench.addresses)
    assert names([got for _ms, got in bench.heard]).count("report_route") == sut.REPORTS


def test_the_node_that_it_is_told_to_read_is_read_and_reported():
    bench = reliable(joined(leads=True))
    told = next(got for got in bench.run(60_000) if items.name_of(got) == "ask_data")
    address = items.decode(told)["address"]
    values = {"flag": items.READ_THIS, "delay_related": 0, "attached": []}
    values["data"] = dlt645.read(address, 0x00010000)
    got = bench.run(1, bench.line.reply(told, "ask_data", values))
    (report,) = [items.decode(each) for each in got if items.name_of(each) == "report_data"]
    assert dlt645.Framer().feed(report["data"])[0].address == address


# ---- pulled out


def test_pulled_out_it_says_nothing_and_begins_anew_when_it_is_put_in():
    bench = joined()
    bench.module.plug(False)
    bench.module.keep(3)
    assert bench.run(60_000) == []
    assert bench.run(1000, frame.request(3, 4, b"", 1)) == []
    bench.module.plug(True)
    bench.heard.clear()
    assert bench.read(bench.addresses[0])[0] == "refused"
    bench.run(20_000)
    got = [each for _ms, each in bench.heard]
    assert "run_mode" in names(got)
    reports = [items.decode(each)["nodes"] for each in got if items.name_of(each) == "report_nodes"]
    assert {node["address"] for nodes in reports for node in nodes} == set(bench.addresses[3:])
    assert bench.module.truth()["listed"] == bench.addresses[:3]


def test_what_was_under_way_is_lost_with_the_power():
    bench = reliable(joined())
    data = dlt645.read(bench.addresses[0], 0x00010000)
    values = items.encode("forward", False, {"protocol": 2, "delay_related": 0, "attached": [], "data": data})
    bench.run(1, frame.request(0x13, 1, values, 1, (OWN, bench.addresses[0])))
    bench.module.plug(False)
    bench.module.plug(True)
    assert "forward" not in names(bench.run(5000))


# ---- any bytes

KEYS = sorted(items.ITEMS)
ASKED = st.tuples(st.sampled_from(KEYS), st.binary(max_size=60), st.integers(0, 255), st.booleans())


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.one_of(st.binary(max_size=80), ASKED), st.integers(0, 9000)), max_size=8))
def test_any_bytes_and_any_frame_leave_it_alive(said):
    bench = Bench(3, leads=True)
    for each, wait_ms in said:
        if isinstance(each, tuple):
            (afn, fn), data, number, started = each
            each = frame.request(afn, fn, data, number, started=started)
        for got in bench.run(wait_ms, each):
            assert frame.Framer().feed(frame.encode(*got)) == [got]
            items.decode(got)
    bench.run(sut.GAP_MS + 1)
    assert bench.ask("vendor")["vendor"] == "LK"


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=120), st.integers(1, 40))
def test_a_stream_cut_anywhere_is_the_same_stream(noise, size):
    whole, cut = Bench(2), Bench(2)
    data = noise + frame.request(3, 1, b"", 1) + noise + frame.request(3, 4, b"", 2)
    said = whole.run(300, data)
    for at in range(0, len(data), size):
        cut.run(0, data[at : at + size])
    cut.run(300)
    assert [got for _ms, got in cut.heard] == said
