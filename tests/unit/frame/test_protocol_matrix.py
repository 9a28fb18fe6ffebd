"""docs/protocol-matrix.md says what the tests prove, and every mark in it is a test that exists."""

from tools import matrix


def test_every_mark_is_a_test_or_a_vector_that_exists():
    assert matrix.problems() == []


def test_the_page_is_current():
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(), "run: python -m tools.matrix"


def test_a_mark_of_nothing_is_seen():
    assert matrix.missing("tests/unit/frame/test_protocol_matrix.py::test_of_nothing")
    assert matrix.missing("tests/unit/frame/nowhere.py::test_of_nothing")
    assert not matrix.missing("tests/unit/frame/test_protocol_matrix.py::test_a_mark_of_nothing_is_seen[x]")
    assert matrix.missing("tests/vectors/dlt645.json#no such vector")
