"""What every test may use: the root of the project, and the device's interpreter."""

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["hil.plugin"]  # the rig; from here, as pytest takes plugins only from the topmost conftest

settings.register_profile("house", deadline=None)  # a busy machine is slow, not wrong
settings.load_profile("house")

ROOT = Path(__file__).resolve().parent.parent
MICROPYTHON = Path(sys.executable).with_name("micropython")


def pytest_collection_finish():
    """The firmware collects garbage at rest points. Here it would walk all modules of the tests."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def repo_root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def run_micropython():
    """Run a script on MicroPython: `run_micropython("tests/vectors/run.py", "cbor.json", heap="192K")`.

    `path` are folders to import from (default: the source tree), `timeout_s` a limit of wall time.
    Returns the ended process with its `stdout` and `stderr` as text; the caller checks `returncode`.
    """
    if not MICROPYTHON.exists():
        pytest.skip("no MicroPython wheel for this platform")

    def run(
        script, *args, heap="2M", path=(ROOT,), timeout_s=60, cwd=ROOT
    ) -> subprocess.CompletedProcess[str]:
        command = [str(MICROPYTHON), "-X", f"heapsize={heap}", str(script), *map(str, args)]
        environment = {**os.environ, "MICROPYPATH": ":".join([*map(str, path), ".frozen"])}
        return subprocess.run(
            command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    return run
