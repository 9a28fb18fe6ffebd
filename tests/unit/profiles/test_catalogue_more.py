"""What single profiles of the catalogue must stand: refused blocks, short pushes, foreign units."""

import json

import pytest

from protocols import cbor
from protocols.lines import modbus
from protocols.lines.mbus import meter as mbus_meter
from protocols.lines.mbus import records
from protocols.meters import compile as compiling
from protocols.meters import interpret, links
from protocols.meters.points import BY_ALIAS
from station.profiles import files, trial
from station.profiles.simulated import Meter
from tests.unit.protocols.drive import drive

DOCUMENTS = {name: files.read(files.found(name).read_bytes()) for name in files.catalogue()}
MODBUS = [name for name, document in DOCUMENTS.items() if document["link"] == "modbus"]
MOST_REGISTERS = 50


def no(alias):
    return BY_ALIAS[alias][0]


def _profile(name):
    return interpret.Profile(cbor.decode(compiling.encoded(DOCUMENTS[name])))


# ---- blocks of registers


class Small:
    """A meter that has its values one by one: a longer request is an illegal data address."""

    def __init__(self, server, registers):
        self._server, self._registers = server, registers

    def feed(self, data: bytes) -> bytes:
        if data and int.from_bytes(data[4:6], "big") > self._registers:
            return modbus.encode(data[0], data[1] | 0x80, b"\x02")
        return self._server.feed(data)


def _widest(profile):
    return max(field[3] for index in range(profile.size) for field in profile.fields(index)) // 2


@pytest.mark.parametrize("name", MODBUS)
def test_no_block_is_larger_than_small_meters_send(name):
    counts = {read["req"]: int(read["req"].split(":")[2]) for read in DOCUMENTS[name]["reads"]}
    assert {request: count for request, count in counts.items() if count > MOST_REGISTERS} == {}


@pytest.mark.parametrize("name", MODBUS)
def test_every_point_survives_the_refusal_of_its_block(name):
    meter = Meter(DOCUMENTS[name])
    meter.server = Small(meter.server, _widest(meter.profile))
    assert trial.differing(meter, trial.read(meter)) == []


@pytest.mark.parametrize("name", ["gavazzi-em340", "eastron-sdm630", "chint-dtsu666", "siemens-pac3200"])
def test_the_power_factor_is_read(name):
    meter = Meter(DOCUMENTS[name])
    meter.server = Small(meter.server, _widest(meter.profile))
    assert trial.read(meter).values[no("power_factor_e3")] == meter.values[no("power_factor_e3")]


# ---- three lists of one port


class Sends:
    def __init__(self, data):
        self._data = data

    def feed(self, _data: bytes) -> bytes:
        return self._data


LISTS = {
    1: ["power_dw"],
    2: ["power_dw", "meter_no", "meter_type", "current_a_ma", "current_b_ma", "current_c_ma",
        "voltage_a_dv", "voltage_b_dv", "voltage_c_dv"],
}  # fmt: skip
LISTS[3] = [*LISTS[2], "clock", "energy_import_wh", "energy_export_wh"]
POWERS = {1: 34230, 2: 34260, 3: 34260}


@pytest.mark.parametrize("number", LISTS)
def test_each_list_of_the_han_port_is_a_good_poll(repo_root, number):
    cases = json.loads((repo_root / "tests/vectors/lines/dlms.json").read_text(encoding="utf-8"))
    heard = [case["hex"] for case in cases if f"Kaifa MA304H3 list {number} " in case["name"]]
    meter = Meter(DOCUMENTS["dlms-kaifa-han"])
    meter.server = Sends(bytes.fromhex(heard[0]))
    reading = trial.read(meter)
    assert reading.failed == {}
    assert set(reading.values) == {no(alias) for alias in LISTS[number]}
    assert reading.values[no("power_dw")] == POWERS[number]


def test_of_several_keys_the_first_that_is_there_counts():
    profile = _profile("dlms-kaifa-han")
    power = no("power_dw")
    assert profile.decode(0, {"0/0": 1320}) == {power: 13200}
    assert profile.decode(0, {"0/0": b"KFM_001", "0/3": 5})[power] == 50
    assert profile.decode(0, {"0/0": 1, "0/3": 5})[power] == 50
    assert "0/3" in [field[1] for field in profile.fields(0)]


# ---- what must not be taken for something else


@pytest.mark.parametrize("told", ["00000000", "0000A1FF", "E0", "12", ""])
def test_an_error_register_is_text(told):
    profile = _profile("iec62056-21-itron-em214")
    assert profile.decode(0, {"F.F": told}) == {no("error_code"): told}


def _heat(*rows):
    body = b"".join(records.encode(4, vib, value) for vib, value in rows)
    server = mbus_meter.Server(17, {"secondary": "12345678.KAM.08.04", "status": 0, "telegrams": [body]})
    reader = links.reader("mbus").Reader("17", {})
    return _profile("mbus-kamstrup-multical601").decode(0, drive(reader.read("ud2"), reader, server))


def test_joules_days_and_minutes_are_not_shown_as_watt_hours_and_hours():
    told = _heat((b"\x0e", 1234), (b"\x35", 7), (b"\x23", 41), (b"\x46", 3), (b"\x13", 5))
    assert told == {no("heat_volume_dl"): 50, no("error_flags"): 0}


def test_watt_hours_are_found_behind_joules():
    told = _heat((b"\x0e", 1234), (b"\x06", 343))
    assert told[no("heat_energy_wh")] == 343000
