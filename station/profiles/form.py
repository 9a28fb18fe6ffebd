"""What is wrong with a profile, and its form: JSON Schema errors in words."""

import difflib
from collections.abc import Iterable
from typing import Any, NamedTuple

import jsonschema

from station.profiles.schema import SCHEMA


class Problem(NamedTuple):
    path: str  # such as reads/3/parts/0/type; "" is the whole
    reason: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.path or 'profile'}: {self.reason}" + (f" -> {self.advice}" if self.advice else "")


_VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def faults(profile: Any) -> list[Problem]:
    """Where it is not as the schema says."""
    return sorted(_told(error) for error in _VALIDATOR.iter_errors(profile))


def near(word: object, words: Iterable[str]) -> str:
    close = difflib.get_close_matches(str(word), list(words), 1, 0.5)
    return f"did you mean {close[0]!r}?" if close else ""


_KINDS = {
    "object": "a map",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "null": "null",
}


def _told(error: Any) -> Problem:
    """A schema error in words."""
    path = "/".join(str(step) for step in error.absolute_path)
    advice = error.schema.get("description", "")
    value = error.instance
    match error.validator:
        case "required":
            missing = [name for name in error.validator_value if name not in value]
            return Problem(path, f"lacks {', '.join(missing)}", "add it")
        case "additionalProperties" if error.validator_value is False:
            known = error.schema["properties"]
            extra = [name for name in value if name not in known]
            return Problem(
                path, f"has no field {', '.join(extra)}", near(extra[0], known) or f"use {', '.join(known)}"
            )
        case "enum":
            words = [str(word) for word in error.validator_value]
            return Problem(
                path, f"{value!r} is not known", near(value, words) or f"one of {', '.join(words)}"
            )
        case "type":
            wanted = error.validator_value
            wanted = [wanted] if isinstance(wanted, str) else wanted
            return Problem(
                path, f"{_shown(value)} is not {' or '.join(_KINDS[name] for name in wanted)}", advice
            )
        case "pattern":
            return Problem(path, f"{_shown(value)} is not written as it must be", advice)
        case "minimum" | "maximum":
            schema = error.schema
            return Problem(path, f"{value} is not {schema['minimum']} to {schema['maximum']}", advice)
        case "minLength" | "maxLength":
            schema = error.schema
            least, most = schema["minLength"], schema["maxLength"]
            return Problem(path, f"has {len(value)} characters, {least} to {most} may be", advice)
        case "minItems" | "maxItems":
            least, most = error.schema["minItems"], error.schema["maxItems"]
            return Problem(path, f"has {len(value)} entries, {least} to {most} may be", advice)
    return Problem(path, error.message[:200], advice)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
