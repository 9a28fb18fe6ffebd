"""A seeded station served in this process, and a browser on it. Tests play the terminal in the store."""

import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from sqlalchemy import Connection
from werkzeug.serving import WSGIRequestHandler, make_server

from station.store import db
from station.web import create_app
from tests.browser.seed import PASSWORD, put_now, seed

BODY = "tests.body"
SCREEN = {"width": 1366, "height": 768}  # the smallest screen operators have


class _Quiet(WSGIRequestHandler):
    def log_request(self, *_: Any) -> None:
        pass

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:
        # a browser that hangs up in the middle of a file: this server (not gunicorn) leaves the file open
        if environ and BODY in environ:
            environ[BODY].close()


def _with_body(app: Callable[..., Any]) -> Callable[..., Any]:
    """Notes the answer's body in the request, so that the handler above can close it."""

    def answer(environ: dict[str, Any], start_response: Any) -> Any:
        body = environ[BODY] = app(environ, start_response)
        return body

    return answer


class Site:
    """A running station: its address, and a hand into its store."""

    def __init__(self, home: Path, **config: Any) -> None:
        seed(home)
        self.home = home
        self.engine = db.engine(home)
        self.app = create_app(home, **config)
        self._server = make_server(
            "127.0.0.1", 0, _with_body(self.app), threaded=True, request_handler=_Quiet
        )
        vars(self._server)["daemon_threads"] = True  # open streams do not hold the end of the tests
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        with db.writing(self.engine) as c:
            yield c

    def report(self, device: str, **changed: Any) -> None:
        """The terminal says how it is now."""
        with self.writing() as c:
            put_now(c, device, int(time.time()), **changed)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self.engine.dispose()


@contextmanager
def chromium() -> Iterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        raise RuntimeError("the browser tests need chromium on the PATH (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        yield browser
        browser.close()


class Desk:
    """One operator's browser. Notes what must never happen: console errors, requests leaving the origin."""

    def __init__(self, browser: Browser, url: str, language: str = "zh_CN", theme: str = "light") -> None:
        self.url = url
        self.trouble: list[str] = []
        self.context: BrowserContext = browser.new_context(viewport=SCREEN, locale="zh-CN")  # type: ignore[arg-type]
        cookies = {"lang": language, "theme": theme}
        self.context.add_cookies([{"name": n, "value": v, "url": url} for n, v in cookies.items()])
        self.context.on("request", self._request)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.url, "data:")):
            self.trouble.append(f"left the origin: {request.url}")

    def _console(self, message: Any) -> None:
        # a refused form (4xx) is what some tests ask for; the browser notes it as an error of the network
        if message.type in ("error", "warning") and "Failed to load resource" not in message.text:
            self.trouble.append(f"console: {message.text}")

    def go(self, path: str) -> Page:
        self.page.goto(self.url + path)
        return self.page

    def log_in(self, password: str = PASSWORD) -> Page:
        self.go("/login")
        self.page.fill("#name", "admin")
        self.page.fill("#password", password)
        self.page.click("main button.main")
        self.page.wait_for_url(self.url + "/")
        return self.page

    def first_log_in(self, one_time: str, password: str) -> None:
        """With the password that the station gave, and to one's own."""
        page = self.go("/login")
        page.fill("#name", "admin")
        page.fill("#password", one_time)
        page.click("main button.main")
        page.wait_for_url(self.url + "/password")
        page.fill("#old", one_time)
        page.fill("#password", password)
        page.fill("#again", password)
        page.click("main button.main")
        page.wait_for_url(self.url + "/")

    def close(self) -> None:
        self.context.close()
