"""A package costs no more than its size before its signature holds, and its signer cannot break a device."""

import struct

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from protocols import cbor, ed25519
from protocols.meters import compile as compiling
from protocols.meters import interpret, links, package, replay, sound, types
from station.profiles import check, files, signing

DOCUMENT = files.read(files.found("chint-dtsu666").read_bytes())
COMPILED = compiling.compiled(DOCUMENT)
READER = links.reader("modbus")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
KEYS = {package.key_id(PUBLIC): PUBLIC}
GOOD_TEST = [1, "1", b"\x46\x6a\x60\x00", {8: 15000}]
PROFILE = cbor.encode(COMPILED)
TESTS = cbor.encode([GOOD_TEST])
# 12 KB that become 12,000 lists
LISTS = cbor.encode([[[[]] * 250] * 12] * 4)


def _packed(profile=PROFILE, tests=TESTS, source=None, told=None):
    """Signed, whatever it is."""
    document = cbor.decode(profile)
    head = told or [1, document[interpret.ID], document[interpret.REV], document[interpret.LINK]]
    hashes = [package.fingerprint(part) for part in (profile, tests, source or b"")]
    manifest = cbor.encode(dict(enumerate([*head, package.key_id(PUBLIC), *hashes])))
    parts = [manifest, KEY.sign(package.PREFIX + manifest), profile, tests]
    return cbor.encode(dict(enumerate(parts if source is None else [*parts, source])))


def _ready(**what):
    return package.ready(package.opened(_packed(**what), KEYS), READER)


def _changed(**changes):
    """The profile with other values under names of `interpret`."""
    return cbor.encode({**COMPILED, **{getattr(interpret, name): value for name, value in changes.items()}})


def _refused(reason, function, *args, **more):
    with pytest.raises(package.PackageError) as refused:
        function(*args, **more)
    assert refused.value.args[0] == reason
    return refused.value.args[1]


def test_what_is_within_the_bounds_is_taken():
    assert _ready().id == "chint-dtsu666"


# ---- before the signature


def test_only_the_manifest_is_decoded(monkeypatch):
    decoded = []
    known = cbor.decode
    data = _packed(source=b"{}")
    monkeypatch.setattr(cbor, "decode", lambda data: decoded.append(len(data)) or known(data))
    package.opened(data, KEYS)
    assert len(decoded) == 1
    assert decoded[0] <= package.MOST[package.MANIFEST]


OUTER = cbor.decode(_packed())


def _box(**parts):
    return cbor.encode({**OUTER, **{getattr(package, name): value for name, value in parts.items()}})


def _head(data, old, new):
    assert data.count(old) == 1
    return data.replace(old, new)


