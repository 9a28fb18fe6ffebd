"""Keys and packages of meter profiles, on the release side: the secret is a file only its owner reads."""

import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, package
from station.profiles import check
from station.profiles.options import read_bounded

_KEY_MAX = 4096  # bytes of a file that holds one


class SigningError(ValueError):
    """args[0] says to a person why."""


def make_key(path: Path) -> bytes:
    """Write a new secret key (PEM, mode 0600, never over an old one) and `path`.pub; the public key."""
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(pem)
    except FileExistsError:
        raise SigningError(f"{path} exists: a key is never overwritten") from None
    public = key.public_key().public_bytes_raw()
    Path(f"{path}.pub").write_text(public.hex() + "\n", encoding="ascii")
    return public


def read_key(path: Path) -> Ed25519PrivateKey:
    if os.name == "posix" and path.stat().st_mode & 0o077:
        raise SigningError(f"{path} can be read by others: chmod 600 {path}")
    try:
        key = serialization.load_pem_private_key(read_bounded(path, _KEY_MAX), None)
    except (TypeError, ValueError) as error:
        raise SigningError(f"{path} holds no secret key: {error}") from None
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningError(f"{path} holds a key of another kind; `loadkeeper profile keygen` makes one")
    return key


def read_public(path: Path) -> bytes:
    """The key in a PATH.pub; SigningError."""
    try:
        key = bytes.fromhex(read_bounded(path, _KEY_MAX).decode("ascii"))
    except ValueError:
        key = b""
    except OSError as error:
        raise SigningError(f"{path}: {error.strerror}") from None
    if len(key) != 32:
        raise SigningError(f"{path} holds no public key: 64 hex digits, as keygen writes them to PATH.pub")
    return key


def sign(profile: dict[str, Any], key: Ed25519PrivateKey) -> bytes:
    """The package of a profile that `check` found good. SigningError when it is too large."""
    document = compiling.encoded(profile)
    ready = interpret.Profile(cbor.decode(document))
    tests = check.tests_of(profile, ready)
    for problem in check.tests_faults(tests):
        raise SigningError(str(problem))
    source = json.dumps(profile, ensure_ascii=False, separators=(",", ":")).encode()
    public = key.public_key().public_bytes_raw()
    told = [package.FORMAT, profile["id"], profile["rev"], profile["link"], package.key_id(public)]
    told += [package.fingerprint(part) for part in (document, tests, source)]
    manifest = cbor.encode(dict(enumerate(told)))
    signature = key.sign(package.PREFIX + manifest)
    data = cbor.encode(dict(enumerate([manifest, signature, document, tests, source])))
    if len(data) > package.MAX_BYTES:
        raise SigningError(f"the package has {len(data)} bytes, {package.MAX_BYTES} may be")
    return data


def for_device(data: bytes) -> bytes:
    """The package without its source, which a device has no use for."""
    return cbor.encode({at: part for at, part in cbor.decode(data).items() if at != package.SOURCE})


def verified(data: bytes, public: bytes) -> package.Package:
    """Opened twice: by the device's own code and by the library that signed."""
    found = package.opened(data, {package.key_id(public): public})
    box = cbor.decode(data)
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(
            box[package.SIGNATURE], package.PREFIX + box[package.MANIFEST]
        )
    except InvalidSignature:
        raise package.PackageError("bad_signature", "") from None
    return found
