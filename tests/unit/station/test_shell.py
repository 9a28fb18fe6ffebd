"""The command line: enrol, command, export; and `up` as a whole."""

import csv
import io
import json
import os
import signal
import stat

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from click.testing import CliRunner

from protocols.meters.points import BY_ALIAS
from protocols.uplink import topics
from station.cli.data import guarded
from station.cli.main import cli
from station.store import counters, db, devices, live, streams
from station.store.documents_schema import SEARCH
from station.store.schema import metadata
from tests.unit.station.conftest import Process
from tests.unit.station.double import T0, LiveDouble, curve, daily, diag, event, wait

DAY_S = T0 - T0 % 86_400
ENERGY = BY_ALIAS["energy_import_wh"][0]


def test_migrations_make_the_tables_of_the_schema(engine):
    ours = {"include_name": lambda name, kind, _parents: kind != "table" or not name.startswith(SEARCH)}
    with db.reading(engine) as c:  # but the tables in which SQLite keeps the index of a search
        assert compare_metadata(MigrationContext.configure(c, opts=ours), metadata) == []


def test_enrolment_writes_a_private_identity(run, settings, engine, tmp_path):
    path = tmp_path / "id.json"
    run("device", "add", "T0000003", "--meter", "123456789012", "--identity", str(path))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    meter = json.loads(path.read_text())["meter"]
    assert (meter["address"], meter["baud"]) == ("123456789012", 9600)
    listed = [json.loads(line) for line in run("device", "list").splitlines()]
    assert [row["device"] for row in listed] == ["T0000003", "T1", "T2"]
    assert "this id is taken" in run("device", "add", "T0000003", status=1)


def test_an_identity_that_cannot_be_written_enrols_nobody(run, engine, tmp_path):
    assert "No such file" in run("device", "add", "T3", "--identity", str(tmp_path / "no" / "i"), status=1)
    assert "T3" not in run("device", "list")
    run("device", "add", "T3")


def test_the_identity_is_given_again(run, engine, tmp_path):
    first, again = tmp_path / "first.json", tmp_path / "again.json"
    run("device", "add", "T3", "--baud", "2400", "--identity", str(first))
    run("device", "identity", "T3", "--baud", "2400", "--identity", str(again))
    assert again.read_bytes() == first.read_bytes()
    assert stat.S_IMODE(again.stat().st_mode) == 0o600
    assert json.loads(run("device", "identity", "T3", "--baud", "2400")) == json.loads(first.read_text())
    assert "no such device" in run("device", "identity", "T4", status=1)


HUGE = "9" * 20
WRONG = [  # (exit status, words it says, command line)
    (2, "--baud", ["device", "add", "T3", "--baud", "-3"]),
    (2, "whole number", ["device", "add", "T3", "--rounds", "１"]),
    (2, "whole number", ["command", "trip", "T1", "--rounds", "１"]),
    (2, "whole number", ["command", "trip", "T1", "--delay-s", "６０"]),
    (2, "half hours", ["command", "plan", "T1", "--period", "１-2:90"]),
    (2, "--deadline", ["command", "trip", "T1", "--deadline", HUGE]),
    (2, "--deadline", ["command", "trip", "T1", "--deadline", "86401"]),
    (2, "whole number", ["command", "show", "T1", HUGE]),
    (2, "--wait", ["command", "trip", "T1", "--rounds", "1", "--wait", "nan"]),
    (2, "--wait", ["profile", "push", "T1", "x.lkp", "--slot", "1", "--wait", "nan"]),
    (2, "--wait", ["area", "load", "C1", "--wait", "nan"]),
    (2, "--wait", ["area", "search", "C1", "1", "--wait", "nan"]),
    (2, "ISO 8601", ["data", "export", "events", "--since", HUGE]),
    (1, "no such device", ["data", "export", "events", "--device", "NOPE"]),
    (1, "/no/dir/x", ["data", "export", "events", "--out", "/no/dir/x"]),
    (2, "not mqtt://", ["device", "add", "T3", "--broker", "notaurl"]),
    (2, "--broker", ["device", "add", "T3", "--broker", "mqtt://h:99999"]),
    (2, "--broker", ["up", "--broker", "foo"]),
    (2, "--port", ["up", "--port", "99999"]),
    (2, "--mqtt-port", ["up", "--mqtt-port", "-1"]),
]


@pytest.mark.parametrize(("status", "words", "line"), WRONG, ids=[" ".join(row[2]) for row in WRONG])
def test_a_wrong_word_is_an_error_in_words(run, engine, status, words, line):
    assert words in run(*line, status=status)


def test_a_home_that_cannot_be_made_is_an_error_in_words():
    for words in (["up"], ["device", "add", "T3"], ["web"]):
        done = CliRunner().invoke(cli, [*words, "--home", "/proc/xx"])
        assert (done.exit_code, done.stderr[:6]) == (1, "Error:"), done.output


