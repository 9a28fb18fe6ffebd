"""What the scenes of slot_scenes.py are given: signed packages and what their meters would answer."""

import contextlib
import json
import struct
from pathlib import Path
from typing import Any

from protocols import cbor
from protocols.lines.refused import Refused
from protocols.meters import compile as compiling
from protocols.meters import interpret, package
from protocols.meters.links import reader
from station.profiles import files, signing
from station.profiles.simulated import Meter
from tests.unit.protocols.drive import drive

GOOD = ("chint-dtsu666", "dlt645-1997", "dlt698-3p")
ENERGY = 320
ROUNDS = 70  # of reads: numbers that count requests come round


class Recorder:
    """The meter's server, which notes what it answers to what."""

    def __init__(self, server: Any, answers: dict[str, str]) -> None:
        self._server, self._answers = server, answers

    def feed(self, data: bytes) -> bytes:
        reply = self._server.feed(data)
        self._answers[data.hex()] = reply.hex()
        return reply


def _packed(profile: dict[str, Any], key: Any) -> dict[str, str]:
    data = signing.for_device(signing.sign(profile, key))
    told = package.fingerprint(compiling.encoded(profile))
    return {"data": data.hex(), "hash": told.hex(), "address": profile["address"]}


def _elsewhere(profile: dict[str, Any], key: Any, answers: dict[str, str]) -> dict[str, str]:
    """The next revision of a Modbus profile, with registers that the meter says it does not have."""
    document = compiling.compiled(profile)
    document[interpret.REV] += 1
    requests = [request.split(":") for request in document[interpret.REQUESTS].split("\n")]
    moved = [f"{function}:0x7F00:{count}" for function, _at, count in requests]
    document[interpret.REQUESTS] = "\n".join(moved)
    meter = Meter(profile)
    master = reader(profile["link"]).Reader(profile["address"], meter.profile.options)
    for request in moved:
        with contextlib.suppress(Refused):
            drive(master.read(request), master, Recorder(meter.server, answers))
    answer = meter.answers()[meter.profile.request(0)]
    test = [0, profile["address"], answer, meter.profile.decode(0, answer)]  # its place is not what it tests
    return _signed(document, test, key)


def _scaled(rev: int, shift: int, key: Any) -> dict[str, str]:
    """A DL/T 645 profile that shows energy times 10**shift, and says so in its test."""
    profile = files.read(files.found("dlt645-2007-3p").read_bytes())
    document = compiling.compiled(profile)
    document[interpret.REV] = rev
    rows = bytearray(document[interpret.ROWS])
    for at in range(0, len(rows), interpret.ROW_BYTES):
        row = list(struct.unpack_from(interpret.ROW, rows, at))
        if row[0] == ENERGY:
            row[4] += shift
            struct.pack_into(interpret.ROW, rows, at, *row)
    document[interpret.ROWS] = bytes(rows)
    meter = Meter(profile)
    answer = meter.answers()[meter.profile.request(0)]
    return _signed(
        document, [0, profile["address"], answer, interpret.Profile(document).decode(0, answer)], key
    )


def _signed(document: dict[int, Any], test: list[Any], key: Any) -> dict[str, str]:
    parts = [cbor.encode(document), cbor.encode([package.plain(test)])]
    public = package.key_id(key.public_key().public_bytes_raw())
    told = [package.FORMAT, *(document[at] for at in (interpret.ID, interpret.REV, interpret.LINK)), public]
    told += [package.fingerprint(part) for part in (*parts, b"")]
    manifest = cbor.encode(dict(enumerate(told)))
    data = cbor.encode(dict(enumerate([manifest, key.sign(package.PREFIX + manifest), *parts])))
    told = package.fingerprint(parts[0])
    return {"data": data.hex(), "hash": told.hex(), "address": test[1]}


def make(folder: Path) -> Path:
    key = signing.read_key(_key(folder / "signer"))
    other = signing.read_key(_key(folder / "stranger"))
    answers: dict[str, str] = {}
    packages, values = {}, {}
    for name in GOOD:
        profile = files.read(files.found(name).read_bytes())
        packages[name] = _packed(profile, key)
        meter = Meter(profile)
        values[name] = {str(no): value for no, value in meter.values.items()}
        server = Recorder(meter.server, answers)
        master = reader(profile["link"]).Reader(profile["address"], meter.profile.options)
        for _ in range(ROUNDS):
            for index in range(meter.profile.size):
                drive(master.read(meter.profile.request(index)), master, server)
    first = files.read(files.found(GOOD[0]).read_bytes())
    packages["wrong"] = _elsewhere(first, key, answers)
    packages["unknown"] = _packed(first, other)
    packages["altered"] = packages[GOOD[0]] | {"data": _altered(packages[GOOD[0]]["data"])}
    packages["keyed"] = _packed(_keyed(), key)
    for name, rev, shift in (("scale1", 1, 0), ("scale10", 2, 1), ("scale01", 2, -1)):
        packages[name] = _scaled(rev, shift, key)
    packages["untrue"] = packages[GOOD[0]] | {"hash": "00" * 32}
    public = key.public_key().public_bytes_raw().hex()
    world = {"good": GOOD, "packages": packages, "answers": answers, "keys": [public], "values": values}
    (folder / "world.json").write_text(json.dumps(world))
    return folder / "world.json"


def _keyed() -> dict[str, Any]:
    """Of a meter that is read with keys, which no profile carries."""
    profile = files.read(files.found("dlms-landisgyr-e350").read_bytes())
    profile["options"]["authentication"] = "hls5"
    return profile


def _key(path: Path) -> Path:
    signing.make_key(path)
    return path


def _altered(data: str) -> str:
    box = cbor.decode(bytes.fromhex(data))
    box[package.PROFILE] = box[package.PROFILE][:-1] + b"\x00"
    return cbor.encode(box).hex()
