"""Each contract of import-linter breaks when one bad import is added to a house that keeps them all."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOMS = (
    "protocols/uplink protocols/lines firmware/area firmware/control firmware/store firmware/hal "
    "firmware/link station/cli station/web station/access station/plans station/store station/ingest "
    "station/commands hil/world"
).split()

# contract id, the file that gets the line, the line
BREACHES = [
    ("protocols", "protocols/lines/x.py", "import firmware.hal.x"),
    ("protocols", "protocols/x.py", "from station.store import x"),
    ("firmware", "firmware/link/x.py", "import station.settings"),
    ("control", "firmware/control/x.py", "from firmware.store import x"),
    ("control", "firmware/control/x.py", "import firmware.terminal"),
    ("area", "firmware/area/x.py", "from firmware.store import x"),
    ("rehearsal", "station/plans/x.py", "from firmware.link import x"),
    ("rehearsal", "station/web/x.py", "import firmware.terminal"),
    ("hil", "station/cli/x.py", "import hil.world.x"),
    ("hil", "firmware/hal/x.py", "import hil.world.x"),
    ("station", "station/store/x.py", "from station.plans import x"),
    ("station", "station/plans/x.py", "import station.web.x"),
    ("station", "station/web/x.py", "import station.cli.x"),
    ("station", "station/settings.py", "import station.store.x"),
    ("flows", "station/ingest/x.py", "import station.commands.x"),
    ("flows", "station/commands/x.py", "from station.access import x"),
    ("flows", "station/ingest/x.py", "import station.web.x"),
    ("doors", "station/web/x.py", "import station.commands.x"),
    ("doors", "station/plans/x.py", "from station.ingest import x"),
    ("mqtt", "station/web/x.py", "import paho.mqtt.client"),
    ("mqtt", "station/plans/x.py", "from paho.mqtt import client"),
]

ALLOWED = [
    ("firmware/link/x.py", "from protocols.uplink import x"),
    ("firmware/terminal.py", "from firmware.control import x"),
    ("station/plans/x.py", "from firmware.control import x"),
    ("station/web/x.py", "from station.plans import x"),
    ("station/ingest/x.py", "import paho.mqtt.client\nfrom station.store import x"),
    ("station/commands/x.py", "from station.store import x\nimport station.settings"),
    ("station/cli/x.py", "import station.ingest.x\nimport station.commands.x\nimport station.web.x"),
    ("hil/world/x.py", "import station.store.x\nimport firmware.terminal\nimport protocols.x"),
]


@pytest.fixture
def house(tmp_path: Path, repo_root: Path) -> Path:
    """Empty rooms under the project's own contracts, every permitted kind of import in place."""
    (tmp_path / "pyproject.toml").write_bytes((repo_root / "pyproject.toml").read_bytes())
    for room in ROOMS:
        folder = tmp_path / room
        folder.mkdir(parents=True)
        for file in (folder / "__init__.py", folder / "x.py", folder.parent / "__init__.py"):
            file.touch()
    for file in ("protocols/x.py", "firmware/terminal.py", "station/settings.py"):
        (tmp_path / file).touch()
    for file, line in ALLOWED:
        (tmp_path / file).write_text(line + "\n")
    return tmp_path


def lint_imports(house: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [Path(sys.executable).with_name("lint-imports"), "--no-cache", *options]
    return subprocess.run(command, cwd=house, capture_output=True, text=True, check=False)


def test_permitted_imports_keep_every_contract(house):
    done = lint_imports(house)
    assert done.returncode == 0, done.stdout
    assert " 0 broken" in done.stdout


@pytest.mark.parametrize(("contract", "file", "line"), BREACHES)
def test_one_bad_import_breaks_its_contract(house, contract, file, line):
    with (house / file).open("a") as f:
        f.write(line + "\n")
    done = lint_imports(house, "--contract", contract)
    assert done.returncode == 1
    assert " 1 broken" in done.stdout, done.stdout


def test_room_without_a_place_breaks_the_layers(house):
    (house / "station/attic").mkdir()
    (house / "station/attic/__init__.py").touch()
    assert lint_imports(house, "--contract", "station").returncode == 1


def test_every_contract_is_proved(repo_root):
    settings = tomllib.loads((repo_root / "pyproject.toml").read_text())["tool"]["importlinter"]
    assert {contract["id"] for contract in settings["contracts"]} == {breach[0] for breach in BREACHES}