COMMANDS = [
    (["trip", "T1", "--rounds", "1,3", "--delay-s", "60"], {"rounds": 5, "delay_s": 60, "limit_s": 0}),
    (["permit", "T1", "--rounds", "2"], {"rounds": 2}),
    (["release", "T1", "period"], {"control": 2, "group": 1}),
    (["guarantee", "T1", "on", "--half-hours", "2"], {"on": 1, "duration_s": 3600}),
    (
        ["order", "T1", "--value-kwh", "5", "--trip-kwh", "-1"],
        {"order": 1, "flag": 0x55, "value_wh": 5000, "alarm_wh": 0, "trip_wh": -1000, "rounds": 1},
    ),
]


@pytest.mark.parametrize(("words", "params"), COMMANDS, ids=[words[0] for words, _params in COMMANDS])
def test_command_is_queued(run, engine, words, params):
    row = json.loads(run("command", *words))
    assert (row["state"], row["params"]) == ("queued", params)
    assert json.loads(run("command", "show", "T1", "1"))["log"][-1]["state_to"] == "queued"


def test_plan_from_the_shell(run, engine):
    row = json.loads(
        run("command", "plan", "T1", "--period", "16-24:90", "--rounds", "1,2", "--alarm-s", "5,7")
    )
    assert row["params"]["alarm_s"] == [5, 7]
    assert "round" in run("command", "plan", "T1", "--period", "16-24:90", "--rounds", "4", status=1)
    assert "half hours" in run("command", "plan", "T1", "--period", "16", status=2)


@pytest.fixture
def filled(handler, device):
    handler.take(
        [
            device.batch(topics.EV, 1, [event("terminal_fault", task="=cmd|'/c calc'!A1", error="负荷")]),
            device.batch(topics.DA, 1, [curve(DAY_S, {8: -5, 1: 2200}), daily(DAY_S, {ENERGY: 9})]),
            device.batch(topics.LG, 1, [diag(1), diag(2)]),
        ]
    )


def test_readings_are_exported_point_by_point(run, filled):
    rows = list(csv.DictReader(io.StringIO(run("data", "export", "readings"))))
    assert [(row["kind"], row["alias"], row["value"]) for row in rows] == [
        ("curve", "voltage_a_dv", "2200"),
        ("curve", "power_dw", "-5"),
        ("daily", "energy_import_wh", "9"),
    ]
    assert rows[0]["time"] == "2026-09-21T00:00:00Z"
    assert rows[0]["quality"] == "measured"


def test_export_is_bounded_by_device_and_time(run, filled):
    assert json.loads(run("data", "export", "readings", "--format", "json", "--device", "T2")) == []
    assert json.loads(run("data", "export", "events", "--format", "json", "--since", str(T0 + 1))) == []
    assert len(json.loads(run("data", "export", "events", "--format", "json", "--until", "2026-09-22"))) == 1
    assert "ISO 8601" in run("data", "export", "events", "--since", "yesterday", status=2)


def test_an_empty_export_has_its_head_and_maps_stay_maps_in_json(run, filled):
    assert run("data", "export", "commands").startswith("device,command,kind,params,")
    found = json.loads(run("data", "export", "events", "--format", "json"))
    assert isinstance(found[0]["data"], dict)


@pytest.mark.parametrize(
    "words", [("data", "export", "events"), ("device", "list"), ("user", "list"), ("command", "trip", "T1")]
)
def test_reading_from_no_station_makes_none(tmp_path, words):
    folder = tmp_path / "nowhere"
    done = CliRunner().invoke(cli, [*words, "--home", str(folder)])
    assert done.exit_code == 1
    assert "no station at" in done.output
    assert not folder.exists()


def test_export_to_a_file_for_spreadsheets(run, filled, tmp_path):
    out = tmp_path / "e.csv"
    run("data", "export", "events", "--bom", "--out", str(out))
    assert out.read_bytes().startswith(b"\xef\xbb\xbf")
    row = next(csv.DictReader(io.StringIO(out.read_text("utf-8-sig"))))
    assert "负荷" in row["data"]


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_spreadsheets_run_no_formula_of_ours(cell):
    assert guarded(cell) == "'" + cell
    assert guarded(-1) == -1


def test_command_export_guards_notes(run, engine):
    run("command", "permit", "T1", "--note", '=HYPERLINK("http://x")')
    row = next(csv.DictReader(io.StringIO(run("data", "export", "commands"))))
    assert row["note"].startswith("'=")
    assert row["kind"] == "permit_close"


def test_lists_of_the_last_diagnostics_and_trail(filled, handler, device, engine):
    handler.take([device.now(power_w=5, setpoint_w=9)])
    with db.reading(engine) as c:
        assert streams.last_diag(c, "T1")["heap_free"] == 2
        found = live.latest(c, "T1")
        assert live.trail(c, "T1", 0) == [(found["received_s"], 5, 9)]
        assert found["frames"] == [[T0, 0, b"\x68"]]


