"""The way between pages: places in the head of every page, and the pages of the place one is in below it."""

from typing import NamedTuple

from flask import Flask, request
from flask_babel import lazy_gettext as _
from flask_login import current_user

ANYONE = ""  # whoever is logged in


class Page(NamedTuple):
    endpoint: str
    words: object  # of flask_babel: str() of it is in the page's language
    functions: str  # station.access.roles; several with spaces: any of them; ANYONE
    beside: str = ""  # another blueprint whose pages belong to it


class Way(NamedTuple):
    """A place or a page, as the head shows it."""

    endpoint: str
    words: str
    here: bool


# words of the place -> its pages, in the order of a day's work; a place is entered by its first page
PLACES = (
    (
        _("Overview"),
        (
            Page("overview.page", _("Overview"), "view"),
            Page("feeders.page", _("Single-line picture"), "view"),
        ),
    ),
    (
        _("Duty"),
        (
            Page("alarms.page", _("Alarms"), "view"),
            Page("duty.page", _("Duty log"), "duty"),
            Page("outages.page", _("Planned outages"), "events"),
            Page("notify.page", _("Notices"), "view"),
        ),
    ),
    (_("Approvals"), (Page("approvals.page", _("Approvals"), ANYONE),)),
    (
        _("Collection"),
        (
            Page("collection.page", _("Collection tasks"), "view", "collection_days"),
            Page("patrols.page", _("Batch patrols"), "view"),
            Page("collection_days.uncovered", _("Points without a task"), "view"),
            Page("query.page", _("Data query"), "view"),
            Page("parameters.listed", _("Parameters that differ"), "view"),
        ),
    ),
    (
        _("Archives"),
        (
            Page("archives.start", _("Archives"), "view", "archive_swaps"),
            Page("archive_findings.page", _("Findings in the archives"), "archive"),
            Page("archive_findings.coverage", _("Coverage"), "archive"),
            Page("archive_findings.late", _("Late changes"), "archive"),
            Page("imports.page", _("Imports"), "archive"),
            Page("marketing.page", _("Marketing system"), "archive"),
            Page("documents.page", _("Documents"), "view"),
        ),
    ),
    (
        _("Field work"),
        (
            Page("fieldwork.page", _("Work orders"), "field"),
            Page("stock.page", _("Stock"), "stock"),
            Page("sims.page", _("SIM cards"), "stock"),
            Page("stock.plans", _("Plan and stock"), "stock"),
        ),
    ),
    (
        _("People"),
        (
            Page("staff.page", _("People"), "accounts"),
            Page("roles.page", _("Roles"), "accounts"),
            Page("units.page", _("Units"), "accounts"),
            Page("transfers.page", _("Transfers"), "accounts approve_accounts"),
            Page("cleanup.page", _("Clean-up of accounts"), "accounts"),
            Page("handed.page", _("My roles"), ANYONE),
            Page("help_desk.page", _("Help desk"), ANYONE),
        ),
    ),
    (
        _("Station"),
        (
            Page("overview.problems", _("Run state"), "run"),
            Page("jobs.page", _("Jobs"), "run"),
            Page("logs.page", _("Logs"), "run"),
            Page("audit.page", _("Record of who did what"), "audit"),
            Page("account_policy.page", _("Passwords and sessions"), "policy"),
            Page("alarms.rules", _("Rules of alarms"), "run"),
            Page("notify.house", _("Channels and templates"), "run"),
            Page("tokens.page", _("Tokens of other systems"), "publish"),
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
    own = (page for page in pages if request.blueprint in (page.endpoint.split(".")[0], page.beside))
    return next(own, None)


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
