"""Tokens are checked, nothing in them is guessed. The published ones are in tests/vectors/lines/sts.json."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import sts
from tests.unit.protocols.refusals import outcome

VECTORS = json.loads(Path("tests/vectors/lines/sts.json").read_text(encoding="utf-8"))
TESTS = [case["text"] for case in VECTORS if case["name"].startswith("test 0x")]


@given(st.sampled_from(TESTS), st.integers(0, 19), st.integers(1, 9))
def test_one_wrong_digit_in_a_test_token_is_never_taken_for_that_test(token, at, step):
    digit = str((int(token[at]) + step) % 10)
    reason, found = outcome(sts.check, token[:at] + digit + token[at + 1 :])
    # Where the digit hits the class itself it is another kind of token, of which nothing can be told.
    assert reason in ("bad_checksum", "bad_value", "unknown_type") or found["class"] != "test"


@given(st.integers(0, (1 << 66) - 1))
def test_of_encrypted_tokens_only_the_class_is_told(number):
    kind = number >> 27 & 3
    if kind in (1, 3):
        return
    token = f"{number:020d}"
    assert sts.check(token) == {"token": token, "class": "credit" if kind == 0 else "management"}


@pytest.mark.parametrize("mark", [" ", "-", " - "])
def test_it_is_taken_as_printed_and_given_on_as_digits(mark):
    token = "56493153725450313471"
    printed = mark.join(token[at : at + 4] for at in range(0, 20, 4))
    assert sts.check(" " + printed + " ")["token"] == token


@given(st.text(max_size=200))
def test_any_text_gives_fields_or_a_named_refusal(text):
    reason, found = outcome(sts.check, text)
    if reason:
        assert reason in ("bad_length", "bad_bcd", "bad_value", "unknown_type", "bad_checksum")
    else:
        assert len(found["token"]) == 20


@pytest.mark.parametrize("text", ["56493153725450313472", "5649315372545031347l", "73786976294838206464"])
def test_a_token_never_stands_in_an_error(text):
    _, error = outcome(sts.check, text)
    assert text[:12] not in str(error)


def test_a_subclass_of_the_maker_is_told_without_fields():
    """Made here, for no meter: CRC over class 1, subclass 6 and nothing else."""
    block = 6 << 60
    crc = sts.crc.modbus((1 << 48 | block >> 16).to_bytes(7, "big"))
    block |= (crc & 0xFF) << 8 | crc >> 8
    number = block & ~(3 << 27) | 1 << 27 | (block >> 27 & 3) << 64
    assert sts.check(f"{number:020d}") == {"token": f"{number:020d}", "class": "test", "subclass": 6}
