"""Statistics of a day and month: what they count, against fractions over the same minutes."""

import random

import pytest

from firmware.metering import statistics
from protocols.meters import statistics as names
from protocols.meters.statistics import BY_ALIAS, BY_NO
from protocols.uplink import parameters
from protocols.uplink.messages import STATS
from tests.unit.metering import statistics_truth
from tests.unit.metering.recorder_bench import DAY_S, RATED, Bench, utc


@pytest.fixture
def bench_at(tmp_path):
    made = []

    def make(t_s, **how):
        made.append(Bench(tmp_path / str(len(made)), t_s, **how))
        return made[-1]

    yield make
    for bench in made:
        bench.kv.close()


def no(alias):
    return BY_ALIAS[alias][0]


def follow(bench, minutes):
    """Each of `minutes` {point number: value} at the end of one minute of the clock."""
    bench.minute()
    before = ()
    for values in minutes:
        bench.minute({1: {number: values.get(number) for number in (*before, *values)}})
        before = values


# ---- the table

TABLES = [statistics.POINT_TABLE, statistics.GROUP_TABLE, statistics.TERMINAL_TABLE]


def _all_told(text):
    """Every number that a table can tell, in its order."""
    rows = statistics.table(text)
    return list(statistics.told(rows, [1] * statistics.size(rows), 0, 0))


def test_the_terminals_tables_and_the_stations_names_are_the_same():
    told = [number for text in TABLES for number in _all_told(text)]
    for group in range(1, 9):
        told += [no(f"group_{group}_power_w"), no(f"group_{group}_energy_wh")]
    assert told[-2:] == [statistics.POWER_NOW + 8, statistics.ENERGY_NOW + 8]
    assert sorted(told) == sorted(BY_NO)
    assert len(set(told)) == len(told)
    assert statistics.FIRST == names.FIRST


def test_the_names_tell_what_is_counted():
    for text in TABLES:
        for row in text.split(","):
            number, op, source, members, low, high = row.split(" ")
            for i in range(int(members)):
                step = 4 if op == "x" else 1
                _no, alias, unit, _scale, _zh, _en = BY_NO[names.FIRST + int(number) + step * i]
                assert alias.endswith("_min") == (op == "c" or "min" in unit), alias
                assert (low != "0" or high != "0") == (op == "c")
                if op in "xrm":
                    assert alias.startswith("max_")
                    assert BY_NO[names.FIRST + int(number) + step * i + 1][1].endswith("_time")
                assert int(source) + i < statistics.SOURCES


def test_limit_keys_are_those_of_the_parameters():
    keys = {field: key for key, field, *_rest in parameters.rows(parameters.LIMITS)}
    strict = "voltage_high_e3 voltage_top_e3 voltage_unbalance_e3 current_unbalance_e3"
    strict += " thd_voltage_cpct thd_current_cpct"
    assert sum(1 << keys[field] for field in strict.split()) == statistics.STRICT
    assert list(keys.values()) == list(range(1, len(keys) + 1)), "ZERO_E3 follows them"
    assert set(statistics_truth.LIMITS) == set(keys)


def test_rows_of_the_names_are_complete():
    for number, alias, unit, scale, zh, en in names.STATISTICS:
        assert 20000 <= number < 21000
        assert alias.isidentifier()
        assert (unit == "s") == alias.endswith("_time")
        assert -4 <= scale <= 0
        assert any("一" <= c <= "鿿" for c in zh)
        assert en.isascii()
        assert "{" not in alias + zh + en
        assert "*" not in alias + zh + en
    assert len(BY_ALIAS) == len(BY_NO) == len(names.STATISTICS)


# ---- against the truth


def random_minute(rng):
    """Values round all limits, some of them exactly at one, some missing."""
    values = {n: rng.choice((2046, 2045, 2354, 2355, 2640, 2641, 1540, 1539, 0)) for n in (1, 2, 3)}
    values |= {n: rng.choice((0, 250, 251, 300, 175, -5000, 4000)) for n in (4, 5, 6)}
    values[8] = rng.choice((0, -50, 100, 33000))
    values[16] = rng.choice((0, 131, 132, 9899, 9900, 26400, 26399, 33000, 40000))
    values[20] = rng.choice((1000, -799, 800, 899, 900, 0))
    values |= {n: rng.choice((500, 501, 2000, 2001)) for n in range(28, 34)}
    return {n: v for n, v in values.items() if rng.random() > 0.05}


def magnitudes(minutes):
    """Extremes of currents are of their size."""
    return [(t, {n: abs(v) if n in (4, 5, 6) else v for n, v in values.items()}) for t, values in minutes]


