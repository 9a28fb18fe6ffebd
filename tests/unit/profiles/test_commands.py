"""`loadkeeper profile` and `loadkeeper meter` as people use them; simulated meters on TCP and on a PTY."""

import json
import socket
import subprocess
import sys
import threading

import pytest
from click.testing import CliRunner

from station.cli.meter import meter
from station.cli.profile import profile
from station.profiles import files, serving, show
from station.profiles.ports import PortError, address_of, open_port
from station.profiles.simulated import Meter
from station.profiles.stores import PUSHED_S, pushes


def run(command, *args):
    return CliRunner().invoke(command, list(args))


@pytest.fixture
def serve():
    """Serve a simulated meter of the catalogue; its port."""
    stop = threading.Event()
    running = []

    def start(name, port="tcp://127.0.0.1:0", values=None):
        document = files.read(files.found(name).read_bytes())
        simulated = Meter(document, values)
        line = serving.open_line(port, 9600, "8N1")
        push_s = PUSHED_S / 10 if pushes(simulated.profile) else 0.0
        thread = threading.Thread(target=serving.serve, args=(simulated.server, line, stop, push_s))
        thread.start()
        running.append((thread, line))
        return line.name

    yield start
    stop.set()
    for thread, line in running:
        thread.join()
        line.close()


# ---- profile


def test_check_says_good_and_its_size():
    ended = run(profile, "check", "abb-b23", "dlt645-2007-3p")
    assert ended.exit_code == 0
    assert ended.output.count("good: ") == 2
    assert "bytes for a device, hash " in ended.output


def test_check_names_each_fault(tmp_path):
    document = files.read(files.found("abb-b23").read_bytes())
    document["reads"][0]["parts"][0]["type"] = "u63"
    document["fast"] = ["none"]
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    ended = run(profile, "check", str(tmp_path / "bad.json"))
    assert ended.exit_code == 1
    assert "reads/0/parts/0/type: 'u63' is not known -> did you mean 'u64'?" in ended.output


def test_check_of_no_json_and_of_no_file(tmp_path):
    (tmp_path / "x.json").write_text("{", encoding="utf-8")
    assert "not JSON at line 1" in run(profile, "check", str(tmp_path / "x.json")).output
    ended = run(profile, "check", "no-such-file")
    assert ended.exit_code == 2
    assert "Error: no-such-file" in ended.output


def test_from_key_to_verified_package(tmp_path):
    key, target = str(tmp_path / "key"), str(tmp_path / "p.lkp")
    assert run(profile, "keygen", key).exit_code == 0
    assert run(profile, "sign", "abb-b23", "--key", key, "--out", target).exit_code == 0
    ended = run(profile, "verify", target, "--pub", key + ".pub")
    assert ended.exit_code == 0
    assert ended.output.startswith("abb-b23 revision 1, hash ")
    assert run(profile, "check", target).exit_code == 0
    data = bytearray((tmp_path / "p.lkp").read_bytes())
    data[-1] ^= 1
    (tmp_path / "p.lkp").write_bytes(data)
    ended = run(profile, "verify", target, "--pub", key + ".pub")
    assert ended.exit_code == 2
    assert "altered" in ended.output


def test_a_bad_profile_is_not_signed(tmp_path):
    document = files.read(files.found("abb-b23").read_bytes()) | {"rev": 0}
    (tmp_path / "bad.json").write_text(json.dumps(document), encoding="utf-8")
    run(profile, "keygen", str(tmp_path / "key"))
    ended = run(
        profile,
        "sign",
        str(tmp_path / "bad.json"),
        "--key",
        str(tmp_path / "key"),
        "--out",
        str(tmp_path / "p"),
    )
    assert ended.exit_code == 2
    assert "rev: 0 is not 1 to 65535" in ended.output
    assert not (tmp_path / "p").exists()


def test_simulate_shows_a_table():
    ended = run(profile, "simulate", "siemens-pac3200", "--lang", "zh")
    assert ended.exit_code == 0
    assert "有功功率" in ended.output


def test_diff_names_points_and_reads(tmp_path):
    document = files.read(files.found("chint-dtsu666").read_bytes())
    document["rev"] = 2
    document["serial"]["baud"] = 19200
    document["reads"][1]["parts"][0]["scale"] = -2
    document["tests"] = [test for test in document["tests"] if test["read"] != "3:0x2012:2"]
    del document["reads"][3]
    document["slow"].remove("3:0x1028:2")
    document["daily"] = ["energy_import_wh"]
    (tmp_path / "new.json").write_text(json.dumps(document), encoding="utf-8")
    ended = run(profile, "diff", "chint-dtsu666", str(tmp_path / "new.json"))
    assert ended.exit_code == 1
    assert ended.output.splitlines() == [
        "~ rev: 1 -> 2",
        "~ serial baud: 9600 -> 19200",
        "- read 3:0x1028:2: energy_export_wh",
        "~ read 3:0x2012:2 power_dw: bytes 0..3 f32 x 0.1 W -> bytes 0..3 f32 x 0.01 W",
        "- slow: 3:0x1028:2",
        "- daily: energy_export_wh",
    ]
    assert run(profile, "diff", "abb-b23", "abb-b23").exit_code == 0


def test_list_has_the_catalogue():
    assert run(profile, "list").output.count("\n") == len(files.catalogue())


