"""Connections of the pages: one read-only view a request, short write transactions."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app, g
from sqlalchemy import Connection

from station.store.engines import Store


def store() -> Store:
    return current_app.extensions["store"]


def view() -> Connection:
    """The request's consistent read-only view; closed with the request."""
    if "reading" not in g:
        g.reading = store().reading()
        g.view = g.reading.__enter__()
    return g.view


def close_view(_error: BaseException | None = None) -> None:
    held = g.pop("reading", None)
    if held is not None:
        held.__exit__(None, None, None)


@contextmanager
def writing() -> Iterator[Connection]:
    """One write transaction; the request's view is given up, so that what follows sees the change."""
    close_view()
    with store().writing() as c:
        yield c