SIGNATURE = b"\x01\x58\x40" + OUTER[package.SIGNATURE]
MALFORMED = {
    "nothing": b"",
    "lists": LISTS,
    "lists in a part": cbor.encode({**OUTER, 2: [[]] * 200}),
    "text": _box(PROFILE="text"),
    "a large manifest": _box(MANIFEST=bytes(513)),
    "a short signature": _box(SIGNATURE=bytes(63)),
    "a long signature": _box(SIGNATURE=bytes(65)),
    "a large profile": _box(PROFILE=bytes(sound.MAX_BYTES + 1)),
    "large tests": _box(TESTS=bytes(package.TESTS_BYTES + 1)),
    "six parts": cbor.encode({**OUTER, 4: b"", 5: b""}),
    "a part that is not known": cbor.encode({**OUTER, 5: b""}),
    "a key twice": _head(_packed(), SIGNATURE, b"\x00" + SIGNATURE[1:]),
    "a length that is not the shortest": _head(_packed(), SIGNATURE, b"\x01\x59\x00" + SIGNATURE[2:]),
    "a part of unknown length": _head(_packed(), SIGNATURE, b"\x01\x5f" + SIGNATURE[2:]),
    "a part of 2**32 bytes": _head(_packed(), SIGNATURE, b"\x01\x5a\xff\xff\xff\xff" + SIGNATURE[3:]),
    "cut off": _packed()[:-1],
    "more behind it": _packed() + b"\0",
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_is_refused_before_the_signature(monkeypatch, what):
    monkeypatch.setattr(ed25519, "verify", lambda *_args: pytest.fail("was verified"))
    _refused("malformed", package.opened, MALFORMED[what], KEYS)


def test_a_device_needs_room_for_device_bytes_only():
    heads = 1 + 4 * 4
    assert sum(package.MOST[: package.SOURCE]) + heads <= package.DEVICE_BYTES <= 20480


@pytest.mark.parametrize("step", ["verify", "sound", "tests"])
def test_too_little_memory_says_nothing_about_the_package(monkeypatch, step):
    def full(*_args):
        raise MemoryError

    found = package.opened(_packed(), KEYS)
    if step == "verify":
        monkeypatch.setattr(ed25519, "verify", full)
        with pytest.raises(MemoryError):
            package.opened(_packed(), KEYS)
        return
    monkeypatch.setattr(*((sound, "checked", full) if step == "sound" else (replay, "run", full)))
    with pytest.raises(MemoryError):
        package.ready(found, READER)


def test_lists_do_not_fill_a_device(tmp_path, run_micropython):
    """12 KB unsigned, then the same as signed tests."""
    (tmp_path / "lists").write_bytes(b"\xa4\x00" + LISTS)
    (tmp_path / "tests").write_bytes(_packed(tests=LISTS[: package.TESTS_BYTES]))
    (tmp_path / "scene.py").write_text(
        "import sys\n"
        "from protocols.meters import links, package\n"
        f"keys = {KEYS!r}\n"
        "for name in sys.argv[1:]:\n"
        "    with open(name, 'rb') as file:\n"
        "        data = file.read()\n"
        "    try:\n"
        "        package.ready(package.opened(data, keys), links.reader('modbus'))\n"
        "    except package.PackageError as error:\n"
        "        print(error.args[0])\n"
        "    except MemoryError:\n"
        "        print('memory')\n",
        encoding="utf-8",
    )
    ended = run_micropython(
        tmp_path / "scene.py", tmp_path / "lists", tmp_path / "tests", heap="320K", timeout_s=60
    )
    assert ended.stdout.split() == ["malformed", "memory"], ended.stdout + ended.stderr


# ---- behind it: the signer may err


UNUSABLE = {
    "a link that is not known": ({"LINK": "zzz"}, "link: "),
    "a serial format that is none": ({"SERIAL": [9600, "zzz", 500, 30, 3]}, "serial: "),
    "options of nested values": ({"OPTIONS": {"a": [[1]]}}, "options: "),
    "large options": ({"OPTIONS": {"a": "x" * 600}}, "options: "),
    "a request that the reader does not know": (
        {"REQUESTS": COMPILED[interpret.REQUESTS].replace("3:0x2044:2", "3:0x2044:900")},
        "requests/",
    ),
    "a request of another protocol": (
        {"REQUESTS": COMPILED[interpret.REQUESTS].replace("3:0x2044:2", "0001FF00")},
        "requests/",
    ),
}


@pytest.mark.parametrize("what", UNUSABLE)
def test_a_signed_profile_that_no_meter_can_be_read_by(what):
    change, where = UNUSABLE[what]
    assert _refused("bad_profile", _ready, profile=_changed(**change)).startswith(where)


def test_a_signed_profile_of_50000_bytes():
    _refused("malformed", _ready, profile=_changed(OPTIONS={"a": "x" * 50000}))


def test_options_that_the_reader_cannot_take():
    document = files.read(files.found("dlms-landisgyr-e350").read_bytes())
    document["options"] = {"transport": 5}
    profile = compiling.encoded(document)
    test = [0, "1", {"0": (1, 0)}, {}]
    found = package.opened(_packed(profile=profile, tests=cbor.encode([test])), KEYS)
    assert _refused("bad_profile", package.ready, found, links.reader("dlms")).startswith("requests/0: ")


@pytest.mark.parametrize(
    "tests",
    [
        [], {}, None, [[1, "1", [[(1 << 64) - 1, b""]], {}]], [[1, "1", [[10**9, b""]], {}]],
        [[1, "1", [[b"", 10**9]], {}]], [[1, "1", [["", b""]], {}]], [[1, "1", [[b""]], {}]],
    ],
    ids=["none", "a map", "null", "2**64 - 1", "10**9", "an answer of 10**9", "text", "half"],
)  # fmt: skip
def test_tests_that_are_none(tests):
    _refused("malformed", _ready, tests=cbor.encode(tests))


def test_an_address_that_the_reader_cannot_take():
    assert "requests/0" in _refused("bad_profile", _ready, tests=cbor.encode([[1, "", b"", {}]]))


def test_so_many_tests_are_run_and_no_more():
    assert _ready(tests=cbor.encode([GOOD_TEST] * package.MAX_TESTS))
    tests = cbor.encode([GOOD_TEST] * (package.MAX_TESTS + 1))
    assert _refused("malformed", _ready, tests=tests) == "more than 32 tests"


def test_tests_read_so_many_fields_and_no_more(monkeypatch):
    """A block of 255 rows in each test held a device for longer than its watchdog waits."""
    row = struct.pack(interpret.ROW, 1, 0, types.NUMERIC + 4 * types.FLOAT, 4, 0, 0)
    wide = {"REQUESTS": "3:0x2006:2", "COUNTS": b"\xff", "STEPS": b"\0", "ENDS": b"\0", "ROWS": row * 255}
    wide |= {"SINGLES": [], "FAST": b"\0", "SLOW": b"", "FREEZE": b"", "CONTROLS": {}}
    test = [0, "1", b"\x46\x6a\x60\x00", {1: 15000}]
    assert _ready(profile=_changed(**wide), tests=cbor.encode([test] * 4))
    monkeypatch.setattr(replay, "run", lambda *_args: pytest.fail("was run"))
    said = _refused("malformed", _ready, profile=_changed(**wide), tests=cbor.encode([test] * 5))
    assert said == "tests read more than 1024 fields"


# ---- at signing time


def _long_tests(size):
    """The profile with tests of so many bytes, as a package has them."""
    test = next(test for test in DOCUMENT["tests"] if test["read"] == "3:0x2006:2")
    one = {**test, "data": test["data"] + "00" * 1000}
    document = {**DOCUMENT, "tests": [one] * (size // 1011)}
    rest = size - len(check.tests_of(document, interpret.Profile(COMPILED)))
    longest = {**one, "data": one["data"] + "00" * (rest - rest % 4), "address": "1".zfill(1 + rest % 4)}
    return {**document, "tests": [longest, *document["tests"][1:]]}


def test_tests_as_large_as_a_device_takes_are_signed():
    document = _long_tests(package.TESTS_BYTES)
    assert check.problems(document) == []
    found = package.opened(signing.sign(document, KEY), KEYS)
    assert len(found.tests) == package.TESTS_BYTES


def test_larger_ones_are_refused_by_check_and_signer_with_path_and_reason():
    document = _long_tests(package.TESTS_BYTES + 1)
    (problem,) = check.problems(document)
    assert (problem.path, problem.reason) == ("tests", "are 11265 bytes for a device, 11264 may be")
    with pytest.raises(signing.SigningError, match=r"^tests: are 11265 bytes"):
        signing.sign(document, KEY)
