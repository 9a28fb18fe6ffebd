"""Signed profiles for the seeded area: a key, packages of the catalogue, and ways into a terminal."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from protocols.meters import compile as compiling
from protocols.meters import package
from protocols.uplink import messages, parameters
from station.profiles import admit, files, keys, push, signing
from station.store import commands, db, profiles

SIGNER = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
DAY_S = 86_400
FIRST, SECOND, THIRD = "dlt645-2007-3p", "chint-dtsu666", "mbus-kamstrup-multical601"


def signed(name: str, rev: int = 1, signer: Ed25519PrivateKey = SIGNER) -> bytes:
    return signing.sign(files.read(files.found(name).read_bytes()) | {"rev": rev}, signer)


def reported(name: str, rev: int = 1) -> bytes:
    document = files.read(files.found(name).read_bytes()) | {"rev": rev}
    return package.fingerprint(compiling.encoded(document))[:8]


def running() -> list[list[Any]]:
    """What a terminal says: one proved, one on trial, one that this station never had."""
    return [
        [1, reported(FIRST), 0, FIRST],
        [2, reported(SECOND), 1, SECOND],
        [4, bytes(range(8)), 0, "harbour-meter"],
    ]


def trust(c: Connection) -> None:
    keys.add(c, SIGNER.public_key().public_bytes_raw(), "admin")


def admitted(c: Connection, data: bytes, author: str) -> int:
    """Proved and kept, as the doors do it."""
    return admit.keep(c, data, admit.prove(data, keys.trusted(c)), author)


def way(c: Connection, device: str, slot: int, name: str, at: int, rev: int = 1, **facts: Any) -> int:
    """A push as the room leaves it; `facts` are columns."""
    number = admitted(c, signed(name, rev), "admin")
    total = len(signing.for_device(signed(name, rev)))
    state = push.Push(total, total, at + DAY_S)._asdict() | facts
    made = profiles.begin(c, device, slot, number, "admin", **state)
    profiles.change(c, made, at + 60, begun_s=at)
    return made


def read_by(c: Connection, device: str, slot: int) -> None:
    """Metering point 1 reads by the slot; the terminal reports version 1 of the section."""
    rows = [[1, 1, 1, "202611220017", 9600, slot, 80, 2200, 5000, 4, 0, 0]]
    values = parameters.write(parameters.POINTS, {"points": rows})
    params = {"section": parameters.POINTS, "version": 1, "values": values}
    number = commands.create(c, device, messages.PARAMETERS, params, "admin", db.now_s() + 300)
    commands.move(c, device, number, "executed")


def seed_profiles(c: Connection, device: str, at: int) -> None:
    trust(c)
    read_by(c, device, 1)
    way(c, device, 1, FIRST, at - 3 * DAY_S, state=push.KEPT)
    way(c, device, 1, FIRST, at - DAY_S, rev=2, state=push.ROLLED_BACK, why="2 of 8 reads")
    way(c, device, 2, SECOND, at - 600, state=push.TRIAL)
    way(c, device, 3, THIRD, at - 20, held=1024)
