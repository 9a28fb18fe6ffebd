"""`loadkeeper decode`: what an operator pastes, and what a broken log holds."""

import json
import os
import subprocess
import sys

import pytest
from click.testing import CliRunner

from protocols.lines import dlt645, dlt645_meter
from station.cli.decode import MAX_LINE, decode

ADDRESS = "123456789012"
READ = dlt645.read(ADDRESS, 0x00010000)
REPLY = dlt645_meter.reply(ADDRESS, dlt645.READ, 0x00010000, bytes.fromhex("26000000"))


def run(*args: str, given: bytes | None = None) -> tuple[int, list]:
    result = CliRunner().invoke(decode, ["dlt645", *args], input=given)
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, [json.loads(line) for line in result.output.splitlines()]


def test_a_reply_shows_its_points():
    assert run(REPLY.hex()) == (
        0,
        [
            {
                "ok": True,
                "frame": {
                    "address": ADDRESS,
                    "control": "91",
                    "function": "read-reply",
                    "di": "00010000",
                    "more": False,
                    "errors": [],
                },
                "points": [{"point": "1-0:1.8.0*255", "value": 26, "scale": -2, "unit": "kWh"}],
            }
        ],
    )


@pytest.mark.parametrize("text", [READ.hex(" "), READ.hex().upper(), READ.hex(" ", 2), f"  {READ.hex()}\t"])
def test_hex_may_be_spaced_and_of_either_case(text):
    code, (shown,) = run(text)
    assert (code, shown["frame"]["function"], shown["points"]) == (0, "read", [])
    assert run(*text.split())[1] == [shown]


def test_absent_values_are_null():
    data = bytes.fromhex("0123" + "ffff" + "eeee")
    _code, (shown,) = run(dlt645_meter.reply(ADDRESS, dlt645.READ, 0x0201FF00, data).hex())
    assert [(p["value"], p.get("quality")) for p in shown["points"]] == [
        (2301, None),
        (None, "absent"),
        (None, "absent"),
    ]


def test_several_frames_in_one_line():
    _code, shown = run((READ + REPLY).hex())
    assert [s["frame"]["function"] for s in shown] == ["read", "read-reply"]


def test_status_words_and_times_are_explained():
    word = dlt645_meter.reply(ADDRESS, dlt645.READ, 0x04000503, bytes.fromhex("1000"))
    assert run(word.hex())[1][0]["points"][0]["flags"] == {"relay_open": 1}
    demand = dlt645_meter.reply(ADDRESS, dlt645.READ, 0x01010000, bytes.fromhex("5634123010221126"))
    assert run(demand.hex())[1][0]["points"][1]["text"] == "2026-11-22 10:30:00"


def test_error_reply_and_address_reply():
    _code, (refused,) = run(dlt645_meter.error_reply(ADDRESS, dlt645.READ, "no_such_data").hex())
    assert (refused["frame"]["function"], refused["frame"]["errors"]) == ("read-error", ["no_such_data"])
    answer = dlt645_meter.reply(ADDRESS, dlt645.READ_ADDRESS, data=dlt645.address_bytes(ADDRESS))
    _code, (told,) = run(answer.hex())
    assert told["points"][0]["value"] == ADDRESS


def test_pieces_and_unknown_identifiers_are_frames_without_points():
    piece = dlt645_meter.reply(ADDRESS, dlt645.READ, 0x0001FF00, bytes(4), more=True)
    unknown = dlt645_meter.reply(ADDRESS, dlt645.READ, 0x07000001, bytes(4))
    for frame, note in ((piece, "join the data"), (unknown, "07000001 is not in the table")):
        code, (shown,) = run(frame.hex())
        assert (code, shown["ok"], shown["points"]) == (0, True, [])
        assert note in shown["note"]


BAD = [
    ("", "empty line"),
    ("   ", "empty line"),
    ("zz", "'z' (character 1"),
    ("68 1", "odd number of hex digits: 3"),
    ("0011", "no start byte 68"),
    ("68", "truncated: 1 bytes"),
    (REPLY[4:-3].hex(), "truncated: length 8 asks for 20 bytes, 17 are here"),
    (REPLY[4:11].hex() + "00" + REPLY[12:].hex(), "no second 68 seven bytes after the first, but 00"),
    (REPLY[:-2].hex() + "0016", "checksum is 00, computed DE"),
    (REPLY[:-1].hex() + "17", "end byte is 17, not 16"),
    (
        "681212121212B168910005 16".replace("05", f"{(0x68 * 2 + 0x12 * 5 + 0xB1 + 0x91) % 256:02x}"),
        "digits other",
    ),
    (
        dlt645_meter.reply(ADDRESS, dlt645.READ, 0x00010000, b"12").hex(),
        "2 bytes cannot be the data of 00010000",
    ),
    ("00" * MAX_LINE, f"line longer than {MAX_LINE} characters"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[reason for _text, reason in BAD])
def test_what_cannot_be_read_has_its_reason_and_exit_code_1(text, reason):
    code, (shown,) = run(text)
    assert (code, shown["ok"]) == (1, False)
    assert reason in shown["reason"]


def test_standard_input_goes_on_after_every_bad_line():
    lines = [text.encode() for text, _reason in BAD] + [b"\xff\xfe", b"68" * MAX_LINE, REPLY.hex().encode()]
    code, shown = run("-", given=b"\n".join(lines))
    assert code == 0
    assert [s["ok"] for s in shown] == [False] * (len(BAD) + 2) + [True]
    assert all(reason in s["reason"] for (_text, reason), s in zip(BAD, shown, strict=False))
    assert "longer than" in shown[-2]["reason"]


def test_noise_beside_a_good_frame_is_told():
    hurt = REPLY[:-2] + b"\0\x16"
    code, shown = run((REPLY + hurt).hex())
    assert (code, [s["ok"] for s in shown]) == (1, [True, False])
    code, shown = run((REPLY + REPLY[4:-2]).hex())
    assert (code, [s["ok"] for s in shown]) == (1, [True, False])
    assert "truncated" in shown[1]["reason"]
    assert run("00ff" + REPLY.hex()) == run(REPLY.hex())


def test_unknown_protocol_and_missing_hex_are_usage_errors():
    assert CliRunner().invoke(decode, ["morse", "68"]).exit_code == 2
    assert CliRunner().invoke(decode, ["dlt645"]).exit_code == 2


def test_the_command_as_installed():
    command = [sys.executable, "-m", "station.cli.main", "decode", "dlt645", "-"]
    lines = f"{READ.hex(' ')}\nnonsense\n{REPLY.hex()}\n"
    ended = subprocess.run(
        command, input=lines, capture_output=True, text=True, timeout=60, check=False, env=os.environ.copy()
    )
    assert ended.returncode == 0, ended.stderr
    assert [json.loads(line)["ok"] for line in ended.stdout.splitlines()] == [True, False, True]
