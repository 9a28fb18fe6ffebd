"""What the web server serves: the pages, and beside them the API under its prefix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from station import api, web


def create(home: Path | str | None = None) -> Callable[..., Any]:
    return DispatcherMiddleware(web.create_app(home), {api.PREFIX: api.create_app(home)})
