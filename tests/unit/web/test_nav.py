"""The head: places that one may open, and the pages of the place one is in."""

import pytest

from station.web import create_app, nav
from station.web.nav import Page

LIST = Page("approvals.page", "Approvals", nav.ANYONE)
RULES = Page("approvals.rules", "What needs two", "policy")
HOME = Page("overview.page", "Overview", "view")


class Person:
    is_authenticated = True

    def __init__(self, *functions: str) -> None:
        self.functions = functions

    def may(self, function: str) -> bool:
        return function in self.functions


@pytest.fixture
def at(tmp_path, monkeypatch):
    """(places, tabs) of the head that `person` sees at `path`, as words and whether one is there."""
    app = create_app(tmp_path)
    monkeypatch.setattr(nav, "PLACES", (("Home", (HOME,)), ("Two", (LIST, RULES))))

    def ways(path: str, *functions: str):
        monkeypatch.setattr(nav, "current_user", Person(*functions))
        with app.test_request_context(path):
            heads, tabs = nav.ways()
        return [(way.words, way.here) for way in heads], [(way.words, way.here) for way in tabs]

    return ways


def test_a_place_is_shown_to_whoever_may_open_a_page_of_it(at) -> None:
    assert at("/")[0] == [("Two", False)]
    assert at("/", "view")[0] == [("Home", True), ("Two", False)]


def test_pages_of_the_place_one_is_in_stand_below(at) -> None:
    assert at("/approvals/policy", "view", "policy")[1] == [("Approvals", False), ("What needs two", True)]
    assert at("/", "view", "policy")[1] == []


def test_a_place_with_one_page_has_no_second_row(at) -> None:
    assert at("/approvals", "view") == ([("Home", False), ("Two", True)], [])


def test_a_page_that_is_not_in_the_head_belongs_to_its_blueprint(at) -> None:
    assert at("/approvals/7", "policy")[1] == [("Approvals", True), ("What needs two", False)]
    assert at("/no-such-page", "view")[0] == [("Home", False), ("Two", False)]
