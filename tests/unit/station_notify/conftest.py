"""A house with a subscriber, and real servers on this machine: one of mail, one of HTTP."""

import socket
import threading
from collections import namedtuple
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from aiosmtpd.controller import Controller

from station.notify import people
from station.store import db, org
from tests.unit.station_access.conftest import Tree
from tests.unit.station_alarms.conftest import House, c, engine, home, refused, template, tree
from tests.unit.station_alarms.conftest import _settings as settings

__all__ = ["c", "engine", "home", "refused", "settings", "template", "tree"]
Got = namedtuple("Got", "path heads body")


@pytest.fixture
def house(engine):
    """As of the alarms, but committed: notices are sent outside of a transaction."""
    with db.writing(engine) as c:
        city = org.add_unit(c, 1, "city", "A", "City")
        east, west = (org.add_unit(c, city, "station", code, code) for code in ("A1", "A2"))
        made = House(c, Tree(city, city, east, west, east))
    made.c = None  # type: ignore[assignment]
    return made


class Web:
    """An HTTP server that keeps what it got and answers `status`."""

    def __init__(self):
        web = self
        self.got, self.status = [], 200

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                web.got.append(Got(self.path, dict(self.headers), body))
                self.send_response(web.status)
                if web.status == 302:
                    self.send_header("Location", web.url + "/elsewhere")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def web():
    made = Web()
    yield made
    made.server.shutdown()
    made.server.server_close()


class Mail:
    def __init__(self):
        self.got, self.port = [], 0

    async def handle_DATA(self, _server, _session, envelope):
        self.got.append((envelope.rcpt_tos, envelope.content.decode()))
        return "250 OK"


@pytest.fixture
def mail():
    handler = Mail()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        handler.port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=handler.port)
    controller.start()
    yield handler
    controller.stop()


@pytest.fixture
def channel(engine, settings, house):
    """Adds a channel and a subscription of dan to it; returns its number."""

    def add(kind, address="", per_hour=60, secret="", unit=1, who="dan", wish=(), **config):
        wanted = config | {"name": kind, "per_hour": per_hour, "on": True, "secret": secret}
        wants = {"severity": 4, "quiet_from_min": 0, "quiet_until_min": 0, "unit": unit, "language": "en"}
        with db.writing(engine) as c:
            number = people.add_channel(c, "admin", settings, kind, wanted)
            wants |= {"channel": number, "address": address} | dict(wish)
            people.subscribe(c, who, people.Scope((1,)), wants, f"{kind}{who}")
        return number

    return add
