"""What a Reader needs beyond the profile and only this laptop has: passwords, keys, counters, ciphers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

_AS_HEX = ("encryption_key", "authentication_key", "system_title")
SECRET = ("password", *_AS_HEX[:2])


class OptionError(ValueError):
    """args[0] says to a person what is wrong with it."""


class Counter:
    """An invocation counter that outlives the process: it is written before the number is used."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def get(self) -> int:
        try:
            return int(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0
        except ValueError:
            raise OptionError(f"{self._path} does not hold a counter: it must not begin anew") from None

    def put(self, value: int) -> None:
        fresh = self._path.with_name(self._path.name + ".new")
        with open(fresh, "w", encoding="ascii") as file:
            file.write(str(value))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)


def _encrypt_block(key: bytes) -> Callable[[bytes], bytes]:
    """The bare block cipher, of which the protocol makes GCM."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


def parsed(texts: tuple[str, ...]) -> dict[str, Any]:
    """{name: value} of NAME=VALUE; @FILE reads a secret from a file. OptionError."""
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise OptionError(f"{text} is not NAME=VALUE")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise OptionError(f"{value[1:]}: {error.strerror}") from None
        found[name] = _value(name, value)
    return found


def _value(name: str, value: str) -> Any:
    if name in _AS_HEX:
        try:
            return bytes.fromhex(value)
        except ValueError:
            raise OptionError(f"{name} is written as hex") from None
    if name in SECRET:
        return value
    if value in ("true", "false"):
        return value == "true"
    return int(value) if value.lstrip("-").isdigit() and not (len(value) > 1 and value[0] == "0") else value


def for_link(link: str, options: dict[str, Any], state: Path | None = None) -> dict[str, Any]:
    """The options as the link's Reader takes them."""
    if link != "dlms":
        return options
    made = dict(options)
    if isinstance(made.get("password"), str):
        made["password"] = made["password"].encode()
    if "encryption_key" in made:
        if state is None:
            raise OptionError("ciphering needs --state FILE: the counter must never go back")
        made |= {"encrypt_block": _encrypt_block, "random": os.urandom, "state": Counter(state)}
    return made
