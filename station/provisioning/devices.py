"""Enrolment. Every key is derived from the station's secret and the device id, so that none is stored."""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from protocols.meters import profile
from protocols.uplink import topics
from station.access import accounts, units
from station.checks import MAX_ROUNDS, refuse, whole
from station.errors import FieldError, Invalid
from station.profiles import keys
from station.provisioning import meter_inputs
from station.settings import RESERVED, Broker, Settings
from station.store import audit, devices

NAME_CHARS = 80
MAX_MULTIPLIER = 1_000_000
MAX_OFFSET_S = 14 * 3600
MAX_PROFILES = 5  # slots 0 to 4
_LINE = re.compile(r"([1-49]):(1200|2400|4800|9600|19200|38400|57600|115200):([78][EON][12])")
BAUD = 9600  # DL/T 645 default of 2007 meters on RS-485 is 2400; terminals of today are set to 9600


def shard_for(device: str) -> str:
    """Two hex digits that spread the ids evenly over ingest workers; fixed for life."""
    return hashlib.sha256(device.encode()).hexdigest()[:2]


def add_device(
    c: Connection,
    device: str,
    author: str,
    *,
    name: str = "",
    meter_address: str = "",
    multiplier: int = 1,
    rounds: int = 4,
    utc_offset_s: int = 8 * 3600,
    shard: str | None = None,
    area: dict[str, Any] | None = None,
    unit: str = "root",
) -> None:
    """Enrol a terminal, or with `area` (`area_of`) a concentrator; Invalid lists what is wrong. Its broker
    account is made by `broker.write_config`."""
    problems: list[FieldError] = []
    shard = shard_for(device) if shard is None else shard
    if not topics.valid_id(device) or device in RESERVED:
        problems.append(FieldError("device", "bad_device_id"))
    elif devices.shard_of(c, device) is not None:
        problems.append(FieldError("device", "device_taken"))
    if not topics.valid_shard(shard):
        problems.append(FieldError("shard", "bad_shard"))
    if len(name) > NAME_CHARS:
        problems.append(FieldError("name", "too_long", {"most": NAME_CHARS}))
    if meter_address and not (
        len(meter_address) == 12 and meter_address.isascii() and meter_address.isdigit()
    ):
        problems.append(FieldError("meter_address", "bad_meter_address"))
    whole(multiplier, "multiplier", 1, MAX_MULTIPLIER, problems)
    whole(rounds, "rounds", 1, MAX_ROUNDS, problems)
    whole(utc_offset_s, "utc_offset_s", -MAX_OFFSET_S, MAX_OFFSET_S, problems)
    refuse(problems)
    there = accounts.open_unit(c, accounts.shell(author), units.by_code(c, unit))["id"]
    devices.add(
        c,
        device,
        name=name or device,
        shard=shard,
        meter_address=meter_address,
        multiplier=multiplier,
        rounds=rounds,
        utc_offset_s=utc_offset_s,
        area=area,
        unit=there,
    )
    audit.add(c, author, "device_added", device, shard=shard)


def identity(
    settings: Settings, c: Connection, device: str, broker: Broker, baud: int = BAUD
) -> dict[str, Any]:
    """What the terminal must hold to be this device; keys in hex. Secret: hand it over as a 0600 file."""
    found = devices.get(c, device)
    if found is None:
        raise Invalid(FieldError("device", "no_such_device"))
    made = {
        "device": device,
        "shard": found["shard"],
        "keys": {role: settings.key(device, role).hex() for role in ("operator", "approver")},
        "broker": {
            "host": broker.host,
            "port": broker.port,
            "user": device,
            "password": settings.broker_password(device),
        },
        "profile_keys": [key.hex() for key in keys.trusted(c).values()],
        "utc_offset_s": found["utc_offset_s"],
    }
    if found["area"] is not None:
        area = dict(found["area"])
        if held := area.pop(meter_inputs.NAME, None):
            made[meter_inputs.NAME] = meter_inputs.opened(settings, device, held)
        return made | {"product": "concentrator", **area}
    meter = {"address": found["meter_address"], "baud": baud, "profile": profile.dlt645()}
    return made | {"multiplier": found["multiplier"], "meter": meter}


def area_of(lines: Sequence[str], documents: Sequence[bytes], inputs: str = "") -> dict[str, Any]:
    """What a concentrator's identity has besides: lines as NUMBER:BAUD:FORMAT and compiled profile documents,

    by slot from 0; without one the profile of DL/T 645 meters stands in slot 0. `inputs`: sealed.
    """
    problems: list[FieldError] = []
    parts = [_LINE.fullmatch(text) for text in lines]
    if not all(parts) or len({part and part[1] for part in parts}) < len(lines):
        problems.append(FieldError("line", "not_a_line"))
    if not 1 <= len(documents) <= MAX_PROFILES:
        problems.append(FieldError("profile", "too_many_profiles", {"most": MAX_PROFILES}))
    refuse(problems)
    found = {part[1]: {"baud": int(part[2]), "format": part[3]} for part in parts if part}
    held = {meter_inputs.NAME: inputs} if inputs else {}
    return {"lines": found, "profiles": [each.hex() for each in documents], **held}
