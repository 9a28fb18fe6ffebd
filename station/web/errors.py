"""What goes wrong, in words: field errors, HTTP errors as pages, or as JSON in both languages."""

from collections.abc import Iterable
from typing import Any

from flask import Flask, current_app, jsonify, render_template, request
from flask_babel import force_locale
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from station.errors import FieldError
from station.web.i18n import LANGUAGES, word

WORDS = {  # HTTP status -> key under `http.`
    400: "bad_request",
    401: "log_in",
    403: "forbidden",
    404: "not_found",
    405: "method",
    413: "too_large",
    429: "too_many",
    503: "busy",
}
SCRIPTS = ("/api/", "/live/", "/alive", "/healthz")  # what a script asks for is answered in JSON


class Refused(Exception):
    """A request that cannot be served; `key` has words under `http.`, which may name `facts`."""

    def __init__(self, status: int, key: str, **facts: str) -> None:
        super().__init__(key)
        self.status, self.key, self.facts = status, key, facts


def said(error: FieldError) -> str:
    """The words of a field error in the page's language."""
    return word("error", error.key).format(**error.args)


def by_field(errors: Iterable[FieldError]) -> dict[str, list[str]]:
    out: dict[str, list[str]] = {}
    for error in errors:
        out.setdefault(error.field, []).append(said(error))
    return out


def for_script() -> bool:
    """By the path, since a refused method has no endpoint."""
    return request.path.startswith(SCRIPTS)


def as_json(status: int, key: str, **facts: Any) -> tuple[Response, int]:
    words = {}
    for language in LANGUAGES:
        with force_locale(language):
            words[language] = word("http", key).format(**facts)
    return jsonify(error={"key": key, "message": words, **facts}), status


def page(status: int, key: str, **facts: str) -> tuple[Any, int]:
    if for_script():
        return as_json(status, key, **facts)
    title, text = word("http_title", key), word("http", key).format(**facts)
    return render_template("error.html", title=title, text=text), status


def _http(error: HTTPException) -> tuple[Any, int, list[tuple[str, str]]]:
    status = error.code or 500
    headers = [(name, value) for name, value in error.get_headers() if name != "Content-Type"]  # Allow, ...
    return *page(status, WORDS.get(status, "bad_request" if status < 500 else "failed")), headers


def _failed(error: Exception) -> tuple[Any, int]:
    current_app.logger.exception("request_failed path=%s", request.path)
    return page(500, "failed")


def init_app(app: Flask) -> None:
    app.register_error_handler(Refused, lambda error: page(error.status, error.key, **error.facts))
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _failed)
