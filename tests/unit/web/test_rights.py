"""Every view says what right it needs, and who has not got it is refused before it runs."""

import pytest

from station.access.roles import FUNCTIONS
from station.store import db, org
from station.store.scope import ROOT
from station.web.rights import ANYONE
from tests.unit.web.conftest import Station


def test_every_view_says_what_it_needs(station: Station) -> None:
    views = {k: v for k, v in station.app.view_functions.items() if k != "static"}
    assert len(views) > 30
    said = {endpoint: getattr(view, "function", None) for endpoint, view in views.items()}
    assert {e for e, function in said.items() if function not in (*FUNCTIONS, ANYONE)} == set()


@pytest.mark.parametrize(
    ("role", "path", "status"),
    [
        ("viewer", "/", 200),
        ("viewer", "/station", 403),
        ("administrator", "/", 403),
        ("duty", "/station", 200),
    ],
)
def test_a_role_opens_its_pages_only(station: Station, role: str, path: str, status: int) -> None:
    only(station, role)
    assert station.desk().get(path).status_code == status


def test_a_view_without_a_mark_is_closed(station: Station) -> None:
    station.app.add_url_rule("/forgotten", "forgotten", lambda: "")
    assert station.desk().get("/forgotten").status_code == 403


def only(station: Station, role: str, unit: int = ROOT) -> None:
    """Let admin have `role` alone, in `unit`."""
    with station.writing() as c:
        for grant in org.grants_of(c, "admin", db.now_s()):
            org.end_grant(c, grant["id"], 0)
        org.grant(c, "admin", role, unit, "test", from_s=0)
