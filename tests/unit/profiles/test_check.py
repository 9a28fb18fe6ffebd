"""`check` names every fault at once, each with path, reason and what to do; no JSON makes it fail."""

import copy
import json

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.meters import package
from station.profiles import check, files, schema

MODBUS = files.read(files.found("abb-b23").read_bytes())
DLT645 = files.read(files.found("dlt645-2007-3p").read_bytes())
IEC = files.read(files.found("iec62056-21-itron-em214").read_bytes())
DLMS = files.read(files.found("dlms-landisgyr-e350").read_bytes())


def _faulty(document, *changes):
    """With (path, value) put in; a value of `...` takes the field away."""
    document = copy.deepcopy(document)
    for path, value in changes:
        *steps, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place = document
        for step in steps:
            place = place[step]
        if value is ...:
            del place[last]
        else:
            place[last] = value
    return document


FOUR = ["02010100", "02010200", "02010300", "02010400"]
# document, what is put where, path of the problem, what it says
FAULTS = [
    (MODBUS, ("id", "ABB!"), "id", "not written"),
    (MODBUS, ("rev", 0), "rev", "1 to 65535"),
    (MODBUS, ("names", {"zh": "x"}), "names", "lacks en"),
    (MODBUS, ("maker", ...), "", "lacks maker"),
    (MODBUS, ("raeds", []), "", "did you mean 'reads'"),
    (MODBUS, ("link", "modbsu"), "link", "did you mean 'modbus'"),
    (MODBUS, ("serial/baud", 9601), "serial/baud", "not known"),
    (MODBUS, ("reads/0/parts/0/type", "u17"), "reads/0/parts/0/type", "did you mean 'u1"),
    (MODBUS, ("reads/0/parts/0/scale", 40), "reads/0/parts/0/scale", "-12 to 12"),
    (MODBUS, ("reads", []), "reads", "1 to 64"),
    (MODBUS, ("reads/0/parts/0/points/0", "energy_imprt_wh"), "reads/0/parts/0/points/0", "energy_import_wh"),
    (MODBUS, ("reads/0/parts/0/reg", "4FFF"), "reads/0/parts/0/reg", "not in the request"),
    (MODBUS, ("reads/0/parts/0/at", 0), "reads/0/parts/0", "2 times"),
    (MODBUS, ("reads/0/parts/0/unit", "V"), "reads/0/parts/0/unit", "measured in kWh"),
    (MODBUS, ("reads/0/parts/0/len", 4), "reads/0/parts/0/len", "has 8 bytes"),
    (MODBUS, ("reads/0/req", "3:0x5000:900"), "reads/0/req", "cannot ask"),
    (MODBUS, ("reads/3/req", "3:0x5000:8"), "reads/3/req", "stands in reads/0"),
    (MODBUS, ("fast/0", "3:0x5B14:3"), "fast/0", "did you mean"),
    (MODBUS, ("power", "voltage_a_dv"), "power", "in no read of `fast`"),
    (MODBUS, ("curve/0", "energy_q1_varh"), "curve/0", "no read shows"),
    (MODBUS, ("address", "900"), "address", "refuses address"),
    (MODBUS, ("limits/bytes", 20), "reads/1", "ends behind byte 20"),
    (MODBUS, ("tests/0/points/energy_import_wh", 7), "tests/0", "energy_import_wh is 1234560, not 7"),
    (MODBUS, ("tests/0/values", {}), "tests/0", "has 2 of"),
    (MODBUS, ("tests/0/data", "0"), "tests/0/data", "pairs of hex"),
    (MODBUS, ("reads/3/parts/0/absent", ["FF"]), "reads/3/parts/0/absent", "-1 in a signed number"),
    (MODBUS, ("options", {"a": 1}), "options/a", "no such option"),
    (MODBUS, ("serial/timeout_ms", 15001), "serial/timeout_ms", "20 to 15000"),
    (MODBUS, ("fast", ["3:0x5B14:2"] * 2), "fast", "non-unique"),
    (MODBUS, ("tests", MODBUS["tests"][:1] * 33), "tests", "1 to 32"),
    (IEC, ("options/baud", 250), "options/baud", "300 to 115200"),
    (DLT645, ("reads/0/parts/0/key", "0"), "reads/0/parts/0", "2 times"),
    (DLT645, ("reads/0/parts/0/len", ...), "reads/0/parts/0", "any length"),
    (DLT645, ("reads/0/parts/0/type", "digits"), "reads/0/parts/0/type", "power_dw is not"),
    (DLT645, ("reads/0/parts/0/point", "clock"), "reads/0/parts/0/type", "clock is a time"),
    (DLT645, ("reads/0/parts/0/type", "number"), "reads/0/parts/0/type", "under a key"),
    (DLT645, ("reads/2/fallback/0", "0001FF00"), "reads/2/fallback", "replace itself"),
    (DLT645, ("reads/2/fallback", ["00010000"] * 2), "reads/2/fallback", "names a read twice"),
    (DLT645, ("reads/3/fallback", FOUR), "reads/3/fallback", "4 reads for 3"),
    (DLT645, ("reads/0/req", "0203"), "reads/0/req", "cannot ask '0203'"),
    (DLT645, ("controls/trip/verify/read", "00010000"), "controls/trip/verify", "does not show"),
    (DLT645, ("controls/trip/data", "00"), "controls/trip", "`data` and `fields`"),
    (DLT645, ("freeze/time", "05060002"), "freeze/time", "not among `reads`"),
    (DLT645, ("tests/0/exchanges/0/0", "FE"), "tests/0", "other bytes than recorded"),
    (DLT645, ("controls/trip/fields", {"password": "000000"}), "controls/trip/fields/password", "a secret"),
    (DLMS, ("options/password", "12345678"), "options/password", "a secret"),
    (DLMS, ("reads/0/parts/0/at", 0), "reads/0/parts/0", "2 times"),
    (DLMS, ("reads/2/parts/0/key", ...), "reads/2/parts/0", "by key"),
    (DLMS, ("reads/0/req", "3:1-0:1.8.0"), "reads/0/req", "cannot ask"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("document", "change", "path", "says"), FAULTS, ids=[f"{f[1][0]}={f[1][1]!r:.40}" for f in FAULTS]
)
def test_each_fault_has_its_path_reason_and_advice(document, change, path, says):
    problems = check.problems(_faulty(document, change))
    told = [problem for problem in problems if problem.path == path and says in str(problem)]
    assert told, [str(problem) for problem in problems]
    assert told[0].reason


def test_all_faults_of_a_stage_are_named_at_once():
    bad = _faulty(MODBUS, ("rev", 0), ("link", "x"), ("reads/0/parts/0/type", "x"), ("maker", ...))
    assert {problem.path for problem in check.problems(bad)} == {"rev", "link", "reads/0/parts/0/type", ""}
    bad = _faulty(MODBUS, ("power", "voltage_a_dv"), ("fast/0", "?"), ("reads/4/parts/0/point", "volts"))
    assert {"fast/0", "reads/4/parts/0/point"} <= {problem.path for problem in check.problems(bad)}


def test_tests_that_read_too_much_are_told(monkeypatch):
    monkeypatch.setattr(package, "MAX_TESTED", 3)
    (problem,) = check.problems(MODBUS)
    assert (problem.path, problem.reason[:26]) == ("tests", "read 9 fields, 3 may be: a")


def test_control_is_not_told_to_work_with_a_time():
    water = files.read(files.found("cjt188-water").read_bytes())
    (problem,) = check.problems({**water, "energy": "clock"})
    assert (problem.path, problem.reason) == ("energy", "clock is a time, a device calculates with it")


def test_overlapping_fields_are_told():
    bad = _faulty(DLT645, ("reads/3/parts", [
        {"at": 0, "type": "bcd", "len": 2, "scale": -1, "point": "voltage_a_dv"},
        {"at": 1, "type": "bcd", "len": 2, "scale": -1, "point": "voltage_b_dv"},
    ]), ("reads/3/fallback", ["02010100"]))  # fmt: skip
    assert "share byte 1" in str(check.problems(bad)[0])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b"{", "line 1, column 2"), (b'{"a": 1, "a": 2}', "twice"), (b'{"a": 1.5}', "1.5"),
        (b'{"a": NaN}', "NaN"), (b'{"a": "\xff"}', "UTF-8"), (b"[" * 100000, "deep"),
        (b"\xa1\x00", "no package"), (b"\xa0", "source"),
    ],
)  # fmt: skip
def test_what_is_no_profile_file_says_why(text, says):
    with pytest.raises(files.BadProfile) as refused:
        files.read(text)
    assert says in str(refused.value)


