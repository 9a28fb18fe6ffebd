"""Profiles as files: JSON of people, signed packages, and the catalogue that ships with the project."""

import json
from pathlib import Path
from typing import Any

import protocols.meters
from protocols import cbor
from protocols.meters import package
from station.profiles.check import Problem, problems

CATALOGUE = Path(protocols.meters.__file__).parent / "catalogue"
MAX_FILE = 1 << 20


class BadProfile(ValueError):
    """args[0]: the list of `Problem`."""

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.args[0])


def catalogue() -> list[str]:
    """Names of the profiles that ship with the project."""
    return sorted(path.stem for path in CATALOGUE.glob("*.json"))


def found(name: str) -> Path:
    """A file, or a profile of the catalogue by its name."""
    path = Path(name)
    known = CATALOGUE / f"{name}.json"
    if not path.is_file() and known.is_file() and known.parent == CATALOGUE:
        return known
    return path


def is_package(data: bytes) -> bool:
    """A package is a CBOR map; JSON begins with a brace or a blank."""
    return data[:1] != b"" and data[0] >> 5 == 5


def read(data: bytes) -> dict[str, Any]:
    """The profile in a JSON text or in a package, whose signature is not looked at here. BadProfile."""
    if len(data) > MAX_FILE:
        raise BadProfile([Problem("", f"is larger than {MAX_FILE} bytes", "is it a profile?")])
    if is_package(data):
        data = _source(data)
    try:
        profile = json.loads(
            data.decode(), parse_float=_no_float, parse_constant=_no_float, object_pairs_hook=_once
        )
    except UnicodeDecodeError as error:
        raise BadProfile(
            [Problem("", f"byte {error.start} is not UTF-8", "save the file as UTF-8")]
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadProfile(
            [Problem("", f"is not JSON at {where}: {error.msg}", "correct the text there")]
        ) from None
    except RecursionError:
        raise BadProfile([Problem("", "is nested too deep", "a profile has no such depth")]) from None
    return profile


def _source(data: bytes) -> bytes:
    try:
        source = cbor.decode(data).get(package.SOURCE)
    except cbor.CborError as error:
        raise BadProfile([Problem("", f"is no package: {error}", "get it anew")]) from None
    if not isinstance(source, bytes):
        raise BadProfile([Problem("", "is a package without its source", "use the one that was signed")])
    return source


def _no_float(text: str) -> Any:
    raise BadProfile([Problem("", f"has the number {text}", "whole numbers only; `scale` is a power of ten")])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadProfile([Problem("", f"the field {twice!r} stands twice in one map", "keep one of them")])
    return made


def load(name: str) -> dict[str, Any]:
    """The profile in a file or of the catalogue, checked whole. BadProfile, OSError."""
    profile = read(found(name).read_bytes())
    wrong = problems(profile)
    if wrong:
        raise BadProfile(wrong)
    return profile