# ---- meter read


@pytest.mark.parametrize("name", files.catalogue())
def test_every_meter_is_read_over_tcp(serve, name):
    ended = run(meter, "read", "-p", name, "--port", serve(name), "--json")
    assert ended.exit_code == 0, ended.output
    told = json.loads(ended.output.splitlines()[0])
    assert told["failed"] == {}
    assert told["points"]


def test_read_shows_points_with_unit_and_name(serve):
    port = serve("dlt645-2007-3p", values={1: 2345})
    ended = run(
        meter, "read", "-p", "dlt645-2007-3p", "--port", port, "--lang", "zh", "voltage_a_dv", "1-0:1.8.0*255"
    )
    assert ended.exit_code == 0
    assert "voltage_a_dv" in ended.stdout
    assert "234.5 V" in ended.stdout
    assert "A相电压" in ended.stdout
    assert "正向有功电能" in ended.stdout
    assert len(ended.stdout.splitlines()) == 2


def test_read_over_a_pty(serve):
    ended = run(meter, "read", "-p", "abb-b23", "--port", serve("abb-b23", "pty"), "power_dw")
    assert ended.exit_code == 0, ended.output
    assert "power_dw" in ended.stdout


def test_a_mute_meter_is_told(serve):
    ended = run(meter, "read", "-p", "abb-b23", "--port", serve("abb-b23"), "-a", "7", "power_dw")
    assert ended.exit_code == 1
    assert "3:0x5B14:2: mute" in ended.output


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("-p", "abb-b23", "--port", "tcp://127.0.0.1:1"), "refused"),
        (("-p", "abb-b23", "--port", "tcp://nowhere"), "is not tcp://HOST:PORT"),
        (("-p", "abb-b23", "--port", "/dev/no-such-port"), "/dev/no-such-port: No such file"),
        (("-p", "no-profile", "--port", "x"), "the catalogue has "),
        (("-p", "abb-b23", "--port", "x", "no_point"), "no point is called no_point"),
        (("-p", "abb-b23", "--port", "tcp://127.0.0.1:1", "-o", "x"), ""),
    ],
)
def test_what_cannot_be_tried_says_why(args, says):
    ended = run(meter, "read", *args)
    assert ended.exit_code == 2
    assert says in ended.output


def test_simulate_as_a_process(tmp_path):
    """The first line says where it listens."""
    code = "from station.cli.meter import meter; meter()"
    command = [
        sys.executable,
        "-c",
        code,
        "simulate",
        "-p",
        "abb-b23",
        "--port",
        "tcp://127.0.0.1:0",
        "--set",
        "voltage_a_dv=231.5",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            port = process.stdout.readline().strip()
            ended = run(meter, "read", "-p", "abb-b23", "--port", port, "voltage_a_dv")
        finally:
            process.terminate()
    assert "231.5 V" in ended.stdout


@pytest.mark.parametrize("setting", ["voltage_a_dv=x", "voltage_a_dv=1.234", "no_point=1", "voltage_a_dv=-5"])
def test_simulate_refuses_what_it_cannot_show(setting):
    ended = run(meter, "simulate", "-p", "abb-b23", "--port", "tcp://127.0.0.1:0", "--set", setting)
    assert ended.exit_code == 2


def test_a_control_over_tcp(serve, tmp_path):
    port = serve("dlt698-3p")
    ended = run(meter, "control", "-p", "dlt698-3p", "--port", port, "--yes", "no_such")
    assert "it has trip, close" in ended.output
    ended = CliRunner().invoke(meter, ["control", "-p", "dlt698-3p", "--port", port, "trip"], input="n\n")
    assert ended.exit_code == 1
    assert "customers may lose power" in ended.output


# ---- texts


@pytest.mark.parametrize(
    ("alias", "value", "text"),
    [
        ("voltage_a_dv", 2301, "230.1 V"), ("power_dw", -5, "-0.0005 kW"), ("energy_import_wh", None, "-"),
        ("clock", 1789999980, "2026-09-21 14:13:00"), ("status_word_1", 80, "0x0050"),
        ("meter_no", "0012", "0012"),
        ("clock_time", 3661, "01:01:01"), ("trip_count", 3, "3"), ("relay_state", 1, "1"),
    ],
)  # fmt: skip
def test_values_are_shown_and_taken_as_people_write_them(alias, value, text):
    from protocols.meters.points import BY_ALIAS

    no = BY_ALIAS[alias][0]
    assert show.value_text(no, value) == text
    if alias != "clock_time":
        assert show.value_of(no, text.split(" ")[0] if alias != "clock" else text) == value


def test_columns_stand_under_one_another():
    lines = show.table([("有功", "1"), ("power", "22")], (1,))
    assert [show.width(line) for line in lines] == [9, 9]


@pytest.mark.parametrize("text", ["tcp://x", "tcp://:1", "tcp://h:99999", "udp://h:1", "tcp://h:1/"])
def test_no_address(text):
    with pytest.raises(PortError):
        address_of(text)


def test_a_lost_connection_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = open_port(f"tcp://127.0.0.1:{listening.getsockname()[1]}", 9600, "8N1")
        listening.accept()[0].close()
        with pytest.raises(PortError, match="closed by the other side"):
            port.read(5)
        port.close()
