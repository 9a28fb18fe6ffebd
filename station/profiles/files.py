"""Profiles as files: JSON of people, signed packages, and the catalogue that ships with the project."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import protocols.meters
from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import package
from station.profiles.check import Problem, problems
from station.profiles.options import read_bounded

CATALOGUE = Path(protocols.meters.__file__).parent / "catalogue"
MAX_FILE = 1 << 20
MAX_DIGITS = 20  # of a number: no field takes more


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
    """The profile in a JSON text or in a package, whose signature is not looked at here. BadProfile.

    The source in a package is what its manifest says and a device runs: it is compiled again and compared.
    """
    if len(data) > MAX_FILE:
        raise BadProfile([Problem("", f"is larger than {MAX_FILE} bytes", "is it a profile?")])
    if not is_package(data):
        return _parsed(data)
    source, compiled = _source(data)
    profile = _parsed(source)
    wrong = problems(profile)
    if wrong:
        raise BadProfile(wrong)
    if compiling.encoded(profile) != compiled:
        raise BadProfile([Problem("", "is a package whose source is not what devices run", _ANEW)])
    return profile


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        profile = json.loads(
            data.decode(),
            parse_int=_number,
            parse_float=_no_float,
            parse_constant=_no_float,
            object_pairs_hook=_once,
        )
        json.dumps(profile, ensure_ascii=False).encode()
    except UnicodeDecodeError as error:
        raise BadProfile(
            [Problem("", f"byte {error.start} is not UTF-8", "save the file as UTF-8")]
        ) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise BadProfile(
            [Problem("", f"is not JSON at {where}: {error.msg}", "correct the text there")]
        ) from None
    except UnicodeEncodeError:
        raise BadProfile(
            [Problem("", "has half a character (\\ud800 to \\udfff)", "write it whole")]
        ) from None
    except RecursionError:
        raise BadProfile([Problem("", "is nested too deep", "a profile has no such depth")]) from None
    return profile


_ANEW = "get it anew; `loadkeeper profile verify` says whether it was signed"


def _source(data: bytes) -> tuple[bytes, bytes]:
    """(source, compiled profile) of a package, each as its manifest has it."""
    try:
        box = cbor.decode(data)
        source, compiled, manifest = [
            box.get(at) for at in (package.SOURCE, package.PROFILE, package.MANIFEST)
        ]
        told = cbor.decode(manifest) if isinstance(manifest, bytes) else {}
    except cbor.CborError as error:
        raise BadProfile([Problem("", f"is no package: {error}", _ANEW)]) from None
    if not isinstance(source, bytes):
        raise BadProfile([Problem("", "is a package without its source", "use the one that was signed")])
    if not isinstance(compiled, bytes) or not isinstance(told, dict):
        raise BadProfile([Problem("", "is no package: a part is missing", _ANEW)])
    for name, part, at in (("source", source, _HASH_OF_SOURCE), ("profile", compiled, _HASH_OF_PROFILE)):
        if sha256(part).digest() != told.get(at):
            raise BadProfile([Problem("", f"is a package whose {name} was altered", _ANEW)])
    return source, compiled


_HASH_OF_PROFILE, _HASH_OF_SOURCE = 5, 7  # in the manifest


def _number(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise BadProfile([Problem("", f"has a number of {len(text)} digits", f"{MAX_DIGITS} may be")])
    return int(text)


def _no_float(text: str) -> Any:
    raise BadProfile([Problem("", f"has the number {text}", "whole numbers only; `scale` is a power of ten")])


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _value in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise BadProfile([Problem("", f"the field {twice!r} stands twice in one map", "keep one of them")])
    return made


def content(name: str) -> bytes:
    """What stands in a file or in the catalogue, at most one byte more than may be. OSError."""
    return read_bounded(found(name), MAX_FILE)


def checked(data: bytes) -> dict[str, Any]:
    """The profile, checked whole. BadProfile."""
    profile = read(data)
    wrong = problems(profile)
    if wrong:
        raise BadProfile(wrong)
    return profile
