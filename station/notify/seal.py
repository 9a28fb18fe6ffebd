"""Secrets of channels, sealed with a key of the station: the database alone does not give them away."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from station.settings import Settings

NONCE_BYTES = 12


def seal(settings: Settings, text: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _key(settings).encrypt(nonce, text.encode(), None)


def unseal(settings: Settings, sealed: bytes | None) -> str:
    """ "" for none, and for one of another station's secret: such a channel is refused by its server."""
    if not sealed:
        return ""
    try:
        return _key(settings).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
    except InvalidTag:
        return ""


def _key(settings: Settings) -> AESGCM:
    return AESGCM(settings.key("station", "channels"))
