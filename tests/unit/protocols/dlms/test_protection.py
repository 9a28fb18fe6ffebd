"""AES-GCM over an injected block cipher, the protection of APDUs, and what must not be taken twice."""

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines.dlms import gcm, meter, security
from protocols.lines.refused import REASONS, Refused
from tests.unit.protocols.dlms.support import keys, outcome
from tests.vectors.lines.dlms import block

bounded = settings(max_examples=60, deadline=None)
SIXTEEN, TWELVE = st.binary(min_size=16, max_size=16), st.binary(min_size=12, max_size=12)
TITLE = b"MTR00001"


@bounded
@given(SIXTEEN, TWELVE, st.binary(max_size=50), st.binary(max_size=70))
def test_gcm_is_that_of_the_cryptography_package(key, iv, aad, plain):
    sealed = gcm.Gcm(block(key)).seal(iv, aad, plain, 16)
    assert sealed == AESGCM(key).encrypt(iv, plain, aad)
    assert gcm.Gcm(block(key)).open(iv, aad, sealed, 16) == plain


@bounded
@given(st.binary(min_size=1, max_size=60), st.data())
def test_no_changed_byte_is_opened(plain, data):
    body = bytearray(keys().seal(TITLE, 7, plain))
    at = data.draw(st.integers(0, len(body) - 1))
    body[at] ^= data.draw(st.integers(1, 255))

    def opened() -> None:
        """A cleared bit of the security control asks for less: whoever opens it must look."""
        control, _counter, _plain = keys().open(TITLE, bytes(body))
        assert control & security.BOTH == security.ENCRYPTED

    assert outcome(opened) in ("", "bad_mac", "unsupported")


@pytest.mark.parametrize("control", [0x10, 0x20, 0x30, 0x31])
@pytest.mark.parametrize("general", [False, True])
@pytest.mark.parametrize("dedicated", [False, True])
def test_each_form_comes_back(control, general, dedicated):
    body = keys().seal(TITLE, 9, b"\xc0plain", control)
    title, inner, *form = security.unwrap(security.wrap(0xC0, TITLE, body, general, dedicated))
    assert (title, form) == (TITLE if general else b"", [general, dedicated])
    assert keys().open(TITLE, inner) == (control, 9, b"\xc0plain")


@bounded
@given(st.binary(max_size=40))
def test_any_bytes_are_opened_or_refused(data):
    assert outcome(lambda: keys().open(TITLE, data)) in ("", *REASONS)
    assert outcome(lambda: keys().check(TITLE, b"c" * 8, data)) in REASONS
    assert outcome(lambda: security.unwrap(data)) in ("", *REASONS)


def test_a_counter_is_kept_before_it_is_used():
    log = []

    class State:
        def get(self):
            return 41

        def put(self, value):
            log.append(value)

    assert security.next_counter(State()) == 42
    assert log == [42]


def test_a_counter_never_wraps():
    with pytest.raises(Refused, match="change the key"):
        security.next_counter(meter.Counter(security.MAX_COUNTER))


def test_a_counter_must_increase():
    assert security.increased(5, 4) == 5
    with pytest.raises(Refused, match="replayed"):
        security.increased(4, 4)


def test_keys_of_another_length_are_our_mistake():
    with pytest.raises(ValueError, match="16 bytes"):
        security.Keys(block, bytes(32), b"")
