"""Fields of a command as JSON has them -> as station.controls.build reads them."""

import json
from collections.abc import Mapping
from typing import Any

from station.errors import FieldError, Invalid


def as_texts(given: Mapping[str, Any]) -> dict[str, str]:
    """{"rounds": [1, 2], "float_pct": -20} -> {"rounds": "1,2", "float_pct": "-20"}; Invalid for null."""
    return {field: _text(field, value) for field, value in given.items()}


def _text(field: str, value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Mapping):
        return json.dumps(value)
    if isinstance(value, list) and value:
        nested = all(isinstance(each, list) for each in value)
        return (";" if nested else ",").join(_text(field, each) for each in value)
    raise Invalid(FieldError(field, "needed"))
