"""`loadkeeper data`: what is stored, as CSV or JSON."""

import csv
import io
import itertools
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from station.cli.shell import home_option, in_words, number, stored
from station.errors import FieldError, Invalid
from station.store import db, devices
from station.store.export import COLUMNS, KINDS, export, guarded

FOREVER_S = 1 << 40
# A cell that starts so is run as a formula by spreadsheets (OWASP, CSV injection)


class Time(click.ParamType):
    """UTC seconds, or ISO 8601 (UTC unless it carries an offset)."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            if str(value).isdigit():
                return min(number(value), FOREVER_S)
            found = datetime.fromisoformat(value)
            return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp())
        except (ValueError, OverflowError):
            self.fail(f"{value!r} is neither seconds nor ISO 8601", param, ctx)


@click.group()
def data() -> None:
    """Export what is stored."""


@data.command("export")
@click.argument("what", type=click.Choice(KINDS))
@click.option("--format", "form", type=click.Choice(["csv", "json"]), default="csv", show_default=True)
@click.option("--device", help="Only this device")
@click.option("--since", "since_s", type=Time(), default=0, help="From this time on")
@click.option("--until", "until_s", type=Time(), default=FOREVER_S, help="Before this time")
@click.option("--bom", is_flag=True, help="Start with a UTF-8 byte order mark, as some spreadsheets want it")
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="File instead of standard output"
)
@home_option
def export_(
    home: Path | None,
    what: str,
    form: str,
    device: str | None,
    since_s: int,
    until_s: int,
    bom: bool,
    out: Path | None,
) -> None:
    """Write what is stored as UTF-8; times are UTC, values integers at the scale beside."""
    settings = stored(home)
    engine = db.engine(settings.home)  # migrated, so that the columns are those of this version
    with in_words(), db.reading(engine) as c:
        if device is not None and devices.shard_of(c, device) is None:
            raise Invalid(FieldError("device", "no_such_device"))
    engine.dispose()
    rows = export(settings.home, what, device, since_s, until_s)
    pieces = _csv(COLUMNS[what], rows) if form == "csv" else _json(rows)
    with in_words(), out.open("wb") if out else nullcontext(sys.stdout.buffer) as file:
        if bom:
            file.write(b"\xef\xbb\xbf")
        for piece in pieces:
            file.write(piece.encode())
        file.flush()


def _csv(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    for cells in itertools.chain([columns], ([_cell(row[name]) for name in columns] for row in rows)):
        line = io.StringIO()
        csv.writer(line).writerow(cells)
        yield line.getvalue()


def _cell(value: Any) -> Any:
    """A map in one deterministic form; everything guarded."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return guarded(value)


def _json(rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    yield "["
    for n, row in enumerate(rows):
        yield (",\n" if n else "\n") + json.dumps(row, ensure_ascii=False)
    yield "\n]\n"
