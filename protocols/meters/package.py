"""A signed meter profile as it travels and is stored: verify, judge, make ready. Pure; both runtimes.

One CBOR map (MANIFEST .. SOURCE are its keys):
    MANIFEST   bytes: CBOR map {0: 1 (format), 1: id, 2: rev, 3: link, 4: key id, 5, 6, 7: SHA-256 of the
               profile, the tests and the source}
    SIGNATURE  Ed25519 over PREFIX + manifest bytes
    PROFILE    bytes: the document of `interpret`; its SHA-256 is the hash that a device reports
    TESTS      bytes: CBOR list of tests as `replay` runs them, values of decoded answers as `plain` has them
    SOURCE     bytes: the profile as people wrote it (JSON); left out on the way to a device

What a device does with one: `opened` -> `newer` -> `ready` -> store it beside the old one -> activate ->
`verdict` after each poll -> keep or roll back. Each step raises PackageError(reason) and changes nothing;
too little memory is MemoryError, which says nothing about the package.
Before the signature holds nothing is decoded but the manifest: the map is read flat.
"""

from collections import namedtuple
from hashlib import sha256

from protocols import cbor
from protocols.meters.interpret import COUNTS
from protocols.meters.sound import MAX_BYTES as PROFILE_BYTES
from protocols.meters.trial import TRIAL_GOOD, TRIAL_POLLS, verdict  # noqa: F401

TYPE_CHECKING = False
if TYPE_CHECKING:
    from protocols.meters.interpret import Profile

MANIFEST, SIGNATURE, PROFILE, TESTS, SOURCE = range(5)
FORMAT = 1
PREFIX = b"loadkeeper meter profile 1\n"
KEY_ID_BYTES = 8
SIGNATURE_BYTES = 64
TESTS_BYTES = 11 * 1024
MAX_TESTS, MAX_TESTED = 32, 1024  # tests, fields that they read: a device does nothing else meanwhile
MAX_BYTES = 60000
MOST = (512, SIGNATURE_BYTES, PROFILE_BYTES, TESTS_BYTES, MAX_BYTES)  # bytes of each part
DEVICE_BYTES = 20480  # no package without SOURCE is larger: what a device keeps room for

# manifest: (format, id, rev, link, key id); profile, tests, source: bytes
Package = namedtuple("Package", ("manifest", "profile", "tests", "source"))


class PackageError(ValueError):
    """args: (reason, detail); reason is malformed, unknown_key, bad_signature, altered, older, bad_profile
    or failed_test."""


def key_id(key) -> bytes:
    """Short name of a public key."""
    return sha256(key).digest()[:KEY_ID_BYTES]


def fingerprint(profile) -> bytes:
    """The hash of a profile's document that a device reports while it runs."""
    return sha256(profile).digest()


def _map(data, what):
    try:
        value = cbor.decode(data)
    except cbor.CborError as error:
        raise PackageError("malformed", "%s: %s" % (what, error.args[0])) from None
    if not isinstance(value, dict):
        raise PackageError("malformed", what + " is no map")
    return value


def _manifest(data) -> tuple:
    """(Package.manifest, three hashes)."""
    told = _map(data, "manifest")
    kinds = (int, str, int, str, bytes, bytes, bytes, bytes)
    fine = all([isinstance(told.get(at), kind) for at, kind in enumerate(kinds)])
    if not fine or told[0] != FORMAT:
        raise PackageError("malformed", "manifest")
    return tuple([told[at] for at in range(5)]), [told[at] for at in (5, 6, 7)]


_HEADS = {24: (1, 24), 25: (2, 256)}  # of byte strings: bytes of the length, the least that needs them


def _part(data, at) -> tuple:
    """(where the byte string at `at` begins, where it ends)."""
    kind = data[at] - 0x40 if at < len(data) else -1
    if 0 <= kind < 24:
        return at + 1, at + 1 + kind
    width, least = _HEADS.get(kind, (0, 1))
    size = int.from_bytes(data[at + 1 : at + 1 + width], "big")
    if size < least:
        raise PackageError("malformed", "package")
    return at + 1 + width, at + 1 + width + size


