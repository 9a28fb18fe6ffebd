"""Twelve terminals in the east, one in the west; a hand that lets them speak and fall silent."""

import itertools

import pytest

from station.alarms import life
from station.errors import Invalid
from station.provisioning import add_device
from station.store import alarms, devices, org, settings, users
from station.store.scope import EVERYWHERE, ROOT
from tests.browser.seed import put_event
from tests.unit.station_access.conftest import c, engine, template, tree
from tests.unit.station_access.conftest import settings as home

__all__ = ["c", "engine", "home", "template", "tree"]
AT = 1_790_000_000


@pytest.fixture(name="settings")
def _settings(home):
    return home


class House:
    def __init__(self, c, tree):
        self.c, self.tree, self._seq = c, tree, itertools.count(1)
        self.east = [f"E{n:02}" for n in range(12)]
        for device in [*self.east, "W1"]:
            add_device(c, device, "test", rounds=3)
            devices.change(c, device, unit=tree.west if device == "W1" else tree.east)
            self.seen(device, AT)
        for name, role, unit in (
            ("dan", "duty", ROOT),
            ("eve", "duty", tree.east),
            ("vic", "viewer", tree.west),
        ):
            users.add(c, name, "-", must_change=False, t_s=0)
            org.grant(c, name, role, unit, "test", from_s=0)
        settings.put(c, life.MARK, 0)

    def seen(self, device, t_s):
        devices.set_link(self.c, device, last_seen_s=t_s)

    def all_seen(self, t_s, but=()):
        for device in [*self.east, "W1"]:
            if device not in but:
                self.seen(device, t_s)

    def tell(self, device, name, t_s, t_ok=1, **data):
        put_event(self.c, device, t_s, name, data, next(self._seq), t_ok)

    def work(self, t_s):
        while life.work(self.c, t_s) == life.BATCH:
            pass

    def list(self, state="open", scope=EVERYWHERE, **more):
        return alarms.page(self.c, alarms.Wanted(scope, state, **more), 100)


@pytest.fixture
def house(c, tree):
    return House(c, tree)


@pytest.fixture
def refused():
    """Keys with which a rule refuses."""

    def ask(rule, *arguments, **more):
        with pytest.raises(Invalid) as caught:
            rule(*arguments, **more)
        return [error.key for error in caught.value.errors]

    return ask
