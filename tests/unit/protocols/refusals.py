"""What a call that may be refused came to."""

from collections.abc import Callable
from typing import Any


def outcome(call: Callable[..., Any], *args: Any) -> tuple[str, Any]:
    """("", result), or the first argument of the refusal (its reason) and the error."""
    try:
        return "", call(*args)
    except ValueError as error:
        if type(error).__name__ != "Refused":
            raise
        return error.args[0], error
