"""A signed meter profile as it travels and is stored: verify, judge, make ready. Pure; both runtimes.

One CBOR map (MANIFEST .. SOURCE are its keys):
    MANIFEST   bytes: CBOR map {0: 1 (format), 1: id, 2: rev, 3: link, 4: key id, 5, 6, 7: SHA-256 of the
               profile, the tests and the source}
    SIGNATURE  Ed25519 over PREFIX + manifest bytes
    PROFILE    bytes: the document of `interpret`; its SHA-256 is the hash that a device reports
    TESTS      bytes: CBOR list of tests as `replay` runs them, values of decoded answers as `plain` has them
    SOURCE     bytes: the profile as people wrote it (JSON); left out on the way to a device

What a device does with one: `opened` -> `newer` -> `ready` -> store it beside the old one -> activate ->
`verdict` after each poll -> keep or roll back. Each step raises PackageError(reason) and changes nothing.
"""

from collections import namedtuple
from hashlib import sha256

from protocols import cbor
from protocols.ed25519 import verify
from protocols.meters import replay, sound

TYPE_CHECKING = False
if TYPE_CHECKING:
    from protocols.meters.interpret import Profile

MANIFEST, SIGNATURE, PROFILE, TESTS, SOURCE = range(5)
FORMAT = 1
PREFIX = b"loadkeeper meter profile 1\n"
KEY_ID_BYTES = 8
MAX_BYTES = 60000  # a CBOR document of ours may have 65536

TRIAL_POLLS = 20  # reads after which a new profile has shown what it is worth
TRIAL_GOOD = 15  # of them must have given a value: a lossy line loses fewer

# manifest: (format, id, rev, link, key id); profile, tests, source: bytes
Package = namedtuple("Package", ("manifest", "profile", "tests", "source"))


class PackageError(ValueError):
    """args: (reason, detail); reason is malformed, unknown_key, bad_signature, altered, older, other_meter,
    bad_profile or failed_test."""


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


def opened(data, keys) -> Package:
    """Checks signature and hashes. `keys`: {key id: public key} that may sign profiles."""
    if len(data) > MAX_BYTES:
        raise PackageError("malformed", "more than %d bytes" % MAX_BYTES)
    box = _map(data, "package")
    needed = (MANIFEST, SIGNATURE, PROFILE, TESTS)
    if not all([isinstance(box.get(at), bytes) for at in needed]) or not isinstance(
        box.get(SOURCE, b""), bytes
    ):
        raise PackageError("malformed", "a part is missing")
    manifest, hashes = _manifest(box[MANIFEST])
    key = keys.get(manifest[4])
    if key is None:
        raise PackageError("unknown_key", "")
    if key_id(key) != manifest[4] or not verify(key, PREFIX + box[MANIFEST], box[SIGNATURE]):
        raise PackageError("bad_signature", "")
    for at, wanted in zip((PROFILE, TESTS, SOURCE), hashes):
        if at in box and sha256(box[at]).digest() != wanted:
            raise PackageError("altered", "part %d" % at)
    return Package(manifest, box[PROFILE], box[TESTS], box.get(SOURCE, b""))


def newer(package, running) -> None:
    """`running`: (id, rev) of the profile it replaces, None for none. A rollback needs no package."""
    if running is None:
        return
    if package.manifest[1] == running[0] and package.manifest[2] <= running[1]:
        raise PackageError("older", "revision %d, running is %d" % (package.manifest[2], running[1]))


def ready(package, reader=None) -> "Profile":
    """The profile, checked whole and tried by its tests. Without the link's `reader` module only those tests
    run that do not need it."""
    try:
        profile = sound.checked(_map(package.profile, "profile"))
    except sound.ProfileError as error:
        raise PackageError("bad_profile", error.args[0]) from None
    if (profile.id, profile.rev, profile.link) != package.manifest[1:4]:
        raise PackageError("malformed", "the profile is not the one of the manifest")
    try:
        tests = [_test(test, profile.size) for test in cbor.decode(package.tests)]
    except (cbor.CborError, ValueError, TypeError, IndexError):
        raise PackageError("malformed", "tests") from None
    for number, test in enumerate(tests):
        if reader is None and isinstance(test[2], list):
            continue
        why = replay.run(profile, reader, test)
        if why:
            raise PackageError("failed_test", "%d: %s" % (number, why))
    return profile


def _test(test, size) -> list:
    index, address, given, wanted = test
    points = isinstance(wanted, dict) and all([isinstance(no, int) for no in wanted])
    if not (points and 0 <= index < size and isinstance(address, str)):
        raise ValueError
    if isinstance(given, dict):
        given = {key: tuple(value) if isinstance(value, list) else value for key, value in given.items()}
    elif isinstance(given, list):
        given = [(bytes(request), bytes(reply)) for request, reply in given]
    elif not isinstance(given, bytes):
        raise ValueError
    return [index, address, given, wanted]


def plain(test) -> list:
    """A test as it is packed: CBOR has no tuples of its own."""
    index, address, given, wanted = test
    if isinstance(given, dict):
        given = {key: list(value) if isinstance(value, tuple) else value for key, value in given.items()}
    return [index, address, given, wanted]


def verdict(polls, good) -> str:
    """'' go on, "keep" or "roll_back" a profile on trial: `good` of its first `polls` reads gave a value."""
    if polls - good > TRIAL_POLLS - TRIAL_GOOD:
        return "roll_back"
    return "keep" if good >= TRIAL_GOOD else ""
