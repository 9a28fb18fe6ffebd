"""A signed package comes to the station: proved as a terminal will prove it, and kept with its bytes."""

from typing import Any

from sqlalchemy import Connection

from protocols.meters import package
from station.errors import FieldError, Invalid
from station.profiles import files, signing
from station.profiles.check import reader_of
from station.store import audit, profiles


def prove(data: bytes, known: dict[bytes, bytes]) -> dict[str, Any]:
    """Facts of a package that is whole and signed by one of `known` (keys.trusted); Invalid says why not.

    It may take a second: call it outside a transaction that writes.
    """
    found = _proved(data, known)
    manifest = found.manifest
    return {
        "hash": package.fingerprint(found.profile),
        "profile": manifest[1],
        "rev": manifest[2],
        "link": manifest[3],
        "names": _source(data)["names"],
        "key": manifest[4].hex(),
    }


def keep(c: Connection, data: bytes, facts: dict[str, Any], author: str) -> int:
    """The number of a proved package in the store, the same for the same bytes."""
    known = profiles.find(c, data)
    if known is not None:
        return known
    number = profiles.keep(c, author, data, facts)
    shown = {"rev": facts["rev"], "hash": facts["hash"].hex()[:16]}
    audit.add(c, author, "profile_package", facts["profile"], **shown)
    return number


def _proved(data: bytes, known: dict[bytes, bytes]) -> package.Package:
    if not known:
        raise _wrong("package_no_keys")
    if not files.is_package(data):
        raise _wrong("package_unsigned")
    try:
        found = package.opened(data, known)
        signing.verified(data, known[found.manifest[4]])
        package.ready(found, reader_of(found.manifest[3]))
    except package.PackageError as error:
        reason, detail = error.args
        raise _wrong(f"package_{reason}", why=detail) from None
    size = len(signing.for_device(data))
    if size > package.DEVICE_BYTES:
        raise _wrong("package_too_large", bytes=size, most=package.DEVICE_BYTES)
    return found


def _source(data: bytes) -> dict[str, Any]:
    try:
        return files.checked(data)
    except files.BadProfile as error:
        raise _wrong("package_bad_profile", why=str(error)) from None


def _wrong(key: str, **args: Any) -> Invalid:
    return Invalid(FieldError("file", key, args))
