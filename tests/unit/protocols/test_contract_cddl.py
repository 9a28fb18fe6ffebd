"""contract.cddl and messages.py say the same, and pycddl judges by it what we send."""

import json
import re
from pathlib import Path

import cbor2
import pycddl
import pytest

from protocols.uplink import area, messages
from tests.vectors import make

CONTRACT = Path(messages.__file__).with_name("contract.cddl").read_text(encoding="utf-8")
FIELD = re.compile(r"^  (\? )?(\d+): (.+),\s+; (\w+)$", re.MULTILINE)
KIND = re.compile(r"^    5: (\d+), 6: ([a-z-]+)-params", re.MULTILINE)
WHOLE = ("HELLO", "BATCH", "NOW", "NOW_AREA", "MODULE_NOW", "WELCOME", "MARK", "COMMAND")
SCHEMAS = {
    name: getattr(room, name)
    for room in (messages, area)
    for name in dir(room)
    if name.endswith(("_BODY", "_PARAMS")) or name in WHOLE
}


def rule_body(name: str) -> str:
    """What stands behind `name =`: up to the closing brace of a rule of several lines, else the line."""
    found = re.search(rf"^{name} = (\{{\n.*?^\}}|[^;\n]+)", CONTRACT, re.MULTILINE | re.DOTALL)
    assert found, f"no rule {name}"
    return found[1].strip()


def letter(cddl: str) -> str:
    """The type letter of messages.py for a CDDL type; named types are followed."""
    for start, kind in (("[", "l"), ("{", "m"), ("tstr", "t"), ('"', "t"), ("bstr", "b"), ("(int", "i")):
        if cddl.startswith(start):
            return kind
    if cddl == "int / null":
        return "n"
    if cddl == "int":
        return "i"
    if cddl == "uint" or re.fullmatch(r"[\d. /]+", cddl):
        return "u"
    return letter(rule_body(cddl))


def fields(schema: str) -> set:
    body = rule_body(schema.lower().replace("_", "-"))
    found = {(int(no), field, letter(kind), not may) for may, no, kind, field in FIELD.findall(body)}
    if schema == "COMMAND":
        found |= {(5, "kind", "u", True), (6, "params", "m", True)}
    return found


@pytest.mark.parametrize("schema", SCHEMAS)
def test_every_field_stands_in_both(schema):
    assert fields(schema) == set(messages.rows(SCHEMAS[schema]))


def test_every_rule_with_fields_is_a_schema():
    named = {m[1] for m in re.finditer(r"^([a-z0-9-]+) = \{\n", CONTRACT, re.MULTILINE)}
    assert named == {name.lower().replace("_", "-") for name in SCHEMAS}


def test_command_kinds_are_the_same():
    kinds = {int(no): name.replace("-", "_") for no, name in KIND.findall(rule_body("command"))}
    assert kinds == dict(area.COMMAND_NAMES.items())


def test_record_kinds_are_the_same():
    found = re.findall(r"^([a-z]+)-record = \[kind: (\d+), .*body: ([a-z]+)-body\]", CONTRACT, re.MULTILINE)
    assert {int(no): name for name, no, _body in found} == dict(area.RECORD_NAMES.items())
    shared = {"monthly": "daily", "billing": "daily"}
    assert all(body == shared.get(name, name) for name, _no, body in found)


def judge(rule: str):
    return pycddl.Schema(f"root = {rule}\n{CONTRACT}").validate_cbor


GOLDEN = [case for case in json.loads(make.TARGET.read_text(encoding="utf-8")) if "b" in case.get("want", ())]
SEALED = {"hi": "sealed-welcome", "mark": "sealed-mark", "cmd": "sealed-command"}


def rule_of(case: dict) -> str:
    return SEALED[case["leaf"]] if case["do"] == "seal" else case["schema"].lower().replace("_", "-")


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: f"{case['do']} {case['name']}")
def test_pycddl_accepts_the_golden_vectors(case):
    judge(rule_of(case))(bytes.fromhex(case["want"]["b"]))


def test_pycddl_accepts_unknown_keys():
    hello = cbor2.loads(bytes.fromhex(golden("pack", "hello")))
    judge("hello")(cbor2.dumps(hello | {99: [1], -1: None}))


def golden(do: str, name: str) -> str:
    return next(case["want"]["b"] for case in GOLDEN if case["do"] == do and case["name"] == name)


def schema_of(case: dict) -> str:
    return getattr(messages, case["schema"])


def wrong(value):
    """A value of another type."""
    return 7 if isinstance(value, str) else "text"


