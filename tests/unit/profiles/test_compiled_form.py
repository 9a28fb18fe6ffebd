"""The compiled profile reads what its JSON says, as a second reading does, and can carry today's terminal."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware.metering.profile import Profile as TodaysProfile
from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret
from protocols.meters import profile as todays
from protocols.meters.points import BY_ALIAS
from station.profiles import files
from tests.unit.profiles import oracle

DOCUMENTS = {name: files.read(files.found(name).read_bytes()) for name in files.catalogue()}
READY = {name: interpret.Profile(cbor.decode(compiling.encoded(DOCUMENTS[name]))) for name in DOCUMENTS}
READS = [(name, index) for name in READY for index in range(READY[name].size)]

_byte = st.one_of(
    st.integers(0, 255),
    st.integers(0, 99).map(lambda n: n // 10 << 4 | n % 10),
    st.sampled_from(b"\xff\xee\x00\x7f\x80"),
)
_scalar = st.one_of(
    st.integers(-(10**12), 10**12), st.tuples(st.integers(-(10**9), 10**9), st.integers(-6, 6)), st.none(),
    st.sampled_from(["00000000", "0012.50", "-3", "2026-09-21T14:13", "2011-01-05T15:26", "x", ""]),
    st.binary(max_size=13), st.lists(_byte, min_size=7, max_size=7).map(bytes),
)  # fmt: skip


@st.composite
def _answers(draw):
    name, index = draw(st.sampled_from(READS))
    fields = READY[name].fields(index)
    if isinstance(fields[0][1], str):
        keys = [field[1] for field in fields]
        return name, index, draw(st.dictionaries(st.sampled_from([*keys, "other"]), _scalar))
    whole = max(field[1] + field[3] for field in fields)
    size = draw(st.one_of(st.just(whole), st.integers(0, whole + 9)))
    fill = draw(st.sampled_from([None, b"\xff", b"\xee"]))
    data = bytes(draw(st.lists(_byte, min_size=size, max_size=size))) if fill is None else fill * size
    return name, index, data + draw(st.sampled_from([b"", b"\xaa"]))


@given(_answers())
def test_compiled_form_reads_what_the_json_says(answer):
    name, index, data = answer
    assert READY[name].decode(index, data) == oracle.decode(DOCUMENTS[name], READY[name].request(index), data)


@given(
    st.sampled_from(READS),
    st.one_of(
        st.binary(max_size=40),
        st.none(),
        st.integers(),
        st.text(),
        st.just({}),
        st.dictionaries(st.text(max_size=3), _scalar),
    ),
)
def test_any_answer_gives_points_or_nothing(read, answer):
    name, index = read
    for value in READY[name].decode(index, answer).values():
        assert value is None or isinstance(value, (int, str))


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_same_document_everywhere(name):
    """Deterministic: the hash that a device reports can be compared."""
    shuffled = json.loads(json.dumps(DOCUMENTS[name], sort_keys=True))
    assert compiling.encoded(shuffled) == compiling.encoded(DOCUMENTS[name])
    assert len(compiling.encoded(DOCUMENTS[name])) < 1536


# ---- what a terminal reads today

TODAY = TodaysProfile(json.loads(json.dumps(todays.dlt645())))
THREE = READY["dlt645-2007-3p"]
RELAY = BY_ALIAS["relay_state"][0]


def _di(index):
    return int(THREE.request(index), 16)


def test_three_phase_profile_has_all_that_a_terminal_reads():
    assert [_di(index) for index in THREE.fast] == list(TODAY.fast)
    assert [_di(index) for index in THREE.slow] == list(TODAY.slow)
    assert [_di(index) for index in THREE.freeze] == list(TODAY.freeze)
    assert {_di(single[0]): tuple(map(_di, single[1:])) for single in THREE._singles} == TODAY._singles
    assert (THREE.power, THREE.energy) == (TODAY.power, TODAY.energy)
    assert (tuple(THREE.curve), tuple(THREE.daily)) == (TODAY.curve, TODAY.daily)


@given(st.sampled_from([i for i in range(THREE.size) if _di(i) != todays.FREEZE_TIME_DI]), st.data())
def test_it_reads_as_the_terminal_does(index, data):
    """Whole members of any bytes. (Of half a member the terminal keeps the demand without its time.)"""
    width = THREE._steps[index] or THREE.fields(index)[0][3]
    count = data.draw(st.integers(0, 6 if len(THREE.fields(index)) > 2 else 1))
    answer = bytes(data.draw(st.lists(_byte, min_size=width * count, max_size=width * count)))
    got = THREE.decode(index, answer)
    got.pop(RELAY, None)  # the terminal derives it of status word 3
    wanted = TODAY.decode(_di(index), answer)
    assert {no: value for no, value in got.items() if value is None or abs(value) < 1 << 63} == wanted
