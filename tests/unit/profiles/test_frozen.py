"""What was frozen is never told as present, and no point of a refused block is lost in silence."""

import copy
import json

import pytest
from click.testing import CliRunner

from protocols.meters.points import BY_ALIAS
from station.cli import meter as command
from station.profiles import check, files, trial
from station.profiles.reading import Session
from station.profiles.simulated import Line, Meter

DOCUMENTS = {name: files.read(files.found(name).read_bytes()) for name in files.catalogue()}
FREEZING = [name for name, document in DOCUMENTS.items() if "freeze" in document]
ENERGY = BY_ALIAS["energy_import_wh"][0]
TIME = BY_ALIAS["freeze_time"][0]


def _read(document, points=(), spoil=None, **more):
    meter = Meter(document, **more)
    if spoil:
        spoil(meter.server)
    line = Line(meter.server)
    return Session(meter.profile, line, meter.address, clock=line.clock).read(points)


@pytest.mark.parametrize("name", FREEZING)
def test_present_and_frozen_energy_stand_apart(name):
    reading = _read(DOCUMENTS[name], values={ENERGY: 5_000_000}, frozen={ENERGY: 4_000_000})
    assert (reading.values[ENERGY], reading.frozen[ENERGY]) == (5_000_000, 4_000_000)
    assert TIME in reading.frozen
    assert TIME not in reading.values


@pytest.mark.parametrize("name", FREEZING)
def test_a_frozen_point_that_is_asked_for_is_read(name):
    reading = _read(DOCUMENTS[name], [ENERGY, TIME], values={ENERGY: 5_000_000, TIME: 1789948800})
    assert reading.values == {**reading.values, ENERGY: 5_000_000}
    assert reading.frozen[TIME] == 1789948800


def test_the_trial_sees_a_wrong_frozen_value():
    meter = Meter(DOCUMENTS["dlt645-2007-3p"])
    reading = trial.read(meter)
    assert trial.differing(meter, reading) == []
    meter.frozen[ENERGY] += 10
    assert "of the freeze" in trial.differing(meter, reading)[0]


def test_what_was_read_first_stays():
    document = copy.deepcopy(DOCUMENTS["chint-dtsu666"])
    power = {"req": "3:0x3000:2", "parts": [{"at": 0, "type": "f32", "scale": -1, "unit": "W",
                                             "point": "power_dw"}]}  # fmt: skip
    document["reads"].append(power)
    document["slow"].append("3:0x3000:2")

    def spoil(server):
        server.store[1, 3].update({0x3000: 0, 0x3001: 0})

    assert _read(document, spoil=spoil).values[BY_ALIAS["power_dw"][0]] != 0


def test_meter_read_shows_them_as_such(monkeypatch):
    meter = Meter(DOCUMENTS["dlt645-2007-3p"], {ENERGY: 5_000_000}, frozen={ENERGY: 4_000_000})
    monkeypatch.setattr(command, "open_port", lambda *_args: Line(meter.server))
    args = ["read", "-p", "dlt645-2007-3p", "--port", "x"]
    ended = CliRunner().invoke(command.meter, args)
    present, frozen = ended.stdout.split("last daily freeze:\n")
    assert "5000.000 kWh" in present
    assert "4000.000 kWh" in frozen
    assert "4000.000 kWh" not in present
    told = json.loads(CliRunner().invoke(command.meter, [*args, "--json"]).stdout)
    (row,) = [row for row in told["points"] if row["point"] == "energy_import_wh"]
    assert row["value"] == 5_000_000


# ---- blocks that are refused


def _half():
    """A block of three of which the fallback replaces two."""
    document = copy.deepcopy(DOCUMENTS["dlt645-2007-3p"])
    (block,) = [read for read in document["reads"] if read["req"] == "0201FF00"]
    block["fallback"] = block["fallback"][:2]
    return document


def test_points_that_no_single_shows_are_named():
    reading = _read(_half(), [BY_ALIAS["voltage_a_dv"][0], BY_ALIAS["voltage_c_dv"][0]],
                    lambda server: server.store.pop("0201FF00"))  # fmt: skip
    assert list(reading.failed) == ["0201FF00"]
    assert reading.failed["0201FF00"].startswith("refused")
    assert reading.failed["0201FF00"].endswith("no single read shows voltage_c_dv")


def test_check_warns_of_them():
    (caution,) = check.cautions(_half())
    assert caution.path.endswith("/fallback")
    assert "voltage_c_dv" in caution.reason
    assert check.problems(_half()) == []


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_catalogue_loses_none(name):
    assert check.cautions(DOCUMENTS[name]) == []
