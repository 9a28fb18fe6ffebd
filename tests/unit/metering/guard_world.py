"""What guard_scenes.py is given: signed packages, sound and yet wrong, slow or without a fast read."""

import json
import struct
from pathlib import Path
from typing import Any

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, package
from protocols.meters.links import reader
from station.profiles import files, signing
from station.profiles.simulated import Meter
from tests.unit.metering.slot_world import Recorder
from tests.unit.protocols.drive import drive

POWER = 8
ROUNDS = 300  # of reads: numbers that count requests come round
NOTHING = [[], 0, 0, [1, 1], ""]  # an extra that maps what a meter shows to nothing


def source(name: str) -> dict[str, Any]:
    return files.read(files.found(name).read_bytes())


def signed(key: Any, document: dict[int, Any], address: str, test: list[Any]) -> dict[str, str]:
    """As a device takes it; no look at what it says."""
    public = key.public_key().public_bytes_raw()
    parts = [cbor.encode(document), cbor.encode([package.plain(test)])]
    told = [package.FORMAT, *(document[at] for at in (interpret.ID, interpret.REV, interpret.LINK))]
    told += [package.key_id(public), *(package.fingerprint(part) for part in (*parts, b""))]
    manifest = cbor.encode(dict(enumerate(told)))
    data = cbor.encode(dict(enumerate([manifest, key.sign(package.PREFIX + manifest), *parts])))
    return {"data": data.hex(), "hash": package.fingerprint(parts[0]).hex(), "address": address}


def with_rows(document: dict[int, Any], no: int, **fields: int) -> dict[int, Any]:
    """With other `kind`, `shift` or `extra` where point `no` is shown."""
    rows = bytearray(document[interpret.ROWS])
    for at in range(0, len(rows), interpret.ROW_BYTES):
        point, place, kind, width, shift, extra = struct.unpack_from(interpret.ROW, rows, at)
        if point == no:
            kind, shift, extra = (
                fields.get(name, now) for name, now in (("kind", kind), ("shift", shift), ("extra", extra))
            )
            struct.pack_into(interpret.ROW, rows, at, point, place, kind, width, shift, extra)
    return {**document, interpret.ROWS: bytes(rows)}


def _next(document: dict[int, Any]) -> dict[int, Any]:
    return {**document, interpret.REV: document[interpret.REV] + 1}


def _without_power(document: dict[int, Any]) -> dict[int, Any]:
    """Its one fast read shows energy and never a power."""
    extras = [*document[interpret.EXTRAS], NOTHING]
    return with_rows({**document, interpret.EXTRAS: extras}, POWER, shift=0, extra=len(extras) - 1)


def _slow(document: dict[int, Any]) -> dict[int, Any]:
    """With all the time that a device grants, and eight fast reads."""
    reads = document[interpret.FAST] + document[interpret.SLOW]
    line = {interpret.SERIAL: [9600, "8E1", 15000, 2000, 2], interpret.FAST: reads[:8]}
    return {**document, **line}


MADE = {  # name: (of the catalogue, how it is changed)
    "water": ("cjt188-water", dict),
    "good": ("dlt698-3p", dict),
    "no power": ("dlt698-3p", lambda document: _next(_without_power(document))),
    "modbus": ("chint-dtsu666", dict),
    "slow": ("dlt645-2007-3p", _slow),
}


def make(folder: Path) -> Path:
    signing.make_key(folder / "signer")
    key = signing.read_key(folder / "signer")
    answers: dict[str, str] = {}
    packages = {}
    for name, (of, change) in MADE.items():
        profile = source(of)
        meter = Meter(profile)
        server = Recorder(meter.server, answers)
        master = reader(profile["link"]).Reader(profile["address"], meter.profile.options)
        for _ in range(ROUNDS):
            for index in range(meter.profile.size):
                drive(master.read(meter.profile.request(index)), master, server)
        document = change(compiling.compiled(profile))
        ready = interpret.Profile(document)
        first = (ready.fast or ready.slow)[0]
        answer = meter.answers()[ready.request(first)]
        test = [first, profile["address"], answer, ready.decode(first, answer)]
        packages[name] = signed(key, document, profile["address"], test)
    public = key.public_key().public_bytes_raw().hex()
    world = {"packages": packages, "answers": answers, "keys": [public]}
    (folder / "guard.json").write_text(json.dumps(world))
    return folder / "guard.json"
