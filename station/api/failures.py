"""What goes wrong, as JSON: a key for programs, English words for who writes them."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, current_app, jsonify
from flask_smorest import Api
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from station.errors import KEYS, FieldError, Invalid

KEY = {
    400: "bad_request",
    401: "token_needed",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "not_json",
    422: "invalid",
    429: "too_many",
}


class FieldFailure(Schema):
    field = fields.String(required=True, metadata={"description": "empty: the whole request"})
    key = fields.String(required=True)
    message = fields.String(required=True)


class Failure(Schema):
    key = fields.String(required=True)
    message = fields.String(required=True)
    fields_ = fields.List(fields.Nested(FieldFailure), data_key="fields", attribute="fields")


Api.ERROR_SCHEMA = Failure  # type: ignore[assignment]
Answer = tuple[Response, int]


class Refused(Exception):
    """An answer other than the wanted one; `fields` as in Failure."""

    def __init__(self, status: int, key: str, message: str, fields: tuple[FieldError, ...] = ()) -> None:
        super().__init__(key)
        self.status, self.key, self.message, self.fields = status, key, message, fields


def body(key: str, message: str, problems: tuple[FieldError, ...] = ()) -> dict[str, Any]:
    told = [{"field": e.field, "key": e.key, "message": KEYS[e.key].format(**e.args)} for e in problems]
    return {"key": key, "message": message, **({"fields": told} if told else {})}


def not_found() -> Refused:
    """Of what does not exist, and of what is not the token's to see: nobody can tell which."""
    return Refused(404, "not_found", "There is no such thing, or it is not yours to see.")


def _http(error: HTTPException) -> tuple[Response, int, list[tuple[str, str]]]:
    status = error.code or 500
    told = body(KEY.get(status, "failed"), error.description or "")
    messages = getattr(error, "data", {}).get("messages")
    if messages:  # of a schema: {location: {field: [words]}}
        told["fields"] = [
            {"field": str(field), "key": "invalid", "message": _words(words)}
            for where in messages.values()
            for field, words in (where.items() if isinstance(where, Mapping) else [("", where)])
        ]
    kept = [(name, value) for name, value in error.get_headers() if name not in ("Content-Type",)]
    return jsonify(told), status, kept


def _words(words: Any) -> str:
    return " ".join(words) if isinstance(words, list) else str(words)


def _refused(error: Refused) -> Answer:
    return jsonify(body(error.key, error.message, error.fields)), error.status


def _invalid(error: Invalid) -> Answer:
    return jsonify(body("invalid", "The request makes no sense as it is.", error.errors)), 422


def _failed(error: Exception) -> Answer:
    current_app.logger.exception("api_failed")
    return jsonify(body("failed", "The station failed; its log says why.")), 500


def init_app(app: Flask) -> None:
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(Invalid, _invalid)
    app.register_error_handler(Exception, _failed)
