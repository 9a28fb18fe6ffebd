"""HMAC-SHA256 (RFC 2104) and key derivation; MicroPython has hashlib but no hmac module."""

import hashlib

BLOCK = 64
MAC_BYTES = 32


def hmac_sha256(key, *parts) -> bytes:
    """Return the 32-byte MAC over the concatenation of `parts`."""
    if len(key) > BLOCK:
        key = hashlib.sha256(key).digest()
    key = bytes(key) + bytes(BLOCK - len(key))
    inner = hashlib.sha256(bytes(b ^ 0x36 for b in key))
    for part in parts:
        inner.update(part)
    outer = hashlib.sha256(bytes(b ^ 0x5C for b in key))
    outer.update(inner.digest())
    return outer.digest()


def same(a, b) -> bool:
    """Compare two MACs without telling by time where they differ."""
    if len(a) != len(b):
        return False
    diff = 0
    for x, y in zip(a, b):  # lengths are equal; MicroPython's zip has no strict
        diff |= x ^ y
    return diff == 0


def derive(master, *labels) -> bytes:
    """Return a 32-byte key for `labels` (text), e.g. derive(secret, "T0000001", "operator")."""
    return hmac_sha256(master, "\0".join(("lk-key-1",) + labels).encode())
