"""Secrets in the database, sealed with keys of the station: the database alone does not give them away."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from station.settings import Settings

NONCE_BYTES = 12
CHANNELS, FACTORS = "channels", "factors"  # what a key is for


def seal(settings: Settings, use: str, text: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + _key(settings, use).encrypt(nonce, text.encode(), None)


def unseal(settings: Settings, use: str, sealed: bytes | None) -> str:
    """ "" for none, and for one of another station's secret."""
    if not sealed:
        return ""
    try:
        return _key(settings, use).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], None).decode()
    except InvalidTag:
        return ""


def _key(settings: Settings, use: str) -> AESGCM:
    return AESGCM(settings.key("station", use))
