"""What cannot be read is refused with file, line, field and what is allowed; nothing else escapes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.rehearsal import scenario
from station.rehearsal.tree import MAX_DEPTH, MAX_TEXT, ScenarioError
from tests.unit.rehearsal.conftest import BASE

BAD = [  # what is put behind BASE, what the message must hold
    ("loads: 5 kW", "test.yaml:6: loads: no such field; allowed: name, about, start"),
    ("energy: 5 kW", "energy: '5 kW' is not a whole number, or a number with Wh kWh MWh"),
    ("zone: Peking", "zone: 'Peking' is not a zone such as +08:00"),
    ("sampling: 2 h", "sampling: '2 h' is not within 1 s..3600 s"),
    ("groups: {1: [2]}", "groups.1[1]: no such metering point; there are: 1"),
    ("groups: {9: [1]}", "groups.9: the number is 1..8"),
    ("points: {1: {load: 5 kW}}", "one of load (of metering point 1) or points"),
    ("parameters: {limits: {}}", "parameters.limits: no such field; allowed: control, guarantee, tariff"),
    (
        "parameters: {guarantee: {lost_link_s: 9 d}}",
        "lost_link_s: lost_link_s is out of its range; allowed: 0..259200",
    ),
    ("script: {at: start}", "test.yaml:6: script: fields where a list is wanted"),
    ("script: [{at: start}]", "script[1]: an entry has `at` and one of: parameters, load, close, link_cut"),
    ("script:\n- {at: soon, close: [1]}", "test.yaml:7: script[1].at: 'soon' is not a time: start, +10 min"),
    ("script: [{at: +1 s, close: [3]}]", "script[1].close[1]: 3 is not in 1..2"),
    ("script: [{at: +9 s, close: [1]}, {at: +1 s, close: [1]}]", "go forward in time"),
    ("script: [{at: start, trip: {rounds: [1]}}]", "delay_s, limit_s missing; fields: rounds, delay_s"),
    ("script: [{at: start, trip: {round: [1]}}]", "trip.round: no such field; allowed: rounds, delay_s"),
    (
        "script: [{at: start, trip: {rounds: 1, delay_s: 16 min, limit_s: 0}}]",
        "delay_s: 960 is not in 0..900",
    ),
    ("script: [{at: start, release: {control: period, group: 9}}]", "release.group: 9 is not in 1..8"),
    ("script: [{at: start, trip: {rounds: x, delay_s: 0, limit_s: 0}}]", "rounds: 'x' is not a whole number"),
    (
        "script: [{at: start, trip: {rounds: -1, delay_s: 0, limit_s: 0}}]",
        "a terminal refuses these parameters",
    ),
    ("script: [{at: start, trip: 5}]", "script[1].trip: a text where fields are wanted"),
    ("script: [{at: start, message: {}}]", "one of: parameters"),
    ("script: [{at: start, power_cut: 0}]", "at least 1 s"),
    ("script: [{at: start, link_cut: 9 s}, {at: +8 s, link_cut: 9 s}]", "begins before the one before"),
    ("script: [{at: start, reading: {fault: jump}}]", "a jump is `by` so much, `of` power or energy"),
    ("script: [{at: start, reading: {fault: odd}}]", "'odd' is not one of: missing, stuck, jump, fall"),
    ("script: [{at: start, clock: {jump: far}}]", "'far' is not a jump such as 1 h or -90 s"),
    ("script: [{at: start, load: 5 kW, point: 2}]", "no such metering point; there are: 1"),
    ("expect: [{at: start}]", "expect[1]: one of: event, command, never, shows"),
    ("expect: [{at: start, event: big_bang}]", "'big_bang' is not one of: initialised"),
    ("expect: [{event: clock_set}]", "one of: at, times"),
    ("expect: [{at: start, shows: {tripped: x}}]", "expect[1].shows.tripped: 'x' is not a whole number"),
    ("expect: [{at: start, shows: {period: well}}]", "'well' is not one of: idle, monitor"),
    ("name: twice", "test.yaml:6: scenario: name stands here twice"),
    ("about: &a [1]\nexpect: *a", "aliases are not read"),
    ("about: !!python/object:os.system x", "tags are not read"),
    ("about: [", "test.yaml:"),
    ("about: a: b", "mapping values are not allowed here"),
    ('about: "\\ud800"', "half of a surrogate pair"),
    ("? [a]\n: b", "the name of a field is a plain text"),
    ("about: " + "[" * (MAX_DEPTH + 1), "nested too deep"),
]


@pytest.mark.parametrize(("more", "message"), BAD, ids=[row[0][:40] for row in BAD])
def test_the_message_says_where_and_what_is_allowed(parse, more, message):
    with pytest.raises(ScenarioError) as refused:
        parse(more)
    assert message in str(refused.value)
    assert str(refused.value).startswith("test.yaml")


@pytest.mark.parametrize("missing", ["name", "start", "duration", "load"])
def test_a_missing_field_is_named(tmp_path, missing):
    text = "\n".join(line for line in BASE.splitlines() if not line.startswith(f"{missing}:"))
    with pytest.raises(ScenarioError, match=missing):
        scenario.parse(text, "test.yaml", tmp_path)


@pytest.mark.parametrize(
    "text", ["", "5", "[]", "\0", "a" * (MAX_TEXT + 1), "---\na: 1\n---\nb: 2\n", "%YAML 9" + "9" * 5000]
)
def test_what_is_no_scenario_at_all_is_refused(tmp_path, text):
    with pytest.raises(ScenarioError):
        scenario.parse(text, "test.yaml", tmp_path)


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(ScenarioError, match="No such file"):
        scenario.read(tmp_path / "none.yaml")
    (tmp_path / "bytes.yaml").write_bytes(b"name: \xff")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        scenario.read(tmp_path / "bytes.yaml")


PIECES = st.sampled_from(
    (
        "name start duration rounds load points groups parameters script expect at event never shows "
        "power_cut link_cut reading clock trip purchase period_plan codes sheds closes guarantee tariff "
        "[1] {} [] : - ~ * & ! % 2026-09-21 08:00 +1 min 5 kW 20 % all on start \n \t # | > ' \" \\ \ud800 "
        "0x1 -1 1e9 99999999999999999999"
    ).split(" ")
)


def read_or_refuse(text, folder):
    """Any other exception fails the test."""
    try:
        told = scenario.parse(text, "test.yaml", folder).name
    except ScenarioError as error:
        told = str(error)
    assert told


@settings(max_examples=300, deadline=None)
@given(more=st.lists(PIECES, max_size=14).map(" ".join), cut=st.integers(0, len(BASE)))
def test_only_a_scenario_error_escapes_from_words_in_any_order(tmp_path_factory, more, cut):
    read_or_refuse(BASE[:cut] + more, tmp_path_factory.getbasetemp())


TREES = st.recursive(
    st.one_of(PIECES.filter(str.strip).map(repr), st.integers(-(10**20), 10**20).map(str)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]"),
        st.lists(st.tuples(PIECES.filter(str.isidentifier), inner), max_size=3).map(
            lambda rows: "{" + ", ".join(f"{name}: {value}" for name, value in rows) + "}"
        ),
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    "rounds load points groups parameters script expect sampling zone duration energy".split()
)


@settings(max_examples=300, deadline=None)
@given(field=FIELDS, tree=TREES)
def test_only_a_scenario_error_escapes_from_well_formed_yaml(tmp_path_factory, field, tree):
    kept = "\n".join(line for line in BASE.splitlines() if not line.startswith(field))
    text = f"{kept}\n{field}: {tree}\n"
    read_or_refuse(text, tmp_path_factory.getbasetemp())


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=200))
def test_only_a_scenario_error_escapes_from_bytes(tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / "bytes.yaml"
    path.write_bytes(data)
    with pytest.raises(ScenarioError):
        scenario.read(path)
