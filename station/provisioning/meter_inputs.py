"""What the controls of an area's meters need besides, passwords and operator codes, by slot.

People chose them, so they cannot be derived like keys. The database holds them sealed under a key of the
device, which the station's secret gives: whoever has the database alone, or a copy of it, cannot read them.
"""

import json
import os
import re
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from protocols import cbor
from protocols.meters import interpret, links
from station.errors import FieldError, Invalid
from station.profiles.options import OptionError, parsed
from station.settings import Settings

Inputs = dict[str, dict[str, Any]]  # {slot: {field: value}}, as in the identity
NAME = "meter_inputs"  # of the piece of the identity
NONCE_BYTES = 12
SOME_TIME = (2026, 1, 1, 0, 0, 0)


def taken(texts: Sequence[str], documents: Sequence[bytes]) -> Inputs:
    """Of [SLOT:]NAME=VALUE, where @FILE reads the value; without a slot for all whose controls take it.

    `documents`: compiled profiles by slot. Invalid says what does not fit, never a value.
    """
    profiles = [interpret.Profile(cbor.decode(document)) for document in documents] if texts else []
    found: Inputs = {}
    for text in texts:
        slot, name, value = _parts(text)
        slots = [n for n, each in enumerate(profiles) if name in _kinds(each) and slot in ("", str(n))]
        if not slots:
            raise _wrong(f"no control of these profiles takes {name}")
        for n in slots:
            try:
                found.setdefault(str(n), {}).update(parsed((f"{name}={value}",), _kinds(profiles[n])))
            except OptionError as error:
                raise _wrong(str(error)) from None
    for number, given in found.items():
        _try(profiles[int(number)], given)
    return found


def _parts(text: str) -> tuple[str, str, str]:
    fit = re.fullmatch(r"(?:([0-4]):)?([a-z][a-z0-9_]*)=(.*)", text, re.DOTALL)
    if fit is None:
        raise _wrong("one is not [SLOT:]NAME=VALUE")
    return fit[1] or "", fit[2], fit[3]


def _wrong(why: str) -> Invalid:
    return Invalid(FieldError("meter_input", "bad_profile", {"why": why}))


def _kinds(profile: interpret.Profile) -> dict[str, type]:
    """What people may give to its controls."""
    known = links.reader(profile.link).CONTROLS if profile.controls else {}
    fields = [field for name in profile.controls for field in known.get(name, {}).items()]
    return {name: type(such) for name, such in fields if type(such) in (int, str)}


def _try(profile: interpret.Profile, given: dict[str, Any]) -> None:
    """A Reader must be able to send every control with them."""
    reader = links.reader(profile.link).Reader("000000000001", dict(profile.options))
    for name, (_request, data, minutes, *_verify) in profile.controls.items():
        fields = {**data, **({"valid_until": SOME_TIME} if minutes else {}), **given}
        try:
            next(reader.control(name, fields))
        except (ValueError, TypeError):
            raise _wrong(f"the meter cannot be sent {name} with these: what lacks, or is too long?") from None


def sealed(settings: Settings, device: str, inputs: Inputs) -> str:
    nonce = os.urandom(NONCE_BYTES)
    return (nonce + _key(settings, device).encrypt(nonce, json.dumps(inputs).encode(), None)).hex()


def opened(settings: Settings, device: str, text: str) -> Inputs:
    """Invalid: sealed under another secret, or for another device."""
    data = bytes.fromhex(text)
    try:
        return json.loads(_key(settings, device).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None))
    except InvalidTag:
        raise _wrong("sealed under another secret") from None


def _key(settings: Settings, device: str) -> AESGCM:
    return AESGCM(settings.key(device, NAME))
