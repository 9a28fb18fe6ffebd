"""The whole way: world, terminal, fault proxy, broker, station, each a process of its own."""

import pytest

from tests.e2e.rig import Rig


@pytest.fixture
def rig(station, world, terminal, dut, net):
    """All running, the first live state stored. `dut` has powered the terminal on, its console open."""
    dut.expect(r"boot .*boot=1", timeout=30)
    running = Rig(station, world, terminal, net)
    running.wait(running.powered, "the first power reading at the station")
    yield running
    running.close()