@pytest.mark.parametrize(
    ("start", "offset_s", "last_day"),
    [
        ((2027, 12, 30), 28800, (2028, 1, 1)),
        ((2028, 2, 28), -12600, (2028, 3, 1)),
        ((2027, 2, 27), 19800, (2027, 3, 1)),
        ((2027, 4, 29), 0, (2027, 5, 1)),
        ((2027, 3, 30), -43200, (2027, 4, 1)),
    ],
)
def test_days_and_a_month_end_are_as_fractions_say(bench_at, start, offset_s, last_day):
    """Days that the limits, the wiring and the zone make hard; the month ends in the middle."""
    start_s, month_s = utc(*start, offset_s=offset_s), utc(*last_day, offset_s=offset_s)
    bench = bench_at(start_s, offset_s=offset_s, curve_interval_s=0)
    rng = random.Random(repr(start))
    minutes = [(start_s + 60 * i, random_minute(rng)) for i in range(3 * 1440 + 1)]
    follow(bench, [values for _t, values in minutes])
    for at_s in range(start_s, start_s + 3 * DAY_S, DAY_S):
        day = [row for row in minutes if at_s <= row[0] < at_s + DAY_S]
        (body,) = [body for body in bench.stats(1, metering_point=1) if body["from_s"] == at_s]
        assert body["values"] == statistics_truth.statistics(magnitudes(day), RATED)
        assert body["quality"] == 0
    month = [row for row in minutes if row[0] < month_s]
    (body,) = bench.stats(2, metering_point=1)
    assert body["from_s"] == utc(start[0], start[1], 1, offset_s=offset_s)
    assert body["values"] == statistics_truth.statistics(magnitudes(month), RATED)


def one(bench, minutes):
    """Today's statistics by alias after these minutes."""
    follow(bench, minutes)
    return {BY_NO[number][1]: value for number, value in bench.recorder.today(1).items()}


def test_other_limits_count_at_once(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    today = one(bench, [{1: 2300}] * 3)
    assert today["voltage_a_above_min"] == 0
    bench.settings.change(parameters.LIMITS, voltage_high_e3=1010)
    bench.minute({1: {1: 2300}})
    assert bench.recorder.today(1)[no("voltage_a_above_min")] == 1


@pytest.mark.parametrize(("wires", "phases"), [(4, "abc"), (3, "ac"), (2, "a")])
def test_only_phases_with_an_element_are_counted(bench_at, wires, phases):
    bench = bench_at(utc(2027, 1, 5, 3))
    bench.points.points[0].rated = (2200, 5000, wires, 3300)
    today = one(bench, [{1: 2200, 2: 0, 3: 2200, 4: 5000, 5: 0, 6: 5000}])
    assert "".join(p for p in "abc" if f"max_voltage_{p}_dv" in today) == phases
    assert "".join(p for p in "abc" if f"voltage_{p}_assessed_min" in today) == phases
    unbalance = {4: 1000, 3: 0, 2: None}[wires]
    assert today.get("max_current_unbalance_e3") == today.get("max_voltage_unbalance_e3") == unbalance


def test_what_is_not_known_is_not_told(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    bench.points.points[0].rated = (0, 0, 4, 0)
    today = one(bench, [{1: 2200, 4: 100, 5: 5, 8: 500, 9: "text", 28: None}])
    assert set(today) == {
        f"{which}_{what}_{end}"
        for which in ("max", "min")
        for what, unit in (("voltage_a", "dv"), ("current_a", "ma"), ("current_b", "ma"), ("power", "dw"))
        for end in (unit, "time")
    }


def test_a_text_or_an_impossible_number_is_no_value(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    today = one(bench, [{1: "2200", 4: 1 << 70, 5: 1 << 31, 6: "", 8: -(1 << 64)}])
    assert not [
        name for name in today if name.startswith(("min_", "max_power", "max_voltage", "max_current_b"))
    ]


def test_values_of_more_than_32_bits_are_exact(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    bench.points.points[0].rated = (2200, 1 << 31, 4, 1 << 33)
    big = (1 << 31) - 1
    load = (1 << 33) * 10
    today = one(bench, [{4: big, 5: big // 2, 8: big, 16: load - 1}, {4: big - 1, 8: -big, 16: load}])
    assert (today["max_current_a_ma"], today["min_current_a_ma"]) == (big, big - 1)
    assert (today["max_power_dw"], today["min_power_dw"]) == (big, -big)
    assert today["max_current_unbalance_e3"] == (big - big // 2) * 1000 // big
    assert (today["load_heavy_min"], today["load_over_min"]) == (1, 1)


def test_load_without_apparent_power_comes_from_power_and_factor(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    today = one(bench, [{8: -13200, 20: -500}, {8: 13200, 20: 1000}, {8: 26400}, {8: 0, 20: 0}])
    assert today["load_heavy_min"] == 2, "1320 W at 0.5 of 3300 VA, and 2640 W"
    assert (today["load_zero_min"], today["load_light_min"]) == (1, 1)
    assert (today["power_factor_low_min"], today["power_factor_high_min"]) == (1, 1)


def test_a_mute_meter_counts_nothing(bench_at):
    bench = bench_at(utc(2027, 1, 5, 3))
    bench.minute()
    bench.minute({1: {1: 2200}})
    for _ in range(5):
        bench.minute()
    assert bench.recorder.today(1)[no("voltage_a_assessed_min")] == 2, "a value is good for a minute"


def test_records_are_of_the_contract_and_small(bench_at):
    from protocols import cbor
    from protocols.uplink import messages

    bench = bench_at(utc(2027, 1, 31, 23))
    rng = random.Random(5)
    follow(bench, [random_minute(rng) for _ in range(62)])
    assert len(bench.told(STATS)) == 4, "a day and a month of the point and of the terminal"
    for _stream, kind, t_s, t_ok, body in bench.out:
        row = cbor.encode([kind, t_s, t_ok, messages.pack(messages.RECORDS[kind], body)])
        assert messages.unpack_record(cbor.decode(row))[3] == body
        assert len(row) < 600
