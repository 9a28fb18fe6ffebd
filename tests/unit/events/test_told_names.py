"""Read from the source: every event that is told has a code, every field a number, and every code is told."""

import ast
from pathlib import Path

import pytest

from firmware.metering import rules
from protocols.uplink.area import EVENT_CODE, EVENT_FIELDS, EVENTS

FIRMWARE = Path(__file__).parents[3] / "firmware"
TELLERS = {"tell", "_tell", "_say", "_moment"}  # calls with an event name or its fields
LISTS = {"events", "_told"}  # what is appended here is told later
CARRIERS = {"data", "fields"}  # names that hold the fields of an event
NO_EVENTS = ("link", "store", "hal", "update")  # `data` is something else there
NOT_TOLD = {"ago_s"}  # moves the time of the event
UNSEEN = {"magnetic_field"}  # kept for its 376.1 number: no meter profile reads that counter
FIELDS = {name for _no, name in EVENT_FIELDS.items()} | NOT_TOLD


def sources():
    for path in sorted(FIRMWARE.rglob("*.py")):
        if path.relative_to(FIRMWARE).parts[0] not in NO_EVENTS:
            yield path, ast.parse(path.read_text())


def told(node):
    """The expressions that a call tells, [] when it tells nothing."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    if node.func.attr in TELLERS:
        return node.args
    owner = node.func.value
    name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
    if node.func.attr != "append" or name not in LISTS:
        return []
    return node.args[0].elts if isinstance(node.args[0], ast.Tuple) else node.args


def texts(node):
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def keys(node):
    """Literal keys of every map inside an expression."""
    maps = [each for each in ast.walk(node) if isinstance(each, ast.Dict)]
    return [text for each in maps for key in each.keys if key for text in texts(key)]


def names():
    """(file, name) of each event told by a literal."""
    for path, tree in sources():
        for node in ast.walk(tree):
            for expression in told(node)[:1]:
                for text in texts(expression):
                    yield path.name, text


def fields():
    """(file, field) of each event."""
    for path, tree in sources():
        for node in ast.walk(tree):
            found = [key for expression in told(node) for key in keys(expression)]
            if isinstance(node, ast.Assign):
                target = node.targets[0]
                if isinstance(target, ast.Name) and target.id in CARRIERS:
                    found += keys(node.value)
                if isinstance(target, ast.Subscript) and getattr(target.value, "id", "") in CARRIERS:
                    found += texts(target.slice)
            yield from ((path.name, field) for field in found)


def test_enough_is_found_to_mean_something():
    assert len(list(names())) >= 25
    assert len(list(fields())) >= 60
    assert {"power.py", "watch.py", "points.py", "archives.py"} <= {name for name, _field in fields()}


@pytest.mark.parametrize("case", sorted(set(names())), ids="-".join)
def test_each_name_has_a_code(case):
    assert case[1] in EVENT_CODE


@pytest.mark.parametrize("case", sorted(set(fields())), ids="-".join)
def test_each_field_has_a_number(case):
    assert case[1] in FIELDS


def test_each_rule_tells_an_event_of_the_table():
    assert {row[1] for row in rules.rows() if row[1]} <= set(EVENTS)


def test_no_code_is_promised_that_nothing_tells():
    """A literal anywhere counts, since some names are chosen before they are told; rules tell by number."""
    literals = {
        node.value for _path, tree in sources() for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    numbers = {row[1] for row in rules.rows()}
    assert [name for no, name in EVENTS.items() if name not in literals and no not in numbers] == list(UNSEEN)
