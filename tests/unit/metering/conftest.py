"""What these tests share: pauses that are real again after a Rig, and scenes that both runtimes play."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from firmware.metering import poller


@pytest.fixture(autouse=True)
def _real_pauses(monkeypatch):
    """A Rig gives the poller other pauses; whoever comes after it has the real ones again."""
    monkeypatch.setattr(poller, "asyncio", poller.asyncio)


@pytest.fixture(params=["cpython", "micropython"])
def played(request, tmp_path) -> Callable[..., Any]:
    """played(scenes, world, name): what that scene of the module tells in the world of this file."""

    def here(scenes: Any, world: Path, name: str) -> Any:
        told = json.loads(world.read_text())
        return json.loads(json.dumps(asyncio.run(scenes.BY_NAME[name](told, str(tmp_path / name)))))

    def there(scenes: Any, world: Path, name: str) -> Any:
        run = request.getfixturevalue("run_micropython")
        done = run(Path(scenes.__file__), world, name, tmp_path / name, heap="4M", timeout_s=120)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
        return json.loads(done.stdout)

    return here if request.param == "cpython" else there
