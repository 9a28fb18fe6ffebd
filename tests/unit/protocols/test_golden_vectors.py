"""The same vectors on both runtimes, and independent eyes on what stands in them."""

import hashlib
import hmac
import json
import shutil
from binascii import unhexlify
from pathlib import Path

import cbor2
import pytest

from tests.vectors import make, run

VECTORS = Path(run.__file__).parent
CASES = {name: json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8")) for name in run.FILES}
ALL = [pytest.param(case, id=f"{name}: {case['name']}") for name in CASES for case in CASES[name]]


@pytest.mark.parametrize("case", ALL)
def test_vector_holds_on_cpython(case):
    assert run.run(case) == ""


def test_vectors_hold_on_micropython(run_micropython):
    ended = run_micropython("tests/vectors/run.py")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.splitlines() == [f"{name} {len(CASES[name])} vectors" for name in run.FILES]


@pytest.mark.parametrize("broken", run.FILES)
def test_runner_fails_on_a_wrong_vector(broken, tmp_path, capsys):
    for name in run.FILES:
        shutil.copy(VECTORS / f"{name}.json", tmp_path)
    cases = [*CASES[broken][:-1], CASES[broken][-1] | {"want": "something else", "error": "something else"}]
    (tmp_path / f"{broken}.json").write_text(json.dumps(cases), encoding="utf-8")
    assert run.main(str(tmp_path)) == 1
    assert f"{broken} {cases[-1]['name']} gave" in capsys.readouterr().out


def test_committed_uplink_vectors_are_what_the_generator_makes():
    assert make.TARGET.read_text(encoding="utf-8") == make.text(), "run python tests/vectors/make.py"


@pytest.mark.parametrize("case", [c for c in CASES["cbor"] if "want" in c], ids=lambda c: c["name"])
def test_cbor2_reads_and_writes_the_same_bytes(case):
    data, value = unhexlify(case["hex"]), run.plain(case["want"])
    assert cbor2.loads(data) == value
    assert cbor2.dumps(value, canonical=True) == data


@pytest.mark.parametrize(
    "case", [c for c in CASES["uplink"] if "b" in c.get("want", ())], ids=lambda c: c["name"]
)
def test_cbor2_writes_our_messages_the_same(case):
    data = run.plain(case["want"])
    assert cbor2.dumps(cbor2.loads(data), canonical=True) == data


@pytest.mark.parametrize("case", [c for c in CASES["uplink"] if c["do"] == "seal"], ids=lambda c: c["name"])
def test_seals_are_hmac_sha256_of_the_standard_library(case):
    wire = cbor2.loads(run.plain(case["want"]))
    signed = b"lk-seal-1\0" + f"{case['leaf']}\0{case['device']}\0".encode() + wire[1]
    keys = {2: case["key"], 3: case["second_key"]}
    macs = {no: hmac.new(unhexlify(key), signed, hashlib.sha256).digest() for no, key in keys.items() if key}
    assert {no: wire[no] for no in wire if no > 1} == macs
    assert cbor2.loads(wire[1]) == run.plain(case["body"])


def frames_in(case):
    data = case["want"]["b"] if case["do"] == "build" else case["request"] + case["answer"]
    return unhexlify(data)


@pytest.mark.parametrize(
    "case", [c for c in CASES["dlt645"] if c["do"] in ("build", "match")], ids=lambda c: c["name"]
)
def test_checksums_in_the_vectors_add_up(case):
    """Counted here by the rule of the standard alone: length byte at 9, sum from the first 68."""
    rest = frames_in(case).lstrip(b"\xfe")
    while rest:
        size = 12 + rest[9]
        assert rest[0] == rest[7] == 0x68
        assert rest[size - 1] == 0x16
        assert rest[size - 2] == sum(rest[: size - 2]) % 256
        rest = rest[size:].lstrip(b"\xfe")


def test_every_builder_has_a_vector():
    builders = {"read", "read_next", "read_address", "write", "control", "broadcast_time", "freeze", "reply"}
    used = {c["builder"] for c in CASES["dlt645"] if c["do"] == "build"}
    assert used == builders | {"error_reply"}
    assert all(callable(run.builder(name)) for name in used)
