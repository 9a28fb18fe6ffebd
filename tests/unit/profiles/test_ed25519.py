"""SHA-512 and Ed25519: published vectors, the `cryptography` library, and the forgeries it must not take."""

import hashlib

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import ed25519
from protocols.sha512 import sha512
from tests.unit.profiles import ed25519_vectors


@given(st.binary(max_size=600))
def test_sha512_is_that_of_hashlib(data):
    assert sha512(data) == hashlib.sha512(data).digest()


@pytest.mark.parametrize("size", [0, 1, 111, 112, 119, 120, 127, 128, 129, 239, 240, 256])
def test_sha512_at_the_edges_of_its_blocks(size):
    data = bytes(range(256))[:size]
    assert sha512(data) == hashlib.sha512(data).digest()


def test_vectors_hold():
    ed25519_vectors.main()


def test_vectors_hold_on_micropython(run_micropython):
    ended = run_micropython("tests/unit/profiles/ed25519_vectors.py")
    assert ended.returncode == 0, ended.stdout + ended.stderr


@settings(max_examples=30)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=200), st.data())
def test_agrees_with_the_library_that_signs(secret, message, data):
    key = Ed25519PrivateKey.from_private_bytes(secret)
    public, signature = key.public_key().public_bytes_raw(), key.sign(message)
    assert ed25519.verify(public, message, signature)
    at, bit = data.draw(st.integers(0, 63)), 1 << data.draw(st.integers(0, 7))
    broken = bytes(b ^ bit if n == at else b for n, b in enumerate(signature))
    assert not ed25519.verify(public, message, broken)
    assert not ed25519.verify(public, message + b"\0", signature)
    assert not ed25519.verify(bytes([public[0] ^ bit]) + public[1:], message, signature)


KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
PUBLIC, SIGNATURE = KEY.public_key().public_bytes_raw(), KEY.sign(b"profile")


def test_a_scalar_that_is_not_reduced_is_refused():
    """The same signature with s + L is another byte string for the same message (malleability)."""
    s = int.from_bytes(SIGNATURE[32:], "little") + ed25519.L
    assert not ed25519.verify(PUBLIC, b"profile", SIGNATURE[:32] + s.to_bytes(32, "little"))
    assert ed25519.verify(PUBLIC, b"profile", SIGNATURE)


# The points whose order divides 8, in every way they can be written (RFC 8032 section 5.1.3, and the
# non-canonical y >= p)
SMALL = [
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
    "0000000000000000000000000000000000000000000000000000000000000000",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "0100000000000000000000000000000000000000000000000000000000000080",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
]


@pytest.mark.parametrize("key", SMALL)
@pytest.mark.parametrize("commitment", SMALL)
def test_keys_of_small_order_sign_nothing(key, commitment):
    """With s = 0 and such a key, an eighth of all messages would be "signed"."""
    for message in (b"", b"a", b"b", b"c", b"d", b"e", b"f", b"g"):
        assert not ed25519.verify(bytes.fromhex(key), message, bytes.fromhex(commitment) + bytes(32))


@pytest.mark.parametrize("key", SMALL[:8])
def test_the_listed_points_are_of_small_order(key):
    point = ed25519._decode(bytes.fromhex(key))
    assert point is None or ed25519._is_small(ed25519._extended(*point))


def test_a_commitment_of_small_order_is_refused():
    """Made with the secret itself: s = h * a for R the neutral point. The equation holds, and yet."""
    secret = int.from_bytes(hashlib.sha512(bytes(32)).digest()[:32], "little")
    secret = (secret & (1 << 254) - 8) | 1 << 254
    neutral = bytes([1]) + bytes(31)
    h = int.from_bytes(sha512(neutral + PUBLIC + b"profile"), "little") % ed25519.L
    s = h * secret % ed25519.L
    assert not ed25519.verify(PUBLIC, b"profile", neutral + s.to_bytes(32, "little"))


@given(st.binary(max_size=70), st.binary(max_size=20), st.binary(max_size=70))
@settings(max_examples=30)
def test_any_bytes_are_refused(key, message, signature):
    assert not ed25519.verify(key, message, signature)
