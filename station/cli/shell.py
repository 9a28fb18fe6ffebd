"""What all commands share: the home option, errors in words, JSON on standard output."""

import errno
import getpass
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from station.errors import KEYS, Invalid
from station.settings import BROKER_ENV, HOME_ENV, Broker, Settings, home_of

AnyCommand = Callable[..., Any]


def _home(_ctx: click.Context, _param: click.Parameter, folder: Path | None) -> Path | None:
    try:
        home_of(folder)
    except RuntimeError as error:  # ~ of nobody
        raise click.BadParameter(str(error)) from None
    return folder


def home_option(command: AnyCommand) -> AnyCommand:
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=HOME_ENV,
        callback=_home,
        help="Folder of this station [default: ~/.loadkeeper]",
    )(command)


def opened(home: Path | None) -> Settings:
    """Settings of a station, made on first use; the shell's error where that cannot be."""
    try:
        with in_words():
            return Settings.load(home)
    except ValueError as error:  # a damaged secret
        raise click.ClickException(str(error)) from None


def stored(home: Path | None) -> Settings:
    """Settings of a station that exists; the shell's error where there is none, instead of making one."""
    folder = home_of(home)
    with in_words():
        found = (folder / "loadkeeper.db").exists()
    if not found:
        raise click.ClickException(f"no station at {folder}: `loadkeeper up --home DIR` makes one")
    return opened(folder)


def _broker_url(_ctx: click.Context, _param: click.Parameter, url: str | None) -> str | None:
    try:
        if url:
            Broker.parse(url)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return url


def broker_option(command: AnyCommand) -> AnyCommand:
    return click.option(
        "--broker",
        metavar="URL",
        envvar=BROKER_ENV,
        callback=_broker_url,
        help="mqtt://user:password@host:port instead of the embedded broker",
    )(command)


def author() -> str:
    return f"shell:{getpass.getuser()}"


@contextmanager
def in_words() -> Iterator[None]:
    """Turn a refusal of a room or of the system into the shell's error message (exit status 1)."""
    try:
        yield
    except Invalid as refused:
        lines = [f"{e.field or 'error'}: {KEYS[e.key].format(**e.args)}" for e in refused.errors]
        raise click.ClickException("\n".join(lines)) from None
    except OSError as error:
        if error.errno == errno.EPIPE:  # the reader of our output has gone: click ends quietly
            raise
        raise click.ClickException(f"{error.filename or 'error'}: {error.strerror or error}") from None


def show(value: Any) -> None:
    """Print one JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


def number(text: str) -> int:
    """ASCII digits only (int() takes those of every script) and few enough for the store; else ValueError."""
    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text):
        raise ValueError(text)
    return int(text)


class Whole(click.IntRange):
    """A whole number; the rooms know most bounds, so `Whole()` leaves them to it."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            value = number(str(value))
        except ValueError:
            self.fail(f"{value!r} is not a whole number of at most 18 digits", param, ctx)
        return super().convert(value, param, ctx)


def unit_option(command: Any) -> Any:
    """`--unit`, the code of the unit that a device belongs to."""
    told = "Code of the unit whose people see and command it"
    return click.option("--unit", default="root", show_default=True, help=told)(command)


def wait_option(default_s: int) -> Any:
    """`--wait`, as `wait_s`: whole seconds of a day at most; a wait for nan would never end."""
    bounds = Whole(0, 86400)
    told = "Seconds, for the outcome"
    return click.option("--wait", "wait_s", type=bounds, default=default_s, show_default=True, help=told)


class Numbers(click.ParamType):
    """1,2,3 -> [1, 2, 3]."""

    name = "N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            return [number(part.strip()) for part in str(value).split(",") if part.strip()]
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers", param, ctx)
