"""The owner with the area's own module: its meters, losses, reports and restarts, in virtual time."""

import asyncio

import pytest

from firmware.area.plan_duties import OK, ON_DEMAND
from firmware.collect.module import READY
from hil.world.area.module import Module as Simulated
from hil.world.area.module import way
from hil.world.area.served import Rack
from protocols.meters.points import BY_ALIAS
from protocols.uplink import area as contract
from protocols.uplink.archive_rows import MODULE
from tests.unit.collect_module.rig import Port, Rig, text
from tests.unit.hil.area_bench import NOON_S, Area, sound

ENERGY = BY_ALIAS["energy_import_wh"][0]


class Wire(Port):
    """A port with the simulated module at its end, stepped whenever it is due."""

    def __init__(self, clock, module):
        super().__init__(clock, None)
        self.module = module

    def _step(self, data=b""):
        out, self._wait_ms = self.module.step(self._clock.now_ms(), data)
        self._at_ms = self._clock.now_ms()
        if out:
            self.deliver(out, 20)

    def write(self, data):
        self.sent.append(bytes(data))
        self._step(data)
        return len(data)

    async def read(self, timeout_ms):
        """In pieces: what the module says while one waits comes when it says it."""
        await asyncio.sleep(0)
        end = self._clock.now_ms() + timeout_ms
        while True:
            self._step()
            left = end - self._clock.now_ms()
            got = await super().read(min(left, self._wait_ms or left))
            if got or self._clock.now_ms() >= end:
                return got


class Network(Rig):
    """`count` meters of an area behind the module, of which all but the last `strangers` are archived."""

    def __init__(self, count=12, strangers=0, seed=7, **more):
        self.area = Area(seed, NOON_S, 40, 1, sound(), 0, module=count)
        homes = {counter.address: home for home in self.area.homes for counter in home.counters}
        meters = [(meter, way(seed, homes[meter.address])) for meter in Rack(self.area, MODULE).meters]
        self.addresses = [meter.address for meter, _way in meters]
        self.archived = self.addresses[: count - strangers]
        super().__init__(tuple([int(address) for address in self.archived]), phase=0)
        self.simulated = Simulated(seed, meters, self.clock.now_ms(), **more)
        self.server = self.simulated
        self.port = Wire(self.clock, self.simulated)
        self.collector.lines[MODULE].wire._port = self.port

    def pass_s(self, seconds):
        end = self.clock.now_ms() + seconds * 1000
        self.run(lambda: self.clock.now_ms() >= end)

    def read(self, meter):
        return self.run(self.collector.ask_point(meter, ENERGY, ON_DEMAND, 900))

    def lists(self):
        return self.module.phase == READY and self.listed() == set(self.archived)

    def told_of(self, meter):
        """The newest ROUTE record."""
        return [record[4] for record in self.records if record[4]["meter"] == meter][-1]


def ready(**more):
    network = Network(**more)
    network.run(network.lists)
    network.pass_s(30)
    return network


def test_every_meter_is_read_and_its_way_told():
    network = ready()
    for meter in range(1, 13):
        outcomes = [network.read(meter)[0] for _ in range(6)]
        assert outcomes.count(OK) >= 4
    network.pass_s(60)
    for meter, address in enumerate(network.addresses, 1):
        known, told = network.simulated.ways[address], network.told_of(meter)
        assert (told["phase"], told["hops"], told["signal"]) == (known.told, known.level, known.signal)
    assert {record[1] for record in network.records} == {contract.ROUTE}
    network.run(network.lists)
    state = network.module.state()
    assert (state["maker"], state["wanted"], state["told"], state["answering"]) == ("LK SM 0100", 12, 12, 12)
    assert 800 < state["success_e3"] <= 1000


def test_a_meter_is_told_once_and_again_the_next_day():
    network = ready(count=1)
    for _ in range(6):
        network.read(1)
    network.pass_s(60)
    told = len(network.records)
    for _ in range(4):
        network.read(1)
    network.pass_s(600)
    assert len(network.records) == told
    network.clock.set_ms(network.clock.now_ms() + 86_400_000)
    network.pass_s(30)
    assert len(network.records) == told + 1


def test_lost_frames_lower_the_success_that_is_told():
    network = ready(count=2)
    address = network.addresses[0]
    network.simulated.ways[address] = network.simulated.ways[address]._replace(success_e3=300)
    for _ in range(12):
        network.read(1)
        network.read(2)
    worse, better = network.module.heard.row(1)[1], network.module.heard.row(2)[1]
    assert worse < 200 < better


def test_who_registered_by_itself_is_found_with_its_phase():
    network = ready(strangers=3)
    unknown = set(network.addresses[9:])
    network.run(lambda: len(network.module._found) == 3, most_s=900)
    found = {text(int(each[::-1].hex())) for each in network.run(network.module.nodes())}
    assert found == set(network.addresses)
    assert unknown <= found


@pytest.mark.parametrize("kept", [0, 5])
def test_pulled_out_and_put_in_again_its_list_is_mended_and_reading_goes_on(kept):
    network = ready()
    assert network.read(1)[0] == OK
    network.simulated.plug(False)
    network.simulated.keep(kept)
    assert network.read(1)[0] != OK
    network.run(lambda: "carrier_gone" in network.names(), most_s=120)
    network.pass_s(900)
    assert network.read(2)[0] != OK
    next_s = network.module._next_s
    network.simulated.plug(True)
    network.port._step()
    network.run(network.lists)
    assert network.module._run_s < next_s, "it tells that it starts: nobody waits for the next try"
    network.pass_s(30)
    assert network.names() == ["carrier_gone", "carrier_back"]
    assert all(network.read(meter)[0] == OK for meter in range(1, 13))


def test_a_module_that_leads_is_told_to_read_nobody():
    network = ready(leads=True)
    network.run(lambda: network.simulated._ended, most_s=900)
    assert network.simulated._done == set(network.addresses)
    assert not any(node.was_read for node in network.simulated.world.values())


def test_the_denials_of_the_module_are_no_failures_of_the_meter():
    network = ready(count=3)
    assert network.read(1)[0] == OK
    share = network.module.heard.row(1)[1]
    network.simulated.keep(0)
    network.run(network.collector.ask_point(1, ENERGY, ON_DEMAND, 30))
    assert network.module.heard.row(1)[1] >= share
    network.run(network.lists, most_s=60)