def _parts(data) -> list:
    """MANIFEST .. SOURCE as they stand in `data`, not copied."""
    if len(data) > MAX_BYTES:
        raise PackageError("malformed", "more than %d bytes" % MAX_BYTES)
    if data[:1] not in (b"\xa4", b"\xa5"):
        raise PackageError("malformed", "package")
    out, end = [], 1
    for key in range(data[0] & 15):
        if data[end : end + 1] != bytes([key]):
            raise PackageError("malformed", "a part is missing")
        at, end = _part(data, end + 1)
        if end > len(data) or end - at > MOST[key]:
            raise PackageError("malformed", "part %d is cut off or has more than %d bytes" % (key, MOST[key]))
        out.append(memoryview(data)[at:end])
    if end != len(data) or len(out[SIGNATURE]) != SIGNATURE_BYTES:
        raise PackageError("malformed", "package")
    return out


def opened(data, keys) -> Package:
    """Checks signature and hashes. `data`: bytes. `keys`: {key id: public key} that may sign profiles."""
    from protocols.ed25519 import verify  # here: never needed together with what judges a package

    parts = _parts(data)
    told = bytes(parts[MANIFEST])
    manifest, hashes = _manifest(told)
    key = keys.get(manifest[4])
    if key is None:
        raise PackageError("unknown_key", "")
    if key_id(key) != manifest[4] or not verify(key, PREFIX + told, bytes(parts[SIGNATURE])):
        raise PackageError("bad_signature", "")
    for at, (part, wanted) in enumerate(zip(parts[PROFILE:], hashes)):
        if sha256(part).digest() != wanted:
            raise PackageError("altered", "part %d" % (PROFILE + at))
    return Package(manifest, *([bytes(part) for part in parts[PROFILE:]] + [b""])[:3])


def newer(package, highest) -> None:
    """`highest`: {id: highest revision that was ever active}, which the device keeps: an old revision does
    not come back by way of another meter's profile. A rollback needs no package."""
    last = highest.get(package.manifest[1], 0)
    if package.manifest[2] <= last:
        raise PackageError("older", "revision %d, there was %d" % (package.manifest[2], last))


def ready(package, reader=None) -> "Profile":
    """The profile, checked whole, asked of the link's `reader` module and tried by its tests. Without a
    reader only those tests run that do not need it."""
    from protocols.meters import replay, sound

    document = _map(package.profile, "profile")
    try:
        profile = sound.checked(document)
    except sound.ProfileError as error:
        raise PackageError("bad_profile", error.args[0]) from None
    if (profile.id, profile.rev, profile.link) != package.manifest[1:4]:
        raise PackageError("malformed", "the profile is not the one of the manifest")
    tests = _tests(package.tests, profile.size)
    if tested(document, tests) > MAX_TESTED:
        raise PackageError("malformed", "tests read more than %d fields" % MAX_TESTED)
    for index in range(profile.size if reader else 0):
        why = replay.cannot_ask(profile, reader, tests[0][1], index)
        if why:
            raise PackageError("bad_profile", "requests/%d: %s" % (index, why))
    for number, test in enumerate(tests):
        if reader is None and isinstance(test[2], list):
            continue
        why = replay.run(profile, reader, test)
        if why:
            raise PackageError("failed_test", "%d: %s" % (number, why))
    return profile


def tested(document, tests) -> int:
    """Fields that the tests read."""
    counts = document[COUNTS]
    return sum([counts[test[0]] or 1 for test in tests])


def _tests(data, size) -> list:
    try:
        tests = [_test(test, size) for test in cbor.decode(data)]
    except (cbor.CborError, ValueError, TypeError, IndexError):
        raise PackageError("malformed", "tests") from None
    if not tests:
        raise PackageError("malformed", "no test")
    if len(tests) > MAX_TESTS:
        raise PackageError("malformed", "more than %d tests" % MAX_TESTS)
    return tests


def _test(test, size) -> list:
    index, address, given, wanted = test
    points = isinstance(wanted, dict) and all([isinstance(no, int) for no in wanted])
    if not (points and 0 <= index < size and isinstance(address, str)):
        raise ValueError
    if isinstance(given, dict):
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    elif isinstance(given, list):
        if not all([isinstance(request, bytes) and isinstance(reply, bytes) for request, reply in given]):
            raise ValueError
    elif not isinstance(given, bytes):
        raise ValueError
    return [index, address, given, wanted]


def plain(test) -> list:
    """A test as it is packed: CBOR has no tuples of its own."""
    index, address, given, wanted = test
    if isinstance(given, dict):
        given = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
    return [index, address, given, wanted]
