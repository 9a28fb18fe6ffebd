"""Blueprints of the API: an argument that nobody knows is refused, not passed over."""

from typing import ClassVar

import flask_smorest
from marshmallow import RAISE
from webargs.flaskparser import FlaskParser


class _Strict(FlaskParser):
    DEFAULT_UNKNOWN_BY_LOCATION: ClassVar[dict[str, str | None]] = {"query": RAISE, "json": RAISE}


class Blueprint(flask_smorest.Blueprint):
    ARGUMENTS_PARSER = _Strict()
