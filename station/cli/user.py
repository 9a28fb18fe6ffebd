"""`loadkeeper user`: accounts and rights; the way in for whoever is locked out."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import click
from sqlalchemy import Connection

from station import access
from station.access import accounts
from station.access.accounts import Keeper
from station.access.units import by_code
from station.cli.shell import Whole, author, home_option, in_words, show, stored
from station.store import db, org, users

_unit = click.option("--unit", "code", default="root", show_default=True, help="Code of the unit")


@contextmanager
def keeping(home: Path | None) -> Iterator[tuple[Connection, Keeper]]:
    """A write transaction, as the keeper that the shell is."""
    with in_words(), db.writing(db.engine(stored(home).home)) as c:
        yield c, accounts.shell(author())


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


@user.command()
@click.argument("name")
@_unit
@home_option
def add(home: Path | None, name: str, code: str) -> None:
    """Make the user NAME without rights; shows the one-time password."""
    with keeping(home) as (c, by):
        password = accounts.add(c, by, name, by_code(c, code))
    click.echo(f"{name}: one-time password {password}")


@user.command()
@click.argument("name")
@click.option("--reason", required=True)
@home_option
def disable(home: Path | None, name: str, reason: str) -> None:
    """Let NAME in no more and end the sessions."""
    with keeping(home) as (c, by):
        accounts.disable(c, by, name, reason)


@user.command()
@click.argument("name")
@home_option
def enable(home: Path | None, name: str) -> None:
    """Let NAME in again, with the rights from before."""
    with keeping(home) as (c, by):
        accounts.enable(c, by, name)


@user.command()
@click.argument("name")
@click.argument("role")
@_unit
@click.option("--until", type=click.DateTime(["%Y-%m-%d"]), help="The first day without it (local time)")
@home_option
def grant(home: Path | None, name: str, role: str, code: str, until: datetime | None) -> None:
    """Give NAME the ROLE at a unit and below; shows the number of the grant."""
    until_s = int(until.timestamp()) if until else None
    with keeping(home) as (c, by):
        number = accounts.give(c, by, name, role, by_code(c, code), until_s)
    show({"grant": number})


@user.command()
@click.argument("number", metavar="GRANT", type=Whole(1))
@home_option
def revoke(home: Path | None, number: int) -> None:
    """End the GRANT with this number now."""
    with keeping(home) as (c, by):
        accounts.take_back(c, by, number)


@user.command()
@click.argument("name")
@home_option
def grants(home: Path | None, name: str) -> None:
    """One JSON object a grant that NAME has now."""
    with db.reading(db.engine(stored(home).home)) as c:
        for found in org.grants_of(c, name, db.now_s()):
            show(found)


@user.command("factor-off")
@click.argument("name")
@home_option
def factor_off(home: Path | None, name: str) -> None:
    """Take the second factor off a person whose telephone is lost."""
    from station.access import factor

    with keeping(home) as (c, keeper):
        factor.turn_off(c, keeper.name, name)
    click.echo(f"{name} has no second factor any more: let it be turned on again at the next log-in")
