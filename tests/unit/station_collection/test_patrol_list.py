"""A pasted list is read line by line; anything may stand in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.collection import patrol_list
from station.collection.patrol_list import CHARS, FAULTS, MOST, Line, read, said


def test_a_device_alone_and_meters_by_row_or_address() -> None:
    text = "DF-FOUNDRY-01\n\n  TQ-0031  17\r\nTQ-0031，202600000018\nTQ-0031\t19\n"
    assert read(text) == (
        [
            Line(1, "DF-FOUNDRY-01"),
            Line(3, "TQ-0031", 17),
            Line(4, "TQ-0031", None, "202600000018"),
            Line(5, "TQ-0031", 19),
        ],
        [],
    )


@pytest.mark.parametrize(
    "line", ["T1 0", "T1 1001", "T1 12345", "T1 x", "T1 1 2", "设备 1", "T1 ①", "T1 １", "a" * 25]
)
def test_a_wrong_line_is_named(line: str) -> None:
    found, faults = read(f"T1\n{line}")
    assert [each.line for each in found] == [1]
    assert [(each.key, each.args["line"]) for each in faults] == [("bad_point_line", 2)]


def test_too_much_is_not_read() -> None:
    assert [each.key for each in read("x" * (CHARS + 1))[1]] == ["too_long"]
    assert [each.key for each in read("T1\n" * (MOST + 1))[1]] == ["too_many_lines"]


def test_so_many_faults_are_said_and_the_rest_counted() -> None:
    told = said(read("?\n" * (FAULTS + 3))[1])
    assert [each.args["line"] for each in told[:FAULTS]] == list(range(1, FAULTS + 1))
    assert (told[-1].key, told[-1].args) == ("more_faults", {"n": 3})


@given(st.text(max_size=200))
def test_whatever_is_pasted_each_line_is_taken_once_or_named(text: str) -> None:
    found, faults = patrol_list.read(text)
    numbers = [each.line for each in found] + [each.args["line"] for each in faults]
    assert len(set(numbers)) == len(numbers) <= len(text.splitlines())
    for each in found:
        assert each.row is None or 1 <= each.row <= MOST
        assert each.address == "" or (len(each.address) == 12 and each.address.isascii())
