"""What the tests of the area share: a known Saturday, and its meters read through their rack in no time."""

import json

import pytest

from hil.world.area.area import Area
from hil.world.area.counter import MWS_PER_WH
from hil.world.area.population import counts_for
from hil.world.area.served import CATALOGUE, Rack
from protocols import cbor
from protocols.lines import dlt645, modbus
from protocols.meters import compile as compiling
from protocols.meters import interpret, links
from protocols.meters.points import BY_ALIAS

MIDNIGHT_S = 1763740800  # 2025-11-22 00:00 in China
NOON_S = MIDNIGHT_S + 12 * 3600
TODAY = (MIDNIGHT_S + 28800) // 86400
QUIET = 1000  # ms
NO_FAULTS = dict.fromkeys(counts_for(0), 0)


def sound(**faults):
    """Counts for Area: nothing wrong but `faults`."""
    return NO_FAULTS | faults


def area_of(hours=0, meters=30, lines=1, history_days=0, seed=7, **faults):
    """An area so many hours after the known midnight, in which nothing is wrong but `faults`."""
    area = Area(seed, MIDNIGHT_S, meters, lines, sound(**faults), history_days)
    area.advance(MIDNIGHT_S + hours * 3600)
    return area


def drive(rack, generator):
    """What a generator of a Reader returns, asked of the rack; each answer is judged as on a line."""
    try:
        asked = next(generator)
        while True:
            rack.quiet(QUIET)
            asked = generator.send(_first_good(rack.feed(asked.data) + rack.quiet(QUIET), asked))
    except StopIteration as stop:
        return stop.value


def _first_good(replies, asked):
    for reply in replies:
        for framer in (dlt645.Framer(), modbus.Framer()):
            for frame in framer.feed(reply.data):
                if asked.judge(frame) == "":
                    return frame
    return None


def energy_wh(area, home):
    return area.seen(home).energy_wh()[0]


def wh(mws):
    return mws // MWS_PER_WH


def having(area, test):
    """The homes for which `test` holds; there is at least one."""
    found = [home for home in area.homes if test(home)]
    assert found
    return found


SECRETS = {"level": 2, "password": "000000", "operator": "00000001"}


def profile(name):
    document = json.loads(CATALOGUE.joinpath(name + ".json").read_text(encoding="utf-8"))
    return interpret.Profile(cbor.decode(compiling.encoded(document)))


def point(value_of, alias):
    return value_of[BY_ALIAS[alias][0]]


class Bench:
    """One rack of an area, and a concentrator's way to its meters."""

    def __init__(self, area, line=1):
        self.area, self.rack = area, Rack(area, line)

    def read(self, address, request, name="dlt645-2007-1p"):
        """{point number: value} of one read of a profile."""
        meter = profile(name)
        reader = links.reader(meter.link).Reader(str(int(address)) if meter.link == "modbus" else address, {})
        return meter.decode(meter.index(request), drive(self.rack, reader.read(request)))

    def control(self, home, name, ahead_min=5):
        y, mo, d, h, mi, s = self.area.seen(home).now
        mi += ahead_min
        until = (y, mo, d, h + mi // 60, mi % 60, s)
        reader = links.reader("dlt645-2007").Reader(home.counter.address, {})
        return drive(self.rack, reader.control(name, SECRETS | {"valid_until": until, "n2": 0}))

    def contact(self, home):
        return point(self.read(home.counter.address, "04000503"), "relay_state")

    def power_dw(self, home):
        return point(self.read(home.counter.address, "02030000"), "power_dw")


@pytest.fixture
def bench():
    return Bench(area_of(12))


@pytest.fixture
def home(bench):
    return having(bench.area, lambda home: home.prepaid)[0]
