"""A group whose commands are imported when they are used: no shell command pays for another's modules."""

import importlib

import click

Row = tuple[str, str, str]  # module, attribute, help


class Lazy(click.Group):
    """`later`: {name: Row}, beside the commands that are here already."""

    later: dict[str, Row]

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*self.commands, *self.later]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.later:
            return super().get_command(ctx, cmd_name)
        module, name, _help = self.later[cmd_name]
        return getattr(importlib.import_module(module), name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [(name, command.get_short_help_str(80)) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows + [(name, row[2]) for name, row in self.later.items()])
