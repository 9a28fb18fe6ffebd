"""Which answer belongs to which request, and what it brings."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import modbus
from protocols.lines.refused import Refused

FRAMES = st.builds(modbus.Frame, st.integers(0, 247), st.integers(0, 255), st.binary(max_size=12))
READ = modbus.Frame(17, 3, bytes.fromhex("006b0003"))
COILS = modbus.Frame(17, 1, bytes.fromhex("00130013"))
WRITE = modbus.Frame(17, 16, bytes.fromhex("000100020400 0a0102"))
SINGLE = modbus.Frame(17, 6, bytes.fromhex("00010003"))
IDENTIFY = modbus.Frame(17, 0x2B, b"\x0e\x01\x00")


@pytest.mark.parametrize(
    ("request_frame", "unit", "function", "data", "why"),
    [
        (READ, 17, 3, "06022b00000064", ""),
        (READ, 17, 0x83, "02", ""),
        (READ, 17, 3, "006b0003", "echo"),
        (READ, 18, 3, "06022b00000064", "foreign"),
        (READ, 17, 4, "06022b00000064", "wrong_function"),
        (READ, 17, 0x84, "02", "wrong_function"),
        (READ, 17, 3, "04022b0000", "late"),
        (READ, 17, 3, "04022b00000064", "late"),
        (COILS, 17, 1, "03cd6b05", ""),
        (COILS, 17, 1, "02cd6b", "late"),
        (WRITE, 17, 16, "00010002", ""),
        (WRITE, 17, 16, "00010003", "late"),
        (WRITE, 17, 16, "0001000204000a0102", "echo"),
        (SINGLE, 17, 6, "00010003", ""),
        (SINGLE, 17, 6, "00010004", "late"),
        (IDENTIFY, 17, 0x2B, "0e01010000000", "late"),
        (IDENTIFY, 17, 0x2B, "0e0101000000", ""),
        (IDENTIFY, 17, 0x2B, "0e0201000000", "late"),
    ],
)
def test_answer_is_judged_by_unit_function_and_length_asked(request_frame, unit, function, data, why):
    data = bytes.fromhex(data) if len(data) % 2 == 0 else b"\x0e"
    assert modbus.match(request_frame, modbus.Frame(unit, function, data)) == why


@settings(max_examples=150, deadline=None)
@given(FRAMES, FRAMES)
def test_judging_any_pair_raises_nothing_but_refused(request_frame, answer):
    assert modbus.match(request_frame, answer) in ("", "echo", "foreign", "wrong_function", "late")
    with suppress(Refused):
        assert isinstance(modbus.reply_data(answer), bytes)
        modbus.identification(answer.data)


@pytest.mark.parametrize(("code", "name"), sorted(modbus.EXCEPTIONS.items()))
def test_each_exception_has_its_name(code, name):
    with pytest.raises(Refused) as told:
        modbus.reply_data(modbus.Frame(1, 0x83, bytes([code])))
    assert (told.value.reason, told.value.detail) == ("refused", name)


def test_an_exception_that_is_not_in_the_standard_is_told_by_number():
    with pytest.raises(Refused, match="exception_7F"):
        modbus.reply_data(modbus.Frame(1, 0x83, b"\x7f"))


def test_an_identification_cut_short_is_refused():
    whole = bytes.fromhex("0e0101000002") + b"\x00\x02LK\x01\x01x"
    assert modbus.identification(whole) == (None, {0: b"LK", 1: b"x"})
    for size in range(len(whole)):
        with pytest.raises(Refused, match="truncated"):
            modbus.identification(whole[:size])
