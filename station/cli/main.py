"""`loadkeeper`: the group of all shell commands. A command's module is imported when the command is used."""

import importlib

import click

# name -> (module, attribute, help): decode must not pay for the database, nor `--help` for anything
_COMMANDS = {
    "up": ("station.cli.processes", "up", "Run the station: broker, ingest, dispatcher and web."),
    "ingest": ("station.cli.processes", "ingest", "Run the ingest process alone."),
    "dispatch": ("station.cli.processes", "dispatch", "Run the command dispatcher alone."),
    "web": ("station.cli.processes", "web", "Run the web pages alone."),
    "device": ("station.cli.device", "device", "Enrol and list devices."),
    "command": ("station.cli.command", "command", "Send commands to a device and follow them."),
    "user": ("station.cli.user", "user", "People who may log in."),
    "data": ("station.cli.data", "data", "Export what is stored."),
    "profile": ("station.cli.profile", "profile", "Check, sign, try and compare meter profiles."),
    "meter": ("station.cli.meter", "meter", "Read a meter from this computer, or simulate one."),
    "rehearse": ("station.cli.rehearse", "rehearse", "Rehearse a control scenario with the code that trips."),
    "decode": ("station.cli.decode", "decode", "Explain frames of a meter protocol."),
}


class _Lazy(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name, _help = _COMMANDS[cmd_name]
        return getattr(importlib.import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, row[2]) for name, row in _COMMANDS.items()])


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Loadkeeper: open electric load management."""


if __name__ == "__main__":
    cli()
