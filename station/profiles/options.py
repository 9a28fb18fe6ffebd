"""What a Reader needs beyond the profile and only this laptop has: passwords, keys, counters, ciphers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from protocols.lines.dlms.meter import Counter as InMemory

MOST = 0xFFFFF  # of any number in options: addresses, sizes, speeds
SECRET_MAX = 4096  # bytes of a file that holds one
STATE_MAX = 4096  # bytes of a file of counters: over 100 meters


class OptionError(ValueError):
    """args[0] says to a person what is wrong with it."""


class Counter:
    """Our invocation counter under one key, written before the number is used, and the last ones of the
    meters, so that what was recorded of them is not believed again. They outlive the process.

    The file: our number, then for each meter a line "system title in hex, number". `new`: make it, for a key
    that was never used. A counter that began anew would give away the key, so without `new` a file that is
    not there is an error, and with it one that is.
    """

    def __init__(self, path: Path, new: bool = False) -> None:
        self._path = path
        self.seen = Seen(self)
        if new:
            if path.exists():
                raise OptionError(f"{path} exists: a counter never begins anew")
            self.write(0, {})
        self.read()

    def get(self) -> int:
        return self.read()[0]

    def put(self, value: int) -> None:
        self.write(value, self.read()[1])

    def read(self) -> tuple[int, dict[bytes, int]]:
        try:
            own, *lines = read_bounded(self._path, STATE_MAX).decode("ascii").splitlines()
            told = [line.split(" ") for line in lines]
            return int(own), {bytes.fromhex(title): int(number) for title, number in told}
        except FileNotFoundError:
            raise OptionError(
                f"{self._path} is not there; --new-state makes it, only for a key that was never used"
            ) from None
        except OSError as error:
            raise OptionError(f"{self._path}: {error.strerror}") from None
        except ValueError:
            raise OptionError(f"{self._path} does not hold a counter: it must not begin anew") from None

    def write(self, own: int, seen: dict[bytes, int]) -> None:
        text = "\n".join([str(own), *(f"{title.hex()} {number}" for title, number in seen.items())])
        if len(text) > STATE_MAX:
            raise OptionError(f"{self._path} has no room for another meter: take one file for each key")
        fresh = self._path.with_name(self._path.name + ".new")
        try:
            with open(fresh, "w", encoding="ascii") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)
        except OSError as error:
            raise OptionError(f"{self._path}: {error.strerror}") from None


class Seen:
    """{system title: last counter} of the meters, kept in the file of a Counter."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter

    def get(self, title: bytes, default: int = 0) -> int:
        return self._counter.read()[1].get(title, default)

    def __setitem__(self, title: bytes, number: int) -> None:
        own, seen = self._counter.read()
        self._counter.write(own, {**seen, title: number})


def read_bounded(path: Path, most: int) -> bytes:
    """At most one byte more than `most`: some files have no end."""
    with open(path, "rb") as file:
        return file.read(most + 1)


def encrypt_block(key: bytes) -> Callable[[bytes], bytes]:
    """The bare block cipher, of which the protocol makes GCM."""
    return Cipher(algorithms.AES(key), modes.ECB()).encryptor().update


def parsed(texts: tuple[str, ...], kinds: dict[str, Any]) -> dict[str, Any]:
    """{name: value} of NAME=VALUE; @FILE reads a secret from a file. OptionError.

    `kinds`: what a reader takes, its OPTIONS or the kinds of the fields of a control.
    """
    found: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise OptionError(f"{text} is not NAME=VALUE")
        if name not in kinds:
            raise OptionError(f"nothing takes {name}; known are {', '.join(kinds) or 'none'}")
        if value.startswith("@"):
            value = _secret(Path(value[1:]))
        found[name] = _value(name, value, kinds[name])
    return found


def _secret(path: Path) -> str:
    try:
        data = read_bounded(path, SECRET_MAX)
        if len(data) > SECRET_MAX:
            raise OptionError(f"{path} has more than {SECRET_MAX} bytes")
        return data.decode().strip()
    except OSError as error:
        raise OptionError(f"{path}: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OptionError(f"{path} is no text") from None


def _value(name: str, value: str, kind: Any) -> Any:
    """What a person wrote, as the kind that is wanted: digits of a password stay digits."""
    if isinstance(kind, tuple) and value not in kind:
        raise OptionError(f"{name} is one of {', '.join(kind)}")
    if kind not in _TAKE:
        return value
    try:
        return _TAKE[kind](value)
    except (ValueError, KeyError):
        raise OptionError(f"{name} is {_KINDS[kind]}") from None


_TAKE: dict[Any, Callable[[str], Any]] = {
    int: lambda text: int(text, 0 if text[:2] == "0x" else 10),
    bytes: bytes.fromhex,
    bool: lambda text: {"true": True, "false": False}[text],
    list: lambda text: text.split(","),
}
_KINDS = {
    int: "a whole number",
    bytes: "bytes, written as hex",
    bool: "true or false",
    str: "a text",
    list: "a list of texts",
}


def misfit(value: Any, kind: Any) -> str:
    """'' when an option in a profile is of the kind, else what it is not."""
    if isinstance(kind, tuple):
        words: list[str] = list(kind)
        return "" if value in words else f"is not one of {', '.join(repr(word) for word in words)}"
    if kind is bytes:
        return "is for one meter: it is given as -o, not in a profile"
    if kind is int:
        return "" if type(value) is int and 0 <= value <= MOST else f"is not a whole number of 0 to {MOST}"
    fits = type(value) is kind and (kind is not list or all(isinstance(item, str) for item in value))
    return "" if fits else f"is not {_KINDS[kind]}"


# Of nobody, to check and simulate profiles. The keys are those of the examples in the DLMS Green Book
TEST_KEYS = {
    "encryption_key": bytes(range(16)),
    "authentication_key": bytes(range(0xD0, 0xE0)),
    "system_title": b"LKTEST01",
}
TEST_PASSWORD = {"password": "00000000"}


def secrets(link: str, options: dict[str, Any]) -> dict[str, Any]:
    """{name: such a value} of what the meter is read only with, and no profile carries."""
    if link == "dlms" and (options.get("authentication") == "hls5" or options.get("dedicated") is True):
        return TEST_KEYS
    return TEST_PASSWORD if link == "dlt698" and options.get("connect") == "password" else {}


def for_test(link: str, options: dict[str, Any]) -> dict[str, Any]:
    """The same with such secrets; each Reader sends the same bytes each time."""
    made = {**options, **secrets(link, options)}
    if "encryption_key" in made:
        made |= {"encrypt_block": encrypt_block, "state": InMemory(), "random": _same}
    return made


def _same(size: int) -> bytes:
    return bytes(range(size))


def for_link(
    link: str, options: dict[str, Any], state: Path | None = None, new: bool = False
) -> dict[str, Any]:
    """The options as the link's Reader takes them; `new`: the counter's file is yet to be made."""
    missing = secrets(link, options)
    if missing and not {*missing} & {*options}:
        told = " ".join(f"-o {name}=@FILE" for name in missing)
        raise OptionError(f"this meter is read only with {told}{' --state FILE' if link == 'dlms' else ''}")
    if link != "dlms" or "encryption_key" not in options:
        return options
    if state is None:
        raise OptionError("ciphering needs --state FILE: the counter must never go back")
    own = Counter(state, new)
    return options | {"encrypt_block": encrypt_block, "random": os.urandom, "state": own, "seen": own.seen}