_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def _paths(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from _paths(value[key], (*path, key))


PATHS = {
    name: [path for path in _paths(document) if path]
    for name, document in (("m", MODBUS), ("d", DLT645), ("c", DLMS))
}
SOURCES = {"m": MODBUS, "d": DLT645, "c": DLMS}


@given(st.data(), st.sampled_from("mdc"))
def test_no_json_makes_the_check_fail(data, which):
    """Anything anywhere: a list of problems, or a profile that is good."""
    document = copy.deepcopy(SOURCES[which])
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(PATHS[which]))
        other = data.draw(st.sampled_from(PATHS[which]))
        place = document
        try:
            for step in path[:-1]:
                place = place[step]
            taken = document
            for step in other:
                taken = taken[step]
            place[path[-1]] = data.draw(_json | st.just(copy.deepcopy(taken)))
        except (IndexError, KeyError, TypeError):
            continue
    for problem in check.problems(document):
        assert problem.reason


@given(_json)
def test_any_json_is_judged(document):
    assert check.problems(document)


def test_schema_is_one_and_current():
    jsonschema.Draft202012Validator.check_schema(schema.SCHEMA)
    assert schema.FILE.read_text(encoding="utf-8") == schema.text(), "python -m station.profiles.schema"
    assert json.loads(schema.FILE.read_text(encoding="utf-8")) == schema.SCHEMA


def test_guide_is_current_and_its_example_good():
    page = schema.GUIDE.read_text(encoding="utf-8")
    assert schema.guide(page) == page, "python -m station.profiles.schema"
    example = page.split("```json\n")[1].split("```")[0]
    assert [str(problem) for problem in check.problems(files.read(example.encode()))] == []
    for name in schema.SCHEMA["properties"]:
        assert f"`{name}`" in page
