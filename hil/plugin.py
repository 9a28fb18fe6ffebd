"""pytest plugin: the rig as fixtures. Load it from the root conftest: `pytest_plugins = ["hil.plugin"]`.

    world      the simulated factory (a process), control by world.ask(...), world.truth()
    broker     a bare MQTT broker                     station   a whole `loadkeeper up`
    net        fault proxy in front of the station's broker, or of `broker` in a test without a station
    identity   the device's keys and broker account; enrolled when the test has a station
    terminal   UnixTerminal, not started: `terminal.start()`, `.kill()`, `.start()` is a power cycle
    dut        the terminal under pytest-embedded: the port is opened first, then power comes on
    bus, wire  PTY pairs (hil.adapters.pty_link); wire is the console between `port` and the DUT

`--board NAME --port PATH` puts a real board in the place of the unix process for tests that use `dut`.
"""

import os

import pytest

from hil.adapters.pty_link import PtyLink

DEVICE = "T0000001"
MULTIPLIER = 80  # CT 400/5, voltage direct
# What the rig can show of each board. A test asks with @pytest.mark.needs("parity") and is skipped by name.
ABLE = {"unix": {"power", "relay_probe", "line_faults", "net_faults", "flash_image", "clock_step"}}
LOG_TAIL = 60  # lines of each log shown when a test fails


def pytest_addoption(parser):
    parser.addoption("--board", default="unix", help="unix, or the name of a board behind --port")


def pytest_configure(config):
    config.addinivalue_line("markers", "needs(*what): skip where the rig cannot do it")


def pytest_runtest_setup(item):
    board = item.config.getoption("--board")
    for marker in item.iter_markers("needs"):
        missing = set(marker.args) - ABLE.get(board, set())
        if missing:
            pytest.skip(f"{board} cannot: {', '.join(sorted(missing))}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """A failed test shows the end of every log the rig wrote for it."""
    outcome = yield
    report = outcome.get_result()
    folder = getattr(item, "funcargs", {}).get("tmp_path")
    if report.failed and folder is not None:
        for log in sorted(folder.glob("**/*.log")):
            lines = log.read_text(errors="replace").splitlines()
            report.sections.append((str(log.relative_to(folder)), "\n".join(lines[-LOG_TAIL:])))


# ---- the rig


@pytest.fixture
def meter_kind():
    """Which meter is on the line: parametrize with "ours", "dlt645" (the public package)."""
    return "ours"


@pytest.fixture
def world(tmp_path, meter_kind):
    from hil.adapters.world import WorldProcess

    running = WorldProcess(tmp_path / "world", meter=meter_kind)
    yield running
    running.stop()


@pytest.fixture
def broker(tmp_path):
    from hil.adapters.broker import Broker

    running = Broker(tmp_path / "broker")
    yield running
    running.stop()


@pytest.fixture
def station(tmp_path):
    from hil.adapters.station import StationProcess

    running = StationProcess(tmp_path / "station")
    try:
        running.start()
        yield running
    finally:
        running.stop()


@pytest.fixture
def net(request):
    from hil.faults.net import NetProxy

    if "station" in request.fixturenames:
        target = request.getfixturevalue("station").mqtt
    else:
        target = request.getfixturevalue("broker").port
    proxy = NetProxy("127.0.0.1", target)
    yield proxy
    proxy.close()


@pytest.fixture
def identity(request):
    if "station" in request.fixturenames:
        station = request.getfixturevalue("station")
        return station.enrol(DEVICE, request.getfixturevalue("world").meter, MULTIPLIER)
    return {
        "device": DEVICE,
        "shard": "00",
        "keys": {"operator": "11" * 32, "approver": "22" * 32},
        "broker": {"user": DEVICE, "password": ""},
        "multiplier": MULTIPLIER,
        "utc_offset_s": 28800,
    }


@pytest.fixture
def terminal(tmp_path, world, net, identity):
    from hil.adapters.unix import UnixTerminal

    device = UnixTerminal(tmp_path / "terminal", world, identity, "127.0.0.1", net.port)
    yield device
    device.kill()


@pytest.fixture
def bus():
    link = PtyLink()
    yield link
    link.close()


@pytest.fixture
def wire():
    link = PtyLink()
    yield link
    link.close()


# ---- pytest-embedded, overridden. Its fixtures run for every test: those without a DUT must cost nothing.


def _wants_dut(request):
    return "dut" in request.fixturenames


@pytest.fixture
def app_path():
    """Its own asks for record_xml_attribute, which warns in every test; we have no app folder to find."""


@pytest.fixture
def embedded_services(request):
    return "serial" if _wants_dut(request) else None


@pytest.fixture
def port(request):
    option = request.config.getoption("--port", default=None)
    if not _wants_dut(request) or request.config.getoption("--board") != "unix":
        return option
    return request.getfixturevalue("wire").near


@pytest.fixture
def dut(dut, request):
    """Power on after pyserial opened the port: its open flushes what came before, the boot line too."""
    if request.config.getoption("--board") != "unix":
        yield dut
        return
    terminal, wire = request.getfixturevalue("terminal"), request.getfixturevalue("wire")
    console = os.open(wire.far, os.O_RDWR | os.O_NOCTTY)
    terminal.console = console  # kept for every later start, so that a power cycle stays on the port
    terminal.start()
    yield dut
    terminal.kill()
    os.close(console)