@pytest.mark.parametrize("case", [c for c in GOLDEN if c["do"] == "pack"], ids=lambda case: case["name"])
def test_pycddl_refuses_a_missing_or_mistyped_field(case):
    check = judge(rule_of(case))
    wire = cbor2.loads(bytes.fromhex(case["want"]["b"]))
    optional = {key for key, _field, _kind, need in messages.rows(schema_of(case)) if not need}
    for key in wire:
        without = cbor2.dumps({k: v for k, v in wire.items() if k != key})
        if key in optional:
            check(without)
        else:
            with pytest.raises(pycddl.ValidationError):
                check(without)
        with pytest.raises(pycddl.ValidationError):
            check(cbor2.dumps(wire | {key: wrong(wire[key])}))


BROKEN = [
    ("hello", "hello", {0: 2}),
    ("hello", "hello", {1: "T 1"}),
    ("hello", "hello", {1: "T" * 25}),
    ("hello", "hello", {2: b"1234567"}),
    ("hello", "hello", {6: "toaster"}),
    ("hello", "hello", {9: 2}),
    ("hello", "hello", {11: {1: "1"}}),
    ("now", "now", {10: [[1, 2]]}),
    ("now", "now", {11: 6}),
    ("now", "now", {18: [[1, 2, 3]]}),
    ("now", "now", {14: {1: 1.5}}),
    ("now", "now", {15: [[1, 2, b""]]}),
    ("batch of every record kind", "batch", {4: [[1, 0, 1, {1: 5}]]}),
    ("batch of every record kind", "batch", {4: [[3, 0, 1, {1: 1, 2: 2, 3: "x"}]]}),
    ("batch of every record kind", "batch", {4: [[1, 0, 1]]}),
    ("params of trip", "trip-params", {2: 901}),
    ("params of period_plan", "period-plan-params", {1: bytes(11)}),
    ("params of period_plan", "period-plan-params", {2: []}),
    ("params of period_plan", "period-plan-params", {2: [1] * 9}),
    ("params of period_plan", "period-plan-params", {3: 80}),
    ("params of period_plan", "period-plan-params", {3: -80}),
    ("params of period_plan", "period-plan-params", {7: 0}),
    ("params of purchase", "purchase-params", {2: 1}),
    ("params of guarantee", "guarantee-params", {1: 2}),
    ("params of release", "release-params", {1: 1}),
    ("params of release", "release-params", {2: 9}),
    ("params of factory_rest", "factory-rest-params", {2: 1440}),
    ("params of factory_rest", "factory-rest-params", {4: 0}),
    ("params of business_stop", "business-stop-params", {10: 0}),
    ("params of down_float", "down-float-params", {2: 299}),
    ("params of month_energy", "month-energy-params", {3: 101}),
    ("params of period_enable", "period-enable-params", {2: 3}),
    ("params of exclusion", "exclusion-params", {1: 2}),
    ("params of fee_order", "fee-order-params", {2: 0}),
    ("params of reminder", "reminder-params", {2: 1 << 24}),
    ("params of message", "message-params", {1: 9}),
    ("params of parameters", "parameters-params", {1: 0}),
    ("params of meter_change", "meter-change-params", {1: 0}),
]


@pytest.mark.parametrize(("name", "rule", "change"), BROKEN, ids=lambda value: str(value))
def test_pycddl_refuses_a_value_out_of_range(name, rule, change):
    wire = cbor2.loads(bytes.fromhex(golden("pack", name)))
    judge(rule)(cbor2.dumps(wire))
    with pytest.raises(pycddl.ValidationError):
        judge(rule)(cbor2.dumps(wire | change))


def test_pycddl_refuses_a_command_with_the_params_of_another():
    body = make.command(messages.TRIP)
    judge("command")(cbor2.dumps(body))
    for change in ({5: messages.PURCHASE}, {5: 99}, {6: {}}):
        with pytest.raises(pycddl.ValidationError):
            judge("command")(cbor2.dumps(body | change))


def test_pycddl_refuses_a_broken_seal():
    wire = cbor2.loads(bytes.fromhex(golden("seal", "sealed trip with two MACs")))
    judge("sealed-command")(cbor2.dumps(wire))
    for change in ({2: wire[2][:31]}, {3: b""}, {1: cbor2.dumps({1: "T1"})}, {1: b"\xa1"}, {0: 2}):
        with pytest.raises(pycddl.ValidationError):
            judge("sealed-command")(cbor2.dumps(wire | change))
