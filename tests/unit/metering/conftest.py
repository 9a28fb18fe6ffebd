"""A Rig gives the poller other pauses; whoever comes after it has the real ones again."""

import pytest

from firmware.metering import poller


@pytest.fixture(autouse=True)
def _real_pauses(monkeypatch):
    monkeypatch.setattr(poller, "asyncio", poller.asyncio)
