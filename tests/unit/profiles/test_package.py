"""A package is taken whole and authentic or not at all, on both runtimes; a trial ends by itself."""

import json
import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, links, package
from protocols.meters.package import PackageError
from station.profiles import files, signing

DOCUMENT = files.read(files.found("chint-dtsu666").read_bytes())
READER = links.reader("modbus")


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    path = tmp_path_factory.mktemp("keys") / "release"
    signing.make_key(path)
    return signing.read_key(path)


@pytest.fixture(scope="module")
def keys(key):
    public = key.public_key().public_bytes_raw()
    return {package.key_id(public): public}


@pytest.fixture(scope="module")
def signed(key):
    return signing.sign(DOCUMENT, key)


def _refused(reason, function, *args):
    with pytest.raises(PackageError) as refused:
        function(*args)
    assert refused.value.args[0] == reason
    return refused.value.args[1]


def test_what_was_signed_is_what_is_ready(signed, keys):
    found = package.opened(signed, keys)
    ready = package.ready(found, READER)
    assert (ready.id, ready.rev, ready.link) == ("chint-dtsu666", 1, "modbus")
    assert found.profile == compiling.encoded(DOCUMENT)
    assert json.loads(found.source) == DOCUMENT == files.read(signed)


def test_a_device_gets_it_without_its_source(signed, keys):
    small = signing.for_device(signed)
    assert len(small) < len(signed) // 2
    found = package.opened(small, keys)
    assert found.source == b""
    assert package.fingerprint(found.profile) == package.fingerprint(package.opened(signed, keys).profile)
    assert package.ready(found).id == "chint-dtsu666"


def test_another_key_is_not_known(signed, tmp_path):
    public = signing.make_key(tmp_path / "other")
    _refused("unknown_key", package.opened, signed, {package.key_id(public): public})
    _refused("unknown_key", package.opened, signed, {})


def test_a_key_under_the_wrong_name_opens_nothing(signed, keys, tmp_path):
    other = signing.make_key(tmp_path / "other")
    _refused("bad_signature", package.opened, signed, {name: other for name in keys})


@pytest.mark.parametrize("part", [package.PROFILE, package.TESTS, package.SOURCE])
def test_each_part_is_under_the_signature(signed, keys, part):
    box = cbor.decode(signed)
    box[part] = box[part][:-1] + bytes([box[part][-1] ^ 1])
    _refused("altered", package.opened, cbor.encode(box), keys)


def test_a_changed_manifest_is_not_the_signed_one(signed, keys):
    box = cbor.decode(signed)
    told = cbor.decode(box[package.MANIFEST])
    told[2] += 1
    _refused("bad_signature", package.opened, cbor.encode({**box, package.MANIFEST: cbor.encode(told)}), keys)


@pytest.mark.parametrize("part", [package.MANIFEST, package.SIGNATURE, package.PROFILE, package.TESTS])
def test_no_part_may_be_missing(signed, keys, part):
    box = cbor.decode(signed)
    del box[part]
    _refused("malformed", package.opened, cbor.encode(box), keys)


@given(st.integers(0, 3000), st.integers(1, 255))
def test_no_changed_byte_passes(signed, keys, at, bits):
    broken = bytearray(signed)
    broken[at % len(broken)] ^= bits
    with pytest.raises(PackageError):
        package.opened(bytes(broken), keys)


@given(st.binary(max_size=200))
def test_no_other_bytes_pass(keys, data):
    with pytest.raises(PackageError):
        package.opened(data, keys)


def test_larger_than_a_device_takes(keys):
    assert "60000" in _refused("malformed", package.opened, bytes(60001), keys)


def _package(key, change=None, tests=None):
    """A package of a compiled profile that `change` was let loose on, signed all the same."""
    document = compiling.compiled(DOCUMENT)
    data = cbor.encode({**document, **(change or {})})
    told = [1, DOCUMENT["id"], DOCUMENT["rev"], DOCUMENT["link"]]
    parts = [data, cbor.encode(tests if tests is not None else []), b""]
    told += [package.key_id(key.public_key().public_bytes_raw())] + [
        package.fingerprint(part) for part in parts
    ]
    manifest = cbor.encode(dict(enumerate(told)))
    box = [manifest, key.sign(package.PREFIX + manifest), *parts]
    return cbor.encode(dict(enumerate(box)))


def test_a_signed_profile_that_is_unusable_is_not_ready(key, keys):
    found = package.opened(_package(key, {interpret.ROWS: b"x"}), keys)
    assert _refused("bad_profile", package.ready, found).startswith("rows: ")


