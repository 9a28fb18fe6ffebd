"""`loadkeeper data export`: freezes by their kind; statistics, group numbers and rules by their names."""

import csv
import io
import json

import pytest

from protocols.meters.points import BY_ALIAS
from protocols.meters.statistics import BY_ALIAS as STATISTIC
from protocols.uplink import codes, messages, topics
from tests.unit.station.double import T0, curve, event

DAY_S = T0 - T0 % 86_400
IMPORT = BY_ALIAS["energy_import_wh"][0]


def freeze(kind, values):
    body = {"day_s": DAY_S, "metering_point": 1, "quality": 0, "values": values}
    return [kind, DAY_S, 1, messages.pack(messages.DAILY_BODY, body)]


def stats(values, period=codes.DAY, **subject):
    body = {"from_s": DAY_S, "period": period, "quality": 0, "values": values} | subject
    return [messages.STATS, T0, 1, messages.pack(messages.STATS_BODY, body)]


@pytest.fixture
def exported(run, handler, device):
    def export(what, leaf, *sent):
        handler.take([device.batch(leaf, 1, list(sent))])
        return list(csv.DictReader(io.StringIO(run("data", "export", what))))

    return export


def test_freezes_are_named_by_their_kind(exported):
    kinds = (messages.DAILY, messages.MONTHLY, messages.BILLING)
    found = exported("readings", topics.DA, *(freeze(kind, {IMPORT: kind}) for kind in kinds))
    assert [(row["kind"], row["value"]) for row in found] == [
        ("daily", "11"),
        ("monthly", "12"),
        ("billing", "13"),
    ]


def test_curves_of_groups_have_the_names_of_statistics(exported):
    found = exported("readings", topics.CV, curve(DAY_S, {20112: -5000, 20122: 7}, point=100))
    assert [
        (row["metering_point"], row["point"], row["alias"], row["unit"], row["scale"]) for row in found
    ] == [
        ("100", "20112", "group_2_power_w", "kW", "-3"),
        ("100", "20122", "group_2_energy_wh", "kWh", "-3"),
    ]


def test_statistics_are_exported_value_by_value(exported):
    highest = STATISTIC["max_power_dw"][0]
    found = exported(
        "statistics",
        topics.DA,
        stats({highest: 123_456, highest + 1: T0}, metering_point=1),
        stats({STATISTIC["group_energy_wh"][0]: 9}, period=codes.MONTH, group=2),
        stats({STATISTIC["resets"][0]: 3, 29999: 1, IMPORT: 4}),
    )
    key = "metering_point summation_group period alias unit scale value".split()
    assert [tuple(row[name] for name in key) for row in found] == [
        ("0", "0", "day", "energy_import_wh", "kWh", "-3", "4"),
        ("0", "0", "day", "resets", "", "0", "3"),
        ("0", "0", "day", "", "", "0", "1"),
        ("1", "0", "day", "max_power_dw", "kW", "-4", "123456"),
        ("1", "0", "day", "max_power_time", "s", "0", str(T0)),
        ("0", "2", "month", "group_energy_wh", "kWh", "-3", "9"),
    ]
    assert found[0]["time"] == "2026-09-21T00:00:00Z"


def test_an_unknown_point_is_exported_by_its_number(exported):
    row = exported("readings", topics.CV, curve(DAY_S, {19_999: 1}))[0]
    assert (row["point"], row["alias"], row["unit"], row["value"]) == ("19999", "", "", "1")


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("voltage_loop_abnormal", 1, "voltage_loss"),
        ("meter_read_recovered", 43, "read_failure"),
        ("guarantee_on", codes.GUARANTEE_LOST_LINK, "lost_link"),
        ("guarantee_on", 1, "1"),  # rule 1 speaks of no guarantee
        ("meter_fault", 101, "address_clash"),
        ("meter_fault", 31, "phase_sum"),
        ("voltage_loop_abnormal", 99, "99"),
    ],
)
def test_events_name_the_kind(exported, name, kind, shown):
    row = exported("events", topics.EV, event(name, kind=kind))[0]
    assert row["kind"] == shown
    assert json.loads(row["data"])["kind"] == kind


def test_an_event_without_kind_has_none(exported):
    assert exported("events", topics.EV, event("power_up", boot=1))[0]["kind"] == ""
