"""A package is believed only as far as somebody looked: its source is what devices run, and who signed it."""

import json

import pytest
from click.testing import CliRunner

from protocols import cbor
from protocols.meters import package
from station.cli.profile import profile
from station.profiles import files, signing

DOCUMENT = files.read(files.found("chint-dtsu666").read_bytes())
OTHER = json.dumps({**DOCUMENT, "rev": 7}).encode()


@pytest.fixture
def key(tmp_path):
    signing.make_key(tmp_path / "key")
    return signing.read_key(tmp_path / "key")


def run(*args):
    return CliRunner().invoke(profile, [str(arg) for arg in args])


def _with_source(signed, source, key=None):
    """`key`: sign it anew, hash and all."""
    box = cbor.decode(signed)
    box[package.SOURCE] = source
    told = cbor.decode(box[package.MANIFEST])
    if key:
        told[7] = package.fingerprint(source)
        box[package.MANIFEST] = cbor.encode(told)
        box[package.SIGNATURE] = key.sign(package.PREFIX + box[package.MANIFEST])
    return cbor.encode(box)


def test_an_altered_source_is_refused(tmp_path, key):
    target = tmp_path / "p.lkp"
    target.write_bytes(_with_source(signing.sign(DOCUMENT, key), OTHER))
    ended = run("check", target)
    assert (ended.exit_code, "source was altered" in ended.output) == (1, True)
    assert run("diff", target, "chint-dtsu666").exit_code == 2
    assert run("simulate", target).exit_code == 2


def test_an_altered_profile_is_refused(key):
    box = cbor.decode(signing.sign(DOCUMENT, key))
    box[package.PROFILE] += b"\0"
    with pytest.raises(files.BadProfile, match="profile was altered"):
        files.read(cbor.encode(box))


def test_a_source_that_is_not_what_runs_is_refused_even_signed(tmp_path, key):
    target = tmp_path / "p.lkp"
    target.write_bytes(_with_source(signing.sign(DOCUMENT, key), OTHER, key))
    for args in (("check", target), ("verify", target, "--pub", tmp_path / "key.pub")):
        ended = run(*args)
        assert ended.exit_code != 0
        assert "source is not what devices run" in ended.output


def test_a_package_without_its_source_can_still_be_verified(tmp_path, key):
    target = tmp_path / "p.lkp"
    target.write_bytes(signing.for_device(signing.sign(DOCUMENT, key)))
    assert run("verify", target, "--pub", tmp_path / "key.pub").exit_code == 0


def test_a_package_is_not_signed_again(tmp_path, key):
    target = tmp_path / "p.lkp"
    target.write_bytes(signing.sign(DOCUMENT, key))
    ended = run("sign", target, "--key", tmp_path / "key", "--out", tmp_path / "q")
    assert (ended.exit_code, (tmp_path / "q").exists()) == (2, False)
    assert "is a package already" in ended.output


def test_check_and_diff_say_whether_the_signature_was_verified(tmp_path, key):
    target = tmp_path / "p.lkp"
    target.write_bytes(signing.sign(DOCUMENT, key))
    signing.make_key(tmp_path / "foreign")
    for args in (("check", target), ("diff", target, "chint-dtsu666")):
        ended = run(*args)
        assert (ended.exit_code, "its signature was not verified" in ended.stderr) == (0, True)
        ended = run(*args, "--pub", tmp_path / "key.pub")
        assert (ended.exit_code, ended.stderr) == (0, "")
        ended = run(*args, "--pub", tmp_path / "foreign.pub")
        assert (ended.exit_code, "unknown_key" in ended.output) == (2, True)


@pytest.mark.parametrize("content", [b"\xff" * 100, b"hello", b"00" * 31, b"\x1b[2J", b"00" * 5000])
def test_what_is_no_public_key_is_not_shown(tmp_path, key, content):
    target, wrong = tmp_path / "p.lkp", tmp_path / "wrong"
    target.write_bytes(signing.sign(DOCUMENT, key))
    wrong.write_bytes(content)
    ended = run("verify", target, "--pub", wrong)
    assert ended.exit_code == 2
    assert "holds no public key" in ended.output
    assert len(ended.output) < len(str(wrong)) + 200
    assert "\x1b" not in ended.output
