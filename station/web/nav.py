"""The way between pages: what stands in the head of every page, for whoever may open it."""

from flask import Flask, request
from flask_babel import lazy_gettext
from flask_login import current_user

# endpoint, words, function (station.access.roles); in the order of a day's work
ENTRIES = (
    ("overview.page", lazy_gettext("Overview"), "view"),
    ("approvals.page", lazy_gettext("Approvals"), ""),  # whoever may approve or propose
    ("overview.problems", lazy_gettext("Station"), "run"),
)


def entries() -> list[tuple[str, str, bool]]:
    """[(endpoint, words, whether this is it)] of what the person may open."""
    if not current_user.is_authenticated:
        return []
    return [
        (endpoint, str(words), request.endpoint == endpoint)
        for endpoint, words, function in ENTRIES
        if not function or current_user.may(function)
    ]


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(nav_entries=entries)
