"""A browser for the session, a station for each test that changes it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.site import Desk, Site, chromium


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    running = Site(tmp_path / "home")
    yield running
    running.close()


@pytest.fixture
def sit(browser: Browser, site: Site) -> Iterator[Callable[..., Desk]]:
    """Sit down at a desk; at the end nothing may have gone wrong in its browser."""
    desks: list[Desk] = []

    def begin(language: str = "zh_CN", theme: str = "light") -> Desk:
        desks.append(Desk(browser, site.url, language, theme))
        return desks[-1]

    yield begin
    trouble = [line for desk in desks for line in desk.trouble]
    for desk in desks:
        desk.close()
    assert trouble == []
