"""Terminals in two units of a tree, and three people: who drafts, who approves in the city, who has half."""

import pytest

from protocols import cbor
from protocols.uplink import messages
from station.provisioning import add_device
from station.store import devices, live, org, users
from station.store.scope import ROOT
from tests.browser.seed import now_message
from tests.unit.station_access.conftest import c, engine, settings, template, tree

__all__ = ["c", "engine", "settings", "template", "tree"]


def tell(c, device, **changed):
    now = now_message(1, **changed)
    live.put(c, device, now, cbor.encode(messages.pack(messages.NOW, now)), 1)


@pytest.fixture
def fleet(c, tree):
    """T1 and T2 in the east, T3 in the west."""
    add_device(c, "T3", "test", rounds=3)
    for device, unit in (("T1", tree.east), ("T2", tree.east), ("T3", tree.west)):
        devices.change(c, device, unit=unit)
    people = (("ann", "controller", ROOT), ("bob", "approver", tree.city), ("eva", "approver", tree.east))
    for name, role, unit in people:
        users.add(c, name, "-", must_change=False, t_s=0)
        org.grant(c, name, role, unit, "test", from_s=0)
    return ["T1", "T2", "T3"]
