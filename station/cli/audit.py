"""`loadkeeper audit`: whether the record of who did what is whole, a copy of it, and its head."""

from pathlib import Path

import click

from station.cli.shell import home_option, in_words, show, stored
from station.store import audit as store
from station.store import db


@click.group()
def audit() -> None:
    """The record of who did what."""


def _heads(_ctx: click.Context, _param: click.Parameter, given: tuple[str, ...]) -> list[store.Head]:
    return [_head(text) for text in given]


def _head(text: str) -> store.Head:
    number, _colon, digest = text.partition(":")
    if not number.isdecimal() or len(digest) != len(store.FIRST):
        raise click.BadParameter(f"{text!r} is not ID:HASH as `loadkeeper audit head` prints it")
    return store.Head(int(number), digest)


@audit.command()
@home_option
def head(home: Path | None) -> None:
    """Print ID:HASH of the last row; note it where nobody of the station can write."""
    with in_words(), db.reading(db.engine(stored(home).home)) as c:
        last = store.head(c)
    click.echo(f"{last.id}:{last.hash}")


@audit.command()
@click.option(
    "--head", "heads", multiple=True, callback=_heads, help="ID:HASH noted earlier; may be repeated"
)
@home_option
def verify(home: Path | None, heads: list[store.Head]) -> None:
    """Say whether all is as it was written; exit status 1 names the first row that is not."""
    with in_words(), db.reading(db.engine(stored(home).home)) as c:
        last, wrong = store.head(c), store.broken(c, heads)
    if wrong is not None:
        raise click.ClickException(f"row {wrong} is not as it was written, or is missing; {last.id} rows")
    click.echo(f"{last.id} rows are whole; head {last.id}:{last.hash}")


@audit.command()
@home_option
def export(home: Path | None) -> None:
    """One JSON object a row, the oldest first, each with its hash: a copy that proves itself."""
    with in_words(), db.reading(db.engine(stored(home).home)) as c:
        for row in store.walked(c):
            show(row)
