"""`loadkeeper device`: enrol, give the identity again, list."""

import json
from pathlib import Path
from typing import Any

import click

from station.access import units
from station.cli.shell import (
    Whole,
    author,
    broker_option,
    home_option,
    in_words,
    opened,
    show,
    stored,
    unit_option,
)
from station.cli.user import keeping
from station.provisioning import add_device, identity, meter_inputs
from station.settings import write_atomic
from station.store import db, devices

BAUDS = (1200, 2400, 4800, 9600, 19_200)
_baud = click.option(
    "--baud", type=click.Choice(BAUDS), default=9600, show_default=True, help="Of the meter line"
)
_identity_file = click.option("--identity", "identity_file", type=click.Path(dir_okay=False, path_type=Path))


@click.group()
def device() -> None:
    """Enrol and list devices."""


@device.command()
@click.argument("device_id", metavar="ID")
@click.option("--name", default="", help="What people call it")
@click.option("--meter", "meter_address", default="", help="Address of the main meter, 12 digits")
@click.option("--multiplier", type=Whole(), default=80, show_default=True, help="CT x PT of the main meter")
@click.option("--rounds", type=Whole(), default=3, show_default=True, help="Trip rounds that are wired")
@click.option(
    "--utc-offset-s", type=Whole(), default=8 * 3600, show_default=True, help="Local time of the customer"
)
@unit_option
@_baud
@_identity_file
@broker_option
@home_option
def add(
    home: Path | None,
    broker: str | None,
    identity_file: Path | None,
    baud: int,
    unit: str,
    device_id: str,
    name: str,
    meter_address: str,
    multiplier: int,
    rounds: int,
    utc_offset_s: int,
) -> None:
    """Enrol ID. With --identity write what the terminal must hold: keys included, keep it secret.

    A running station gives the broker account within a second.
    """
    settings = opened(home)
    with in_words(), db.writing(db.engine(settings.home)) as c:
        add_device(
            c,
            device_id,
            author(),
            name=name,
            meter_address=meter_address,
            multiplier=multiplier,
            rounds=rounds,
            utc_offset_s=utc_offset_s,
            unit=unit,
        )
        made = identity(settings, c, device_id, settings.broker(broker), baud)
        if identity_file is not None:  # before the commit: a device whose file failed is not enrolled
            _write(identity_file, made)
    _summary(made, identity_file)


@device.command("identity")
@click.argument("device_id", metavar="ID")
@_baud
@_identity_file
@broker_option
@home_option
def identity_(
    home: Path | None, broker: str | None, identity_file: Path | None, baud: int, device_id: str
) -> None:
    """Print what the terminal ID must hold, or write it with --identity: keys included, keep it secret."""
    settings = stored(home)
    with in_words():
        with db.reading(db.engine(settings.home)) as c:
            made = identity(settings, c, device_id, settings.broker(broker), baud)
        if identity_file is None:
            if meter_inputs.NAME in made:  # a terminal scrolls, and its output is kept here and there
                raise click.UsageError("it holds passwords of meters: give --identity FILE")
            show(made)
        else:
            _write(identity_file, made)
            _summary(made, identity_file)


def _write(path: Path, made: dict[str, Any]) -> None:
    write_atomic(path, json.dumps(made, indent=1) + "\n")


def _summary(made: dict[str, Any], path: Path | None) -> None:
    show({"device": made["device"], "shard": made["shard"], "identity": str(path) if path else None})


@device.command()
@click.argument("device_id", metavar="ID")
@click.argument("unit", metavar="UNIT")
@home_option
def move(home: Path | None, unit: str, device_id: str) -> None:
    """Let ID belong to UNIT: the people of that see and command it from now on."""
    with keeping(home) as (c, by):
        units.move_device(c, by, device_id, units.by_code(c, unit))
    show({"device": device_id, "unit": unit})


@device.command("list")
@home_option
def list_(home: Path | None) -> None:
    """One JSON object a device."""
    settings = stored(home)
    with db.reading(db.engine(settings.home)) as c:
        for found in devices.all_devices(c):
            (found["area"] or {}).pop(meter_inputs.NAME, None)
            show(found)
