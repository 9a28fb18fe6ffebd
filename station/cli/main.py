"""`loadkeeper`: the group of all shell commands. A command's module is imported when the command is used."""

import click

from station.cli.lazy import Lazy

# name -> (module, attribute, help): decode must not pay for the database, nor `--help` for anything
_COMMANDS = {
    "up": ("station.cli.processes", "up", "Run the station: broker, ingest, dispatcher, jobs and web."),
    "ingest": ("station.cli.processes", "ingest", "Run the ingest process alone."),
    "dispatch": ("station.cli.processes", "dispatch", "Run the command dispatcher alone."),
    "jobs": ("station.cli.processes", "jobs", "Run the periodic work alone."),
    "web": ("station.cli.processes", "web", "Run the web pages alone."),
    "device": ("station.cli.device", "device", "Enrol and list devices."),
    "area": ("station.cli.area", "area", "Concentrators: their meters, archives, orders and patrols."),
    "command": ("station.cli.command", "command", "Send commands to a device and follow them."),
    "unit": ("station.cli.unit", "unit", "The tree of the organisation."),
    "user": ("station.cli.user", "user", "People who may log in."),
    "audit": ("station.cli.audit", "audit", "The record of who did what: verify, export, its head."),
    "backup": ("station.cli.backup", "backup", "Make, verify and restore backups."),
    "data": ("station.cli.data", "data", "Export what is stored."),
    "profile": ("station.cli.profile", "profile", "Check, sign, try, send and compare meter profiles."),
    "meter": ("station.cli.meter", "meter", "Read a meter from this computer, or simulate one."),
    "rehearse": ("station.cli.rehearse", "rehearse", "Rehearse a control scenario with the code that trips."),
    "decode": ("station.cli.decode", "decode", "Explain frames of a meter protocol."),
}


class _All(Lazy):
    later = _COMMANDS


@click.group(cls=_All, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Loadkeeper: open electric load management."""


if __name__ == "__main__":
    cli()
