"""The points table: one meaning a number, one name a thing, and every way to a row leads to the same row."""

import pytest

from protocols.meters import points

ROWS = list(points.POINTS)


def test_numbers_and_names_are_unique():
    for column in range(3):
        assert len({row[column] for row in ROWS}) == len(ROWS)


def test_rows_are_complete():
    kinds = {
        *("energy", "demand", "power", "voltage", "current", "factor", "angle", "percent", "frequency"),
        *("temperature", "count", "duration", "money", "ratio", "bits", "state", "text", "setting", "time"),
        *("volume", "flow"),
    }
    for no, obis, alias, unit, scale, kind, zh, en in ROWS:
        assert 0 < no < 65536, "the number has 16 bits in a reading profile"
        assert obis.endswith("*255")
        assert all(
            0 <= int(part) <= 255
            for part in obis.replace("-", ".").replace(":", ".").replace("*", ".").split(".")
        )
        assert kind in kinds
        assert -4 <= scale <= 0
        assert zh
        assert en
        assert "{" not in obis + alias + unit + zh + en
        assert any("一" <= c <= "鿿" for c in zh)
        assert en.isascii()
        assert alias.isidentifier()


@pytest.mark.parametrize("row", ROWS[::37], ids=lambda row: row[2])
def test_number_obis_and_alias_find_the_same_row(row):
    assert points.BY_NO[row[0]] == points.BY_OBIS[row[1]] == points.BY_ALIAS[row[2]] == row
    assert points.BY_OBIS[row[1].replace("*255", "*112")] == row


# What other parts of the system and stored data rely on: never change a line of these.
FIXED = [
    (320, "1-0:1.8.0*255", "energy_import_wh", "kWh", -3),
    (321, "1-0:1.8.1*255", "energy_import_t1_wh", "kWh", -3),
    (324, "1-0:1.8.4*255", "energy_import_t4_wh", "kWh", -3),
    (384, "1-0:2.8.0*255", "energy_export_wh", "kWh", -3),
    (1, "1-0:32.7.0*255", "voltage_a_dv", "V", -1),
    (3, "1-0:72.7.0*255", "voltage_c_dv", "V", -1),
    (5, "1-0:51.7.0*255", "current_b_ma", "A", -3),
    (8, "1-0:16.7.0*255", "power_dw", "kW", -4),
    (11, "1-0:76.7.0*255", "power_c_dw", "kW", -4),
    (20, "1-0:13.7.0*255", "power_factor_e3", "", -3),
    (21, "1-0:33.7.0*255", "power_factor_a_e3", "", -3),
    (24, "1-0:14.7.0*255", "frequency_chz", "Hz", -2),
    (1088, "1-0:1.6.0*255", "demand_import_dw", "kW", -4),
    (2112, "1-0:129.6.0*255", "demand_import_time", "s", 0),
    (56, "0-0:1.0.0*255", "clock", "s", 0),
    (48, "0-0:160.0.1*255", "status_word_1", "", 0),
    (54, "0-0:160.0.7*255", "status_word_7", "", 0),
    (60, "0-0:161.0.0*255", "remaining_wh", "kWh", -3),
    (55, "0-0:96.3.10*255", "relay_state", "", 0),
    (3300, "8-0:1.0.0*255", "water_volume_dl", "m3", -4),
    (3305, "6-0:1.0.0*255", "heat_energy_wh", "kWh", -3),
]


@pytest.mark.parametrize("fixed", FIXED, ids=lambda row: row[2])
def test_published_points_keep_their_number_and_unit(fixed):
    assert points.BY_NO[fixed[0]][:5] == fixed


@pytest.mark.parametrize(
    "unknown", ["", "1-0:1.8.64*255", "1-0:1.8.0*100", "1-0:1.8.0*254", "energy", "1.8.0"]
)
def test_unknown_names_are_not_found(unknown):
    assert unknown not in points.BY_OBIS
    assert points.BY_ALIAS.get(unknown) is None
    with pytest.raises(KeyError):
        points.BY_OBIS[unknown]


@pytest.mark.parametrize(
    ("alias", "value", "scale", "want"),
    [
        ("energy_import_wh", 26, -2, 260),
        ("energy_import_wh", 12345, -4, 1234),
        ("power_dw", -12345, -5, -1234),
        ("power_dw", -12, -4, -12),
        ("voltage_a_dv", 230, 0, 2300),
        ("meter_no", "000123456789", 0, "000123456789"),
    ],
)
def test_canonical_value(alias, value, scale, want):
    assert points.canonical(points.BY_ALIAS[alias], value, scale) == want