def test_trail_is_pruned(handler, device, engine):
    for at in (1, 2, 3 + live.TRAIL_S):
        with db.writing(engine) as c:
            live.put(c, "T1", {name: 0 for name in live._COLUMNS}, b"", at)
            live.prune(c, "T1", at)
    with db.reading(engine) as c:
        assert [t_s for t_s, _power, _setpoint in live.trail(c, "T1", 0)] == [3 + live.TRAIL_S]


def test_up_runs_the_station_and_ends_all_of_it(settings, run):
    up = Process(settings, "up", "--port", "0", "--mqtt-port", "0")
    try:
        for part in ("broker_ready", "ingest_ready", "dispatch_ready", "jobs_ready"):
            wait(lambda part=part: part in up.text(), 30)
        wait(lambda: "one_time_password=" in up.text(), 30)
        assert set(settings.ports()) == {"web", "mqtt"}
        run("device", "add", "T1")  # while it runs
        wait(lambda: "broker_accounts_reloaded" in up.text())
        broker_log = settings.log / "broker.log"  # it was told; it has done it a moment later
        wait(lambda: "Reloaded server configuration" in broker_log.read_text(encoding="utf-8"))
        live_double = LiveDouble(settings, settings.broker())
        assert live_double.subscribe()
        live_double.send(live_double.hello())
        live_double.next(topics.WELCOME)
        live_double.client.publish(topics.up("00", "T2", topics.DA), b"x", 1)

        children = wait(lambda: child_pids(up.process.pid))
        victim = next(pid for pid, words in children.items() if "ingest" in words)
        os.kill(victim, signal.SIGKILL)
        wait(lambda: up.text().count("ingest_ready") == 2, 20)
        live_double.send(live_double.hello())
        live_double.next(topics.WELCOME)
        live_double.close()
        children = child_pids(up.process.pid)

        second = Process(settings, "up", "--port", "0", "--mqtt-port", "0")
        assert second.process.wait(20) == 1
        assert "already running" in second.text()
        os.kill(up.process.pid, signal.SIGINT)
        assert up.process.wait(30) == 0
        assert not any(os.path.exists(f"/proc/{pid}") for pid in children)
        assert settings.ports() == {}
    finally:
        if up.process.poll() is None:
            up.stop()
    with db.reading(db.engine(settings.home)) as c:
        assert devices.get(c, "T1")["firmware"] == "0.1.0"
        counted = [(row["name"], row["reason"], row["n"]) for row in counters.all_counters(c)]
    assert counted == [("broker", "foreign_topic", 1)]
    assert "alembic" not in up.text()


def child_pids(parent):
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as file:
                ppid = int(file.read().rsplit(")", 1)[1].split()[1])
            with open(f"/proc/{pid}/cmdline") as file:
                words = file.read().split("\0")
        except FileNotFoundError:
            continue
        if ppid == parent:
            found[int(pid)] = words
    return found


def test_passwords_of_meters_reach_the_identity_by_slot_and_nothing_else(run, engine, settings, tmp_path):
    secret, path, again = tmp_path / "password", tmp_path / "id.json", tmp_path / "again.json"
    secret.write_text("987654\n", encoding="utf-8")
    profiles = ("--profile", "dlt645-2007-1p", "--profile", "dlt645-1997", "--profile", "dlt645-2007-3p")
    given = (f"password=@{secret}", "operator=00000001", "2:password=555666")
    options = [text for each in given for text in ("--meter-input", each)]
    said = run("area", "add", "C0000001", *profiles, *options, "--identity", str(path))
    held = json.loads(path.read_text())["meter_inputs"]
    assert held == {
        "0": {"password": "987654", "operator": "00000001"},
        "2": {"password": "555666", "operator": "00000001"},
    }
    run("device", "identity", "C0000001", "--identity", str(again))
    assert json.loads(again.read_text())["meter_inputs"] == held
    said += run("device", "identity", "C0000001", status=2) + run("device", "list")
    stored = b"".join(each.read_bytes() for each in settings.home.rglob("*") if each.is_file())
    assert b"C0000001" in stored
    assert not [word for word in ("987654", "555666") if word in said or word.encode() in stored]


@pytest.mark.parametrize(
    "given", ["password=1234567", "pass word=secret77", "secret77", "4:password=secret77", "colour=secret77"]
)
def test_a_meter_input_that_does_not_fit_enrols_nobody_and_is_not_repeated(run, engine, given):
    said = run("area", "add", "C0000001", "--meter-input", given, status=1)
    assert "meter_input" in said
    assert "1234567" not in said
    assert "secret77" not in said
    assert "C0000001" not in run("device", "list")
