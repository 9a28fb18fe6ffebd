import asyncio

import pytest

from tests.unit.collect_module import rig


@pytest.fixture(autouse=True)
def runner(monkeypatch):
    """One loop for all that a test runs: events belong to theirs."""
    with asyncio.Runner() as made:
        monkeypatch.setattr(rig, "run_in_loop", made.run)
        yield
