"""The way between pages: places in the head of every page, and the pages of the place one is in below it."""

from typing import NamedTuple

from flask import Flask, request
from flask_babel import lazy_gettext
from flask_login import current_user

ANYONE = ""  # whoever is logged in


class Page(NamedTuple):
    endpoint: str
    words: object  # of flask_babel: str() of it is in the page's language
    functions: str  # station.access.roles; several with spaces: any of them; ANYONE


class Way(NamedTuple):
    """A place or a page, as the head shows it."""

    endpoint: str
    words: str
    here: bool


# words of the place -> its pages, in the order of a day's work; a place is entered by its first page
PLACES = (
    (lazy_gettext("Overview"), (Page("overview.page", lazy_gettext("Overview"), "view"),)),
    (
        lazy_gettext("Duty"),
        (
            Page("alarms.page", lazy_gettext("Alarms"), "view"),
            Page("duty.page", lazy_gettext("Duty log"), "duty"),
            Page("outages.page", lazy_gettext("Planned outages"), "events"),
            Page("notify.page", lazy_gettext("Notices"), "view"),
        ),
    ),
    (lazy_gettext("Approvals"), (Page("approvals.page", lazy_gettext("Approvals"), ANYONE),)),
    (lazy_gettext("Field work"), (Page("fieldwork.page", lazy_gettext("Work orders"), "field"),)),
    (
        lazy_gettext("People"),
        (
            Page("staff.page", lazy_gettext("People"), "accounts"),
            Page("roles.page", lazy_gettext("Roles"), "accounts"),
            Page("units.page", lazy_gettext("Units"), "accounts"),
            Page("transfers.page", lazy_gettext("Transfers"), "accounts approve_accounts"),
            Page("handed.page", lazy_gettext("My roles"), ANYONE),
            Page("help_desk.page", lazy_gettext("Help desk"), ANYONE),
        ),
    ),
    (
        lazy_gettext("Station"),
        (
            Page("overview.problems", lazy_gettext("Run state"), "run"),
            Page("jobs.page", lazy_gettext("Periodic work"), "run"),
            Page("alarms.rules", lazy_gettext("Rules of alarms"), "run"),
            Page("notify.house", lazy_gettext("Channels and templates"), "run"),
            Page("tokens.page", lazy_gettext("Tokens of other systems"), "publish"),
        ),
    ),
)


def open_places() -> list[tuple[str, list[Page]]]:
    """What the person at the desk may open: places with their pages; none without a page."""
    if not current_user.is_authenticated:
        return []
    open_to = [(str(words), [page for page in pages if _may_open(page)]) for words, pages in PLACES]
    return [(words, pages) for words, pages in open_to if pages]


def _may_open(page: Page) -> bool:
    return page.functions == ANYONE or any(current_user.may(each) for each in page.functions.split())


def here(places: list[tuple[str, list[Page]]]) -> Page | None:
    """The page of the head that this request belongs to: itself, else the first of its blueprint."""
    pages = [page for _words, all_of_it in places for page in all_of_it]
    for page in pages:
        if page.endpoint == request.endpoint:
            return page
    return next((page for page in pages if page.endpoint.split(".")[0] == request.blueprint), None)


def ways() -> tuple[list[Way], list[Way]]:
    """(places, pages of the place one is in; [] where that has one page only)."""
    places = open_places()
    at = here(places)
    heads = [Way(pages[0].endpoint, words, at in pages) for words, pages in places]
    inside = next((pages for _words, pages in places if at in pages), [])
    tabs = [Way(page.endpoint, str(page.words), page == at) for page in inside]
    return heads, tabs if len(tabs) > 1 else []


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(nav_ways=ways)