def test_the_profile_must_be_that_of_its_manifest(key, keys):
    found = package.opened(_package(key, {interpret.REV: 9}), keys)
    _refused("malformed", package.ready, found)


GOOD_TEST = [1, "1", b"\x46\x6a\x60\x00", {8: 15000}]


@pytest.mark.parametrize(
    ("test", "reason"),
    [
        (GOOD_TEST, ""), ([1, "1", b"\x46\x6a\x60\x00", {8: 15001}], "failed_test"),
        ([1, "1", b"", {8: 1}], "failed_test"),
        ([99, "1", b"", {}], "malformed"), ([1, "1", 5, {}], "malformed"), ([1, 1, b"", {}], "malformed"),
        ([1, "1", b""], "malformed"), (7, "malformed"), ([1, "1", b"", {"x": 1}], "malformed"),
        ([1, "1", [[b"", b""]], {8: 15000}], "failed_test"),
    ],
)  # fmt: skip
def test_tests_run_before_it_is_ready(key, keys, test, reason):
    found = package.opened(_package(key, tests=[test]), keys)
    if reason:
        _refused(reason, package.ready, found, READER)
    else:
        package.ready(found, READER)


def test_only_a_higher_revision_follows(signed, keys):
    found = package.opened(signed, keys)
    package.newer(found, {})
    package.newer(found, {"chint-dtsu666": 0})
    package.newer(found, {"another-meter": 7})
    _refused("older", package.newer, found, {"chint-dtsu666": 1})
    _refused("older", package.newer, found, {"chint-dtsu666": 2})


def test_no_old_revision_comes_back_by_way_of_another_profile(key, keys):
    """a revision 5, then b 1, then a 1: an attacker has kept old packages."""
    highest = {}
    for name, rev, wanted in (("a", 5, ""), ("b", 1, ""), ("a", 1, "older"), ("a", 5, "older"), ("a", 6, "")):
        found = package.opened(signing.sign({**DOCUMENT, "id": name, "rev": rev}, key), keys)
        if wanted:
            _refused(wanted, package.newer, found, highest)
        else:
            package.newer(found, highest)
            highest[name] = rev


def test_a_trial_ends_by_itself():
    """Any order of good and bad polls ends as soon as it is clear, and within TRIAL_POLLS."""
    for allowed in range(package.TRIAL_POLLS + 1):
        polls = good = 0
        while not package.verdict(polls, good):
            polls += 1
            good += polls > allowed  # bad ones first
        assert polls <= package.TRIAL_POLLS
        lost = package.TRIAL_POLLS - package.TRIAL_GOOD
        assert package.verdict(polls, good) == ("keep" if allowed <= lost else "roll_back")
    assert package.verdict(0, 0) == ""


def test_opened_on_micropython(signed, keys, tmp_path, run_micropython):
    (name, public), = keys.items()  # fmt: skip
    (tmp_path / "package").write_bytes(signed)
    (tmp_path / "scene.py").write_text(
        "import gc, sys\n"
        "from binascii import unhexlify\n"
        "from protocols.meters import package, links\n"
        "data = open(sys.argv[1], 'rb').read()\n"
        f"found = package.opened(data, {{unhexlify('{name.hex()}'): unhexlify('{public.hex()}')}})\n"
        "ready = package.ready(found, links.reader('modbus'))\n"
        "broken = bytearray(data); broken[len(data) // 2] ^= 1\n"
        "try:\n"
        f"    package.opened(bytes(broken), {{unhexlify('{name.hex()}'): unhexlify('{public.hex()}')}})\n"
        "except package.PackageError as error:\n"
        "    print(ready.id, ready.rev, error.args[0])\n",
        encoding="utf-8",
    )
    ended = run_micropython(tmp_path / "scene.py", tmp_path / "package", heap="192K")
    assert ended.stdout.strip() == "chint-dtsu666 1 altered", ended.stdout + ended.stderr


# ---- keys


def test_a_secret_is_its_owners_alone(tmp_path):
    path = tmp_path / "key"
    public = signing.make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "key.pub").read_text().strip() == public.hex()
    with pytest.raises(signing.SigningError, match="exists"):
        signing.make_key(path)
    os.chmod(path, 0o640)
    with pytest.raises(signing.SigningError, match="chmod 600"):
        signing.read_key(path)


def test_what_is_no_key_is_refused(tmp_path):
    path = tmp_path / "key"
    path.write_text("no key")
    path.chmod(0o600)
    with pytest.raises(signing.SigningError, match="no secret key"):
        signing.read_key(path)
