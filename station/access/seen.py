"""A mark of what somebody saw: a change of it meanwhile is refused, nothing is overwritten."""

import hashlib
import json
from typing import Any

from station.errors import FieldError, Invalid


def mark(shown: Any) -> str:
    """Stands for JSON-able facts as they were shown."""
    text = json.dumps(shown, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def same(shown: Any, seen: str) -> None:
    """Invalid: the facts are others than those marked `seen`."""
    if mark(shown) != seen:
        raise Invalid(FieldError("", "changed_meanwhile"))
