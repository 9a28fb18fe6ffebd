"""Every page that a person reaches by the station's links, one address of each kind, and its forms."""

from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urljoin, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.exceptions import HTTPException
from werkzeug.routing import MapAdapter, RequestRedirect

BEYOND = {"static", "auth.logout", "auth.login"}
KINDS = {"kind", "role", "target"}  # arguments that make another page, where a number or a name does not
VISITS = 8  # of one kind of page: its other lists and devices have other links


class Reached(NamedTuple):
    pages: dict[str, str]  # {"endpoint" or "endpoint kind": address of the first that was met}
    forms: set[str]  # where a form of any of them is posted to


class _Ways(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        if tag == "a":
            self.links.append(held.get("href") or "")
        elif tag == "form" and held.get("method") == "post":
            self.forms.append(held.get("action") or "")
        elif tag == "button" and held.get("formaction"):
            self.forms.append(held["formaction"] or "")


def reached(app: Flask, desk: FlaskClient, start: str = "/") -> Reached:
    """Follow the links from `start`. AssertionError: one of them leads nowhere."""
    adapter = app.url_map.bind("localhost")
    met: dict[str, list[str]] = {}
    forms: set[str] = set()
    todo = [start]
    for address in todo:  # grows
        key = _key(adapter, address)
        visited = met.get(key, [])
        if not key or address in visited or len(visited) >= VISITS:
            continue
        with desk.get(address) as answer:
            if answer.location:
                todo.append(answer.location)
            elif answer.mimetype == "text/html":
                assert answer.status_code == 200, (address, answer.status_code)
                met.setdefault(key, []).append(address)
                ways = _Ways()
                ways.feed(answer.get_data(as_text=True))
                todo += [urljoin(address, each) for each in ways.links]
                forms |= {urljoin(address, each) for each in ways.forms}
    return Reached({key: visited[0] for key, visited in met.items()}, forms)


def _key(adapter: MapAdapter, address: str) -> str:
    """What kind of page it is; "" of what is none of ours."""
    try:
        endpoint, arguments = adapter.match(urlsplit(address).path, method="GET")
    except (HTTPException, RequestRedirect):
        return ""
    kinds = (str(arguments[each]) for each in sorted(KINDS & set(arguments)))
    return "" if endpoint in BEYOND else " ".join([endpoint, *kinds])
