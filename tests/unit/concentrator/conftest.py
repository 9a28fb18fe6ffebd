"""A whole concentrator on the fake board: real rooms, flash in a folder, nobody on its lines."""

import pytest

from firmware.concentrator import Concentrator
from firmware.hal import fake
from protocols.meters.compile import encoded
from station.profiles import files

SINGLE, THREE = "dlt645-2007-1p", "dlt645-2007-3p"


def document(name) -> str:
    """A profile as an identity carries it."""
    return encoded(files.checked(files.content(name))).hex()


def identity(**changes) -> dict:
    lines = {"1": {"baud": 2400, "format": "8E1"}, "2": {"baud": 9600, "format": "8E1"}}
    return {**fake.IDENTITY, "lines": lines, "profiles": [document(SINGLE), document(THREE)], **changes}


@pytest.fixture
def make(tmp_path):
    """make(**changes of the identity)"""
    made = []

    def build(**changes):
        board = fake.Board(str(tmp_path), None, dict(fake.FACTS, product="concentrator"), identity(**changes))
        board.clock.ok = True
        made.append(Concentrator(board))
        return made[-1]

    yield build
    for device in made:
        device.freezes.close()
        device.kv.close()
        for ring in device.outbox._rings.values():
            ring.close()


@pytest.fixture
def device(make):
    return make()
