"""`loadkeeper backup`: sealed copies of the home folder."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from station.cli.shell import Whole, author, home_option, show, stored
from station.settings import home_of
from station.store import audit, db

KEEP = 7
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _phrase(_ctx: click.Context, _param: click.Parameter, path: Path) -> str:
    found = path.read_text(encoding="utf-8").strip()
    if not found:
        raise click.BadParameter(f"{path} is empty: write the pass phrase into it")
    return found


def _phrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    help_ = "File with the pass phrase; without it no backup opens"
    return click.option("--phrase-file", "phrase", type=_FILE, required=True, callback=_phrase, help=help_)(
        command
    )


@contextmanager
def _told() -> Iterator[None]:
    from station.backup.sealed import Unusable

    try:
        yield
    except (Unusable, OSError, sqlite3.Error) as error:
        raise click.ClickException(str(error)) from None


@click.group()
def backup() -> None:
    """Make, verify and restore backups."""


@backup.command()
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Folder [default: HOME/backup]")
@click.option("--keep", type=Whole(1), default=KEEP, show_default=True, help="So many backups stay")
@_phrase_option
@home_option
def make(home: Path | None, phrase: str, keep: int, to: Path | None) -> None:
    """Copy databases, keys and settings of the station, which may run meanwhile."""
    from station.backup import life

    settings = stored(home)
    with _told():
        path = life.make(settings.home, to or settings.home / life.FOLDER, phrase, keep, db.now_s())
    with db.writing(db.engine(settings.home)) as c:
        audit.add(c, author(), "exported", "backup", file=path.name)
    click.echo(path)


@backup.command()
@click.argument("path", type=_FILE)
@_phrase_option
def verify(path: Path, phrase: str) -> None:
    """Restore PATH into a scratch folder, look at all of it; shows what is in it."""
    from station.backup import life

    with _told():
        show(life.verify(path, phrase))


@backup.command()
@click.argument("path", type=_FILE)
@_phrase_option
@home_option
def restore(home: Path | None, path: Path, phrase: str) -> None:
    """Put PATH into an empty or missing home folder; start the station there afterwards."""
    from station.backup import life

    with _told():
        life.restore(path, home_of(home), phrase)
    click.echo(home_of(home))
