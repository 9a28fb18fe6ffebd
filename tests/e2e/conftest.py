"""The whole way: world, terminal, fault proxy, broker, station, each a process of its own."""

import pytest

from tests.e2e.area_rig import AreaRig
from tests.e2e.rig import Rig

CALM_W = 100_000  # below every setpoint of these tests; by itself the factory follows its working day


@pytest.fixture
def rig(station, world, terminal, dut, net):
    """All running, the first live state stored. `dut` has powered the terminal on, its console open."""
    world.ask(load_w=CALM_W)
    dut.expect(r"boot .*boot=1", timeout=30)
    running = Rig(station, world, terminal, net)
    running.wait(lambda: running.powered() and running.now()["power_w"] <= 1.1 * CALM_W, "a calm load")
    yield running
    running.close()


@pytest.fixture
def area(tmp_path):
    """A concentrator with its simulated area: no power yet, no archive."""
    running = AreaRig(tmp_path)
    yield running
    running.close()
