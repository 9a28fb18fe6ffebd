"""Values out of data lines: exact, never a float, and a name for whatever is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.lines import iec62056_21_data as data
from protocols.lines.refused import Refused
from tests.unit.protocols.refusals import outcome


@given(st.integers(-(10**14), 10**14), st.integers(0, 12))
def test_a_decimal_text_keeps_every_digit(number, places):
    digits = f"{abs(number):0{places + 1}d}"
    text = digits[: len(digits) - places] + ("." + digits[len(digits) - places :] if places else "")
    assert data.number((("-" if number < 0 else "") + text).encode()) == (number, -places)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0001234.5*kWh", (12345, 2)),
        ("006545766*Wh", (6545766, 0)),
        ("1.5*MWh", (15, 5)),
        ("480*mA", (480, -3)),
        ("-002.54*kW", (-254, 1)),
        ("+000.8*A", (8, -1)),
        ("00981.443*m3", (981443, -3)),
        ("5*min", (5, 0)),
        ("0.98", (98, -2)),
        ("00012", "00012"),
        ("", ""),
        ("12:30:00", "12:30:00"),
        ("1.2.3", "1.2.3"),
        ("1*", (1, 0)),
        ("-*kWh", "-*kWh"),
        ("9" * 33 + "*kWh", "9" * 33 + "*kWh"),
        ("V01.69#EEA", "V01.69#EEA"),
    ],
)
def test_what_a_group_is_read_as(text, value):
    assert data.values(f"0.0.0({text})".encode()) == {"0.0.0": value}


def test_the_first_of_two_equal_addresses_counts():
    assert data.values(b"1.8.0(1*Wh)\r\n1.8.0(2*Wh)\r\n") == {"1.8.0": (1, 0)}


def test_a_group_on_the_next_line_belongs_to_the_address_before():
    """DSMR 2.2 writes the gas reading so."""
    assert data.values(b"0-1:24.3.0(161107190000)(m3)\r\n(00001.001)\r\n") == {
        "0-1:24.3.0": "161107190000",
        "0-1:24.3.0/1": "m3",
        "0-1:24.3.0/2": (1001, -3),
    }


def test_lines_without_brackets_are_passed_over():
    assert data.values(b"\r\n!\r\nabc\r\n1.8.0(1*Wh)\r\n!\r\n") == {"1.8.0": (1, 0)}
    assert data.values(b"1.8.0(1*Wh)\r\nabc)\r\n(2*Wh)") == {"1.8.0": (1, 0), "1.8.0/1": (2, 0)}


def test_more_values_than_are_taken_are_refused():
    with pytest.raises(Refused) as refused:
        data.values(b"1()" + b"()" * data.MAX_GROUPS)
    assert refused.value.reason == "too_long"


@pytest.mark.parametrize("tail", ["*01", "*99", "&01", "*00"])
@pytest.mark.parametrize(
    ("present", "past", "want"),
    [
        ("1-0:1.8.0*255(001234.5*kWh)", "1-0:1.8.0%s(001200.0)", (12000, 2)),
        ("1-0:1.8.0(001234.5*kWh)", "1-0:1.8.0%s(001200)", (1200, 3)),
        ("1.8.0(1*MWh)", "1.8.0%s(5*kWh)", (5, 3)),
        ("1-0:13.4.0*255(0.95)", "1-0:13.4.0%s(0.98)", (98, -2)),
        ("2-0:1.8.0(1*kWh)", "1-0:1.8.0%s(001200.0)", "001200.0"),
        ("0.0.0(1*kWh)", "1.8.0%s(001200.0)", "001200.0"),
        ("0.1.0(12)", "0.1.0%s(11)", "11"),
    ],
)
def test_a_past_value_has_the_unit_of_the_present_one_wherever_that_stands(present, past, want, tail):
    past = past.replace("%s", tail)
    for lines in ([present, past], [past, present]):
        assert data.values("\r\n".join(lines).encode())[past.partition("(")[0]] == want


def test_a_readout_of_any_length_is_read_as_a_short_one():
    """It is made text in pieces."""
    lines = [f"1-0:{i}.8.0*255({i:04d}.5*kWh)({'x' * (i * 7 % 600)})()" for i in range(1, 100)]
    want = {}
    for line in lines:
        want.update(data.values(line.encode()))
    assert data.values("\r\n".join(lines).encode()) == want
    assert len(want) == 297


@pytest.mark.parametrize(("at", "reason"), [(0, "bad_value"), (60, "bad_value"), (99, "truncated")])
def test_a_missing_bracket_is_told_wherever_it_is(at, reason):
    lines = [f"1-0:{i}.8.0*255(1*kWh{')' * (i != at)}" for i in range(100)]
    with pytest.raises(Refused, match=reason):
        data.values("\r\n".join(lines).encode())


@pytest.mark.parametrize(
    ("found", "address", "key"),
    [
        (["1.8.0"], "1-0:1.8.0*255", "1.8.0"),
        (["1-0:1.8.0*255"], "1.8.0", "1-0:1.8.0*255"),
        (["1-0:1.8.0"], "1-0:1.8.0*255", "1-0:1.8.0"),
        (["1-1:1.8.0"], "1-0:1.8.0", ""),
        (["1.8.0*01"], "1.8.0", ""),
        (["1.8.0&01"], "1-0:1.8.0*01", "1.8.0&01"),
        (["1.8.0&01", "1.8.0*01"], "1.8.0*01", "1.8.0*01"),
        (["21.8.0"], "1.8.0", ""),
        ([], "", ""),
    ],
)
def test_an_address_is_found_however_it_is_spelled(found, address, key):
    assert data.find(dict.fromkeys(found, 0), address) == key


@given(st.binary(max_size=200) | st.text("01.:*&()kWh\r\n!", max_size=200).map(str.encode))
def test_any_bytes_give_values_or_a_named_refusal(raw):
    reason, found = outcome(data.values, raw)
    assert reason in ("", "truncated", "bad_value", "too_long")
    for key, value in () if reason else found.items():
        assert isinstance(key, str)
        assert isinstance(value, str) or [type(n) for n in value] == [int, int]
