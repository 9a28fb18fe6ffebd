"""Each fuzz target, briefly and without atheris: random bytes let nothing but bugs escape."""

import importlib
import random
from pathlib import Path

import pytest

TARGETS = sorted(
    path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in ("run", "test_targets")
)
ROUNDS = 300


@pytest.mark.parametrize("name", TARGETS)
def test_target_takes_any_bytes(name):
    one_input = importlib.import_module(f"tests.fuzz.{name}").one_input
    chance = random.Random(name)
    for _ in range(ROUNDS):
        one_input(chance.randbytes(chance.choice((0, 1, 3, 20, 300))))
