"""`loadkeeper backup`: sealed copies of the home folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from station.cli.shell import Whole, author, home_option, show, stored
from station.settings import home_of
from station.store import audit, db
from station.store import backup as store

KEEP = 7
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)


def _phrase(_ctx: click.Context, _param: click.Parameter, path: Path) -> str:
    from station.backup import nightly

    try:
        return nightly.phrase_of(path)
    except nightly.NoPhrase as error:
        raise click.BadParameter(str(error)) from None


def _phrase_option(command: Callable[..., Any]) -> Callable[..., Any]:
    help_ = "File with the pass phrase; without it no backup opens"
    return click.option("--phrase-file", "phrase", type=_FILE, required=True, callback=_phrase, help=help_)(
        command
    )


def _where_options(command: Callable[..., Any]) -> Callable[..., Any]:
    to = click.option("--to", type=_FOLDER, help="Folder of this station alone [default: HOME/backup]")
    keep = click.option("--keep", type=Whole(1), default=KEEP, show_default=True, help="So many backups stay")
    return to(keep(command))


@contextmanager
def _told() -> Iterator[None]:
    from station.backup.life import Busy
    from station.backup.sealed import Unusable

    try:
        yield
    except (Busy, Unusable, OSError, store.StoreFileError) as error:
        raise click.ClickException(str(error)) from None


@click.group()
def backup() -> None:
    """Make, verify and restore backups."""


@backup.command()
@_where_options
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
@_where_options
@click.option("--phrase-file", type=_FILE, required=True, help="File with the pass phrase, read each night")
@home_option
def nightly(home: Path | None, phrase_file: Path, keep: int, to: Path | None) -> None:
    """Have the station make and test a backup each night."""
    from station.backup import life
    from station.backup import nightly as room

    settings = stored(home)
    try:
        room.phrase_of(phrase_file)
    except room.NoPhrase as error:
        raise click.ClickException(str(error)) from None
    folder = to or settings.home / life.FOLDER
    with db.writing(db.engine(settings.home)) as c:
        room.set_plan(c, author(), room.Plan(str(phrase_file.resolve()), str(folder.resolve()), keep))


@backup.command()
@click.argument("path", type=_FILE)
@_phrase_option
@home_option
def verify(home: Path | None, path: Path, phrase: str) -> None:
    """Restore PATH into a scratch folder, look at all of it; shows what is in it.

    The station in the home folder, if the backup is of it, remembers that it was tested."""
    from station.backup import life, nightly

    folder = home_of(home)
    here = folder if (folder / "loadkeeper.db").exists() else None
    with _told():
        manifest = life.verify(path, phrase, here)
    if here and life.is_of(manifest, here):
        with db.writing(db.engine(here)) as c:
            nightly.record(c, author(), path, manifest, db.now_s())
    show(manifest)


@backup.command()
@click.argument("path", type=_FILE)
@_phrase_option
@home_option
def restore(home: Path | None, path: Path, phrase: str) -> None:
    """Put PATH into an empty or missing home folder; start the station there afterwards."""
    from station.backup import life

    folder = home_of(home)
    with _told():
        life.restore(path, folder, phrase)
    with db.writing(db.engine(folder)) as c:
        audit.add(c, author(), "backup_restored", "backup", file=path.name)
    click.echo(folder)
