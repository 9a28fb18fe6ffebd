"""`loadkeeper device`: enrol, list."""

import json
from pathlib import Path

import click

from station.cli.shell import author, broker_option, home_option, in_words, show, stored
from station.provisioning import add_device, identity
from station.settings import Settings, write_atomic
from station.store import db, devices


@click.group()
def device() -> None:
    """Enrol and list devices."""


@device.command()
@click.argument("device_id", metavar="ID")
@click.option("--name", default="", help="What people call it")
@click.option("--meter", "meter_address", default="", help="Address of the main meter, 12 digits")
@click.option("--multiplier", default=80, show_default=True, help="CT x PT of the main meter")
@click.option("--rounds", default=3, show_default=True, help="Trip rounds that are wired")
@click.option("--utc-offset-s", default=8 * 3600, show_default=True, help="Local time of the customer")
@click.option("--baud", default=9600, show_default=True, help="Of the meter line")
@click.option("--identity", "identity_file", type=click.Path(dir_okay=False, path_type=Path))
@broker_option
@home_option
def add(
    home: Path | None,
    broker: str | None,
    identity_file: Path | None,
    baud: int,
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
    settings = Settings.load(home)
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
        )
        made = identity(settings, c, device_id, settings.broker(broker), baud)
    if identity_file is not None:
        write_atomic(identity_file, json.dumps(made, indent=1) + "\n")
    show(
        {
            "device": device_id,
            "shard": made["shard"],
            "identity": str(identity_file) if identity_file else None,
        }
    )


@device.command("list")
@home_option
def list_(home: Path | None) -> None:
    """One JSON object a device."""
    settings = stored(home)
    with db.reading(db.engine(settings.home)) as c:
        for found in devices.all_devices(c):
            show(found)
