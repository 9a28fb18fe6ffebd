"""Who asks, and what he may: the token of a request, marks of views, one effect for one key."""

import hashlib
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from sqlalchemy import Connection

from station.access import tokens as rules
from station.access.rights import where
from station.api.failures import Refused, not_found
from station.errors import FieldError, Invalid
from station.store import audit, devices
from station.store import tokens as store
from station.store.db import now_s
from station.store.engines import Store
from station.store.scope import Scope

OPEN = "api-docs.openapi_json"  # says what could be asked, nothing of what there is
KEPT_S = 24 * 3600
_KEY = re.compile(r"[A-Za-z0-9._-]{1,64}")
View = TypeVar("View", bound=Callable[..., object])


def needs(function: str) -> Callable[[View], View]:
    """Mark a view with one of station.access.roles.FUNCTIONS; "" for any token."""

    def mark(marked: View) -> View:
        marked.function = function  # type: ignore[attr-defined]
        return marked

    return mark


def reading() -> Any:
    return database().reading()


def database() -> Store:
    return current_app.extensions["store"]


def bearer() -> rules.Bearer:
    return g.bearer


def scope(function: str) -> Scope:
    """Where the token may do `function`; Refused 403 when nowhere."""
    found = where(bearer().rights, function)
    if not found.units:
        raise Refused(403, "forbidden", f"This token may do {function} nowhere.")
    return found


def device(c: Connection, name: str, function: str) -> dict[str, Any]:
    """The row of store.devices.get; Refused 404 for one that the token has nothing to do with."""
    found = devices.get(c, name)
    if found is None or not scope(function).holds(c, found["unit"]):
        raise not_found()
    return found


def who_asks() -> str:
    """For the rate limit: the part of a token that is no secret, else the address."""
    head = _given().split("_")[0]
    return head if re.fullmatch(r"lk[0-9]{1,9}", head) and "bearer" in g else request.remote_addr or "nobody"


def _given() -> str:
    kind, _space, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if kind.lower() == "bearer" else ""


def _guard() -> None:
    audit.origin.set(f"api {request.remote_addr}")
    endpoint = request.endpoint
    if endpoint == OPEN:
        return
    with reading() as c:
        at = now_s()
        found = rules.bearer(c, _given(), at)
        stale = found is not None and rules.stale(c, found.token, at)
    if found is None:
        raise Refused(401, "token_needed", "Give a valid token: Authorization: Bearer TOKEN.")
    g.bearer = found
    if stale:
        with database().writing() as c:
            store.change(c, found.token, used_s=at, used_from=request.remote_addr or "")
    view = current_app.view_functions.get(endpoint or "")
    if view is None:
        return  # 404 or 405
    function = _mark(view)
    if function:
        scope(function)


def _mark(view: Any) -> str:
    function = getattr(view, "function", None)
    if function is None:
        raise Refused(403, "forbidden", "This is closed.")
    return function


@contextmanager
def once() -> Iterator["Once"]:
    """A write transaction whose answer is kept under the request's Idempotency-Key. Invalid, Refused."""
    key = request.headers.get("Idempotency-Key", "")
    if not _KEY.fullmatch(key):
        raise Invalid(FieldError("Idempotency-Key", "bad_idempotency_key"))
    same = hashlib.sha256(b"\0".join((request.method.encode(), request.path.encode(), request.get_data())))
    with database().writing() as c:
        seen = store.answer(c, bearer().token, key)
        if seen and seen["request"] != same.hexdigest():
            raise Invalid(FieldError("Idempotency-Key", "idempotency_key_used"))
        yield Once(c, key, same.hexdigest(), seen)


class Once:
    """`earlier` is the answer that was given already, or None: then do it in `c` and `keep` the answer."""

    def __init__(self, c: Connection, key: str, digest: str, seen: dict[str, Any] | None) -> None:
        self.c, self.key, self._digest = c, key, digest
        self.earlier: dict[str, Any] | None = seen["body"] if seen else None

    def keep(self, answer: dict[str, Any], status: int, subject: str) -> dict[str, Any]:
        """Keep it, and note in the audit which token it was."""
        at, token = now_s(), bearer().token
        store.keep(
            self.c, token, self.key, at - KEPT_S, request=self._digest, status=status, body=answer, t_s=at
        )
        way = {"method": request.method, "path": request.path}
        audit.add(self.c, bearer().user, "api", subject, token=token, **way)
        return answer


def init_app(app: Flask) -> None:
    app.before_request(_guard)
