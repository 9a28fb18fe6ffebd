"""What all commands share: the home option, errors in words, JSON on standard output."""

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from station.errors import KEYS, Invalid
from station.settings import HOME_ENV, Settings, home_of

AnyCommand = Callable[..., Any]


def home_option(command: AnyCommand) -> AnyCommand:
    return click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        envvar=HOME_ENV,
        help="Folder of this station [default: ~/.loadkeeper]",
    )(command)


def stored(home: Path | None) -> Settings:
    """Settings of a station that exists; the shell's error where there is none, instead of making one."""
    folder = home_of(home)
    if not (folder / "loadkeeper.db").exists():
        raise click.ClickException(f"no station at {folder}: `loadkeeper up --home DIR` makes one")
    return Settings.load(folder)


def broker_option(command: AnyCommand) -> AnyCommand:
    return click.option(
        "--broker", metavar="URL", help="mqtt://user:password@host:port instead of the embedded broker"
    )(command)


def author() -> str:
    return f"shell:{getpass.getuser()}"


@contextmanager
def in_words() -> Iterator[None]:
    """Turn a refusal of a room into the shell's error message (exit status 1)."""
    try:
        yield
    except Invalid as refused:
        lines = [f"{e.field or 'error'}: {KEYS[e.key].format(**e.args)}" for e in refused.errors]
        raise click.ClickException("\n".join(lines)) from None


def show(value: Any) -> None:
    """Print one JSON document on one line."""
    click.echo(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(type(value).__name__)


class Numbers(click.ParamType):
    """1,2,3 -> [1, 2, 3]."""

    name = "N,N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> list[int]:
        if isinstance(value, list):
            return value
        try:
            return [int(part) for part in str(value).split(",") if part.strip()]
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers", param, ctx)
