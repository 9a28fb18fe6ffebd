"""`loadkeeper unit`: the tree of the organisation."""

from pathlib import Path

import click

from station.access import units
from station.cli.shell import home_option, show, stored
from station.cli.user import keeping
from station.store import db, org
from station.store.scope import EVERYWHERE


@click.group()
def unit() -> None:
    """Units of the organisation, named by their codes; the topmost is `root`."""


@unit.command()
@click.argument("parent")
@click.argument("level", type=click.Choice(org.LEVELS[1:]))
@click.argument("code")
@click.argument("name")
@home_option
def add(home: Path | None, parent: str, level: str, code: str, name: str) -> None:
    """Hang a unit CODE, called NAME, below PARENT."""
    with keeping(home) as (c, by):
        number = units.add(c, by, units.by_code(c, parent), level, code, name)
    show({"unit": number, "code": code})


@unit.command("list")
@home_option
def list_(home: Path | None) -> None:
    """One JSON object a unit."""
    with db.reading(db.engine(stored(home).home)) as c:
        for found in org.units(c, EVERYWHERE):
            show(found)


@unit.command()
@click.argument("code")
@click.argument("parent")
@home_option
def move(home: Path | None, code: str, parent: str) -> None:
    """Hang the unit CODE with all below it under PARENT."""
    with keeping(home) as (c, by):
        units.move(c, by, units.by_code(c, code), units.by_code(c, parent))


@unit.command()
@click.argument("code")
@home_option
def close(home: Path | None, code: str) -> None:
    """Close the empty unit CODE; history keeps it."""
    with keeping(home) as (c, by):
        units.close(c, by, units.by_code(c, code))
