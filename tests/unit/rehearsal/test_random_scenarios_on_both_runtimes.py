"""Random scenarios with every verb of the script run to their end, and the same on both runtimes."""

import json
from random import Random

from station.rehearsal import engine, scenario

LOOP = "rounds: [1, 2], alarm_s: [1 min, 30 s], slide_s: 30 s, safety_w: 40 kW, post_trip_s: 1 min"
VERBS = [
    f"period_plan: {{codes: {{08:00-09:00: 1, 09:30-12:00: 2}}, setpoints_w: [90 kW, 70 kW], float_pct: 5, "
    f"periods: all, {LOOP}}}",
    f"factory_rest: {{setpoint_w: 60 kW, start_min: 08:10, duration_s: 1 h, days: [Mon], group: 2, {LOOP}}}",
    f"business_stop: {{setpoint_w: 50 kW, from_day: 2026-09-01, last_day: 2026-09-30, {LOOP}}}",
    f"down_float: {{float_pct: -20, freeze_s: 5 min, duration_s: 30 min, {LOOP}}}",
    "month_energy: {setpoint_wh: 60 kWh, float_pct: -10, alarm_pct: 80, rounds: [3]}",
    "purchase: {order: %d, flag: append, value_wh: 20 kWh, alarm_wh: 10 kWh, trip_wh: 0, rounds: [2, 3]}",
    "fee_order: {order: %d, flag: refresh, value_yuan_e4: 12.5 yuan, alarm_yuan_e4: 5 yuan, trip_yuan_e4: 0, "
    "rounds: [1], group: 2}",
    "trip: {rounds: [1, 3], delay_s: 1 min, limit_s: 10 min, direct: yes}",
    "permit_close: {rounds: [1, 2, 3], direct: yes}",
    "guarantee: {on: yes, duration_s: 30 min}",
    "guarantee: {on: no, duration_s: 0}",
    "exclusion: {on: yes}",
    "exclusion: {on: no}",
    "release: {control: period}",
    "release: {control: purchase}",
    "auto_release:",
    "period_enable: {periods: [2], scheme: 0}",
    "parameters: {guarantee: {lost_link_s: 10 min, hours: [9]}}",
    "parameters: {control: {energy_step_s: 0, after_guarantee: 1}}",
    "load: 130 kW",
    "load: 60 kW, point: 2",
    "load: none",
    "close: all",
    "clock: {jump: 1 h}",
    "clock: {jump: -1 h}",
    "reading: {fault: missing, for: 2 min}",
    "reading: {fault: stuck, for: 3 min}, point: 2",
    "reading: {fault: fall, by: 30 kWh, for: 5 min}",
    "reading: {fault: jump, by: 500 kWh}",
]
CUTS = [
    "link_cut: %d s",
    "power_cut: %d s",
    "power_cut: {for: %d s, loses: guarantee}",
    "clock: {untrusted: %d s}",
]


def text(seed):
    chance = Random(seed)
    entries, at_s = [], 0
    for number in range(24):
        at_s += chance.randrange(10, 400)
        if chance.random() < 0.2:
            lasts_s = chance.randrange(5, 900)
            entries.append(f"  - {{at: +{at_s} s, {chance.choice(CUTS) % lasts_s}}}")
            at_s += lasts_s  # cuts do not overlap
        else:
            verb = chance.choice(VERBS)
            entries.append(f"  - {{at: +{at_s} s, {verb % number if '%d' in verb else verb}}}")
    return "\n".join(
        [
            f"name: random {seed}",
            "start: 2026-09-21 08:00",
            f"duration: {at_s + 600} s",
            f"sampling: {chance.choice((1, 7, 60))} s",
            "direct_close: yes",
            "rounds: [{sheds: 30 kW, closes: 1 min}, {sheds: 25 %}, {sheds: 10 kW, point: 2, closes: 0}]",
            "points: {1: {load: 120 kW}, 2: {load: 40 kW}}",
            "groups: {1: [1], 2: [1, -2]}",
            "parameters: {tariff: {codes: {08:00-10:00: 2}, prices_yuan_e4: [0.5 yuan, 0.9 yuan]}}",
            "script:",
            *entries,
        ]
    )


def test_both_runtimes_print_the_same(tmp_path, run_micropython, repo_root):
    files, expected, kinds = [], [], set()
    for seed in range(12):
        plain = scenario.parse(text(seed), f"random {seed}", tmp_path).plain
        files.append(tmp_path / f"{seed}.json")
        files[-1].write_text(json.dumps(plain))
        rows = list(engine.run(plain))
        kinds |= {row[2] for row in rows}
        expected += [files[-1].name, *map(engine.line, rows)]
    done = run_micropython("tests/vectors/control/run.py", *files, timeout_s=100)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == expected
    told = {name for _kind, name in kinds}
    assert {"power_control_trip", "remote_trip", "energy_control_trip", "guarantee_on", "switch"} <= told
