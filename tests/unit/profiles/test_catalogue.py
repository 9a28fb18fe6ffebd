"""Each profile that ships: it is good, its own tests hold, its simulated meter is read on both runtimes."""

import json

import pytest

from protocols.meters import compile as compiling
from protocols.meters.points import BY_NO
from station.profiles import check, files, simulated, stores, trial
from station.profiles.reading import Session
from station.profiles.simulated import Line, Meter
from tests.unit.profiles import scene

NAMES = files.catalogue()
MORE = {"energy": 200000, "power": 2000, "voltage": 100, "current": 1000, "volume": 20000, "demand": 2000}
DOCUMENTS = {name: files.read(files.found(name).read_bytes()) for name in NAMES}


def test_the_catalogue_has_what_was_asked_for():
    links = [document["link"] for document in DOCUMENTS.values()]
    least = {"dlt645-2007": 3, "dlt645-1997": 1, "dlt698": 2, "modbus": 5, "iec62056-21": 1, "dlms": 2,
             "cjt188": 1, "mbus": 1, "sml": 1}  # fmt: skip
    assert all(links.count(link) >= count for link, count in least.items())
    modbus = [document for document in DOCUMENTS.values() if document["link"] == "modbus"]
    assert len({document["maker"] for document in modbus}) >= 5
    used = {part["type"] for document in modbus for read in document["reads"] for part in read["parts"]}
    assert {"f32", "f64", "i64", "u64", "i32-cdab"} <= used


@pytest.mark.parametrize("name", NAMES)
def test_profile_is_good(name):
    assert DOCUMENTS[name]["id"] == name
    assert [str(problem) for problem in check.problems(DOCUMENTS[name])] == []
    assert DOCUMENTS[name]["source"]


@pytest.mark.parametrize("name", NAMES)
def test_its_simulated_meter_is_read_as_it_is(name):
    meter = Meter(DOCUMENTS[name])
    assert trial.differing(meter, trial.read(meter)) == []


@pytest.mark.parametrize("name", NAMES)
def test_other_values_are_read_too(name):
    """None of them is a default."""
    plain = Meter(DOCUMENTS[name])
    other = {}
    for index in range(plain.profile.size):
        for field in plain.profile.fields(index):
            if BY_NO[field[0]][5] in MORE:
                other[field[0]] = plain.values[field[0]] + MORE[BY_NO[field[0]][5]]
    meter = Meter(DOCUMENTS[name], other)
    assert trial.differing(meter, trial.read(meter)) == []
    assert {no: meter.values[no] for no in other} == other


def test_a_value_that_the_meter_cannot_show_is_refused():
    for no, value in ((1, -5), (320, 5), (111, "12345678901234567890")):
        with pytest.raises(simulated.SimulationError, match=BY_NO[no][2]):
            Meter(DOCUMENTS["dlt645-1997"], {no: value})


@pytest.mark.parametrize("name", [name for name in NAMES if '"absent":' in json.dumps(DOCUMENTS[name])])
def test_what_the_meter_fills_is_absent(name):
    """Every number of the profile at once."""
    values = {no: None for no in Meter(DOCUMENTS[name]).values if BY_NO[no][5] != "state"}
    values.pop(compiling.point("status_word_3")[0], None)  # shares its bytes with the relay
    meter = Meter(DOCUMENTS[name], values)
    reading = trial.read(meter)
    assert reading.failed == {}
    assert {no: reading.values[no] for no in values if no in reading.values} == {
        no: None for no in values if no in reading.values
    }


def _recorded(name):
    """What `scene` needs to read the meter again: requests, what was on the line, points."""
    meter = Meter(DOCUMENTS[name])
    line = Line(meter.server)
    session = Session(meter.profile, line, meter.address, clock=line.clock)
    reads = []
    for index in session.wanted(()):
        begun = len(line.heard)
        values = session.profile.decode(
            index, session.run(session.reader.read(session.profile.request(index)))
        )
        heard = [[request.hex(), answer.hex()] for request, answer in line.heard[begun:]]
        reads.append([index, heard, {str(no): value for no, value in values.items()}])
    return {"link": meter.profile.link, "address": meter.address, "reads": reads,
            "profile": compiling.encoded(DOCUMENTS[name]).hex()}  # fmt: skip


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "recorded.json"
    path.write_text(json.dumps({name: _recorded(name) for name in NAMES}), encoding="utf-8")
    return path


def test_every_meter_is_read_on_micropython(recorded, run_micropython):
    ended = run_micropython("tests/unit/profiles/scene.py", recorded, heap="8M")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count(" points") == len(NAMES)


def test_the_scene_can_fail(recorded):
    told = json.loads(recorded.read_text(encoding="utf-8"))
    case = told["chint-dtsu666"]
    case["reads"][0][2]["8"] = 1
    with pytest.raises(AssertionError):
        scene.read("chint-dtsu666", case)


def test_every_link_of_the_catalogue_can_be_simulated():
    assert {document["link"] for document in DOCUMENTS.values()} == set(stores.SERVERS)
