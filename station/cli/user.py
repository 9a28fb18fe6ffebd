"""`loadkeeper user`: for whoever is locked out."""

from pathlib import Path

import click

from station import access
from station.cli.shell import author, home_option, in_words, show, stored
from station.store import db, users


@click.group()
def user() -> None:
    """People who may log in."""


@user.command()
@click.argument("name")
@home_option
def reset(home: Path | None, name: str) -> None:
    """Give NAME a one-time password and lift a lock."""
    settings = stored(home)
    with in_words(), db.writing(db.engine(settings.home)) as c:
        password = access.reset(c, name, author())
    click.echo(f"{name}: one-time password {password}")


@user.command("list")
@home_option
def list_(home: Path | None) -> None:
    """One JSON object a user, without secrets."""
    settings = stored(home)
    with db.reading(db.engine(settings.home)) as c:
        for found in users.all_users(c):
            show({name: value for name, value in found.items() if name not in ("password_hash", "session")})
