"""`loadkeeper area`: concentrators and their meters."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Engine

from protocols.meters import points
from protocols.meters.compile import encoded
from protocols.uplink import archive_rows
from station.approvals import kinds
from station.area import life, rows
from station.area import load as way
from station.cli import second
from station.cli.area_meter import forward, guarantee, order, patrol, replace, resend, search, switch
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
    wait_option,
)
from station.errors import KEYS, FieldError, Invalid
from station.profiles import files
from station.provisioning import add_device, area_of, identity, meter_inputs
from station.settings import write_atomic
from station.store import area as store
from station.store import db

POLL_S = 0.2
DAY_S = 86_400
_DEVICE = click.argument("device")
_WAIT = wait_option(60)


@click.group()
def area() -> None:
    """Concentrators: their meters, archives, orders and patrols."""


@area.command()
@_DEVICE
@click.option("--name", default="", help="What people call it")
@click.option("--line", "lines", multiple=True, default=("1:9600:8E1",), show_default=True)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    default=("dlt645-2007-1p",),
    show_default=True,
    help="File or name of the catalogue; the first is slot 0, of five",
)
@click.option(
    "--meter-input",
    "inputs",
    multiple=True,
    metavar="[SLOT:]NAME=VALUE",
    help="What controls of meters need, such as password=@FILE and operator=00000001; SLOT: of its alone",
)
@click.option("--utc-offset-s", type=Whole(), default=8 * 3600, show_default=True)
@unit_option
@click.option("--identity", "identity_file", type=click.Path(dir_okay=False, path_type=Path))
@broker_option
@home_option
def add(
    home: Path | None,
    broker: str | None,
    identity_file: Path | None,
    unit: str,
    utc_offset_s: int,
    inputs: tuple[str, ...],
    profiles: tuple[str, ...],
    lines: tuple[str, ...],
    name: str,
    device: str,
) -> None:
    """Enrol the concentrator DEVICE. --line NUMBER:BAUD:FORMAT, 1 to 4 and 9, several times for several.

    With --identity write what it must hold: keys and what --meter-input gave included, keep it secret.
    Without --meter-input no meter whose control takes a password can be cut off or let go.
    """
    settings = opened(home)
    with in_words():
        documents = [_document(each) for each in profiles]
        given = meter_inputs.taken(inputs, documents)
        made = area_of(lines, documents, meter_inputs.sealed(settings, device, given) if given else "")
        with db.writing(db.engine(settings.home)) as c:
            more = {"rounds": 1, "utc_offset_s": utc_offset_s, "area": made, "unit": unit}
            add_device(c, device, author(), name=name, **more)
            held = identity(settings, c, device, settings.broker(broker))
            if identity_file is not None:  # before the commit: a device whose file failed is not enrolled
                write_atomic(identity_file, json.dumps(held, indent=1) + "\n")
    show(
        {"device": device, "shard": held["shard"], "identity": str(identity_file) if identity_file else None}
    )


def _document(name: str) -> bytes:
    try:
        return encoded(files.checked(files.content(name)))
    except files.BadProfile as error:
        raise Invalid(FieldError("profile", "bad_profile", {"why": f"{name}: {error}"})) from None


# ---- the archive


@area.command("import")
@_DEVICE
@click.argument("path", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing")
@click.option(
    "--errors", type=click.Path(dir_okay=False, path_type=Path), help="Write the faults as CSV here"
)
@second.emergency_option
@home_option
def import_(
    home: Path | None, emergency: str | None, errors: Path | None, dry_run: bool, path: Path, device: str
) -> None:
    """Make the CSV in PATH the archive of DEVICE, whole; with one fault in it nothing is taken.

    UTF-8 or GB18030; columns as `export` writes them. `load` then brings it into the concentrator.
    """
    engine = _engine(home)
    with in_words():
        with db.reading(engine) as c:
            life.check(c, device)
        found, faults = rows.read(path.read_bytes())
    if faults:
        told = [(each.line, each.field, KEYS[each.key].format(**each.args)) for each in faults]
        if errors is not None:
            write_atomic(errors, "line,field,what\n" + "".join(f'{n},{f},"{w}"\n' for n, f, w in told))
        for number, field, what in told:
            click.echo(f"{path}:{number}: {field or 'line'}: {what}", err=True)
        raise click.ClickException(f"{len(faults)} faults: nothing was taken")
    with in_words(), db.writing(engine) as c:
        changes = life.differences(c, device, found)
        if emergency and not dry_run and kinds.import_operation(c, sum(changes.values())):
            before = life.mark(store.archive(c, device))
            whole = {"device": device, "rows": rows.write(found), "before": before, "load": False}
            second.emergency(c, "archive", whole, emergency)
        elif not dry_run:
            life.take(c, device, found, author())
    show({"device": device, "meters": len(found), "taken": not dry_run, **changes})


@area.command("export")
@_DEVICE
@click.option("--chinese", is_flag=True, help="Head in Chinese")
@home_option
def export_(home: Path | None, chinese: bool, device: str) -> None:
    """Write the archive of DEVICE as CSV to standard output."""
    with in_words(), db.reading(_engine(home)) as c:
        life.check(c, device)
        click.echo(rows.write(store.archive(c, device), chinese), nl=False)


@area.command()
@_DEVICE
@click.option("--stop", is_flag=True, help="End the load under way")
@_WAIT
@home_option
def load(home: Path | None, wait_s: int, stop: bool, device: str) -> None:
    """Bring the archive into DEVICE and tell how it goes. The station goes on after any interruption.

    Exit code 0: loaded, or still under way when the waiting was over; 1: not loaded.
    """
    engine = _engine(home)
    with in_words(), db.writing(engine) as c:
        if stop:
            life.stop(c, device, author())
            return
        number = life.begin(c, device, author())
    row = _follow(engine, number, wait_s)
    click.echo(f"{device}: {_progress(row)}")
    sys.exit(0 if row["state"] in (way.SENDING, way.LOADED) else 1)


def _follow(engine: Engine, number: int, wait_s: int) -> dict[str, Any]:
    end, told = time.monotonic() + wait_s, ""
    while True:
        with db.reading(engine) as c:
            row = store.load(c, number)
        assert row is not None
        if _progress(row) != told:
            told = _progress(row)
            click.echo(told, err=True)
        if row["state"] != way.SENDING or time.monotonic() >= end:
            return row
        time.sleep(POLL_S)


def _progress(row: dict[str, Any]) -> str:
    why = f" ({row['why']})" if row["why"] else ""
    return f"{row['state']}, {row['done']} of {row['total']} steps{why}"


@area.command()
@_DEVICE
@home_option
def on(home: Path | None, device: str) -> None:
    """What runs in DEVICE against what is wanted, and how its duties stand. One JSON object."""
    with in_words(), db.reading(_engine(home)) as c:
        life.check(c, device)
        told = store.now(c, device)
        wanted = store.archive(c, device)
        last = store.loads(c, device, 1)
        show(
            {
                "device": device,
                "wanted": {"meters": len(wanted), "hash": rows.digest(wanted)[: life.HASH_BYTES]},
                "differs": life.drift(c, device),
                "load": {name: last[0][name] for name in ("state", "done", "total", "why")} if last else None,
                "now": told,
                "unknown": [
                    {"line": each["line"], "address": archive_rows.digits(each["address"])}
                    for each in store.unknown(c, device)
                ],
            }
        )


@area.command()
@_DEVICE
@click.option("--days", type=Whole(1, 400), default=7, show_default=True)
@click.option("--meter", type=Whole(1, archive_rows.MOST))
@home_option
def freezes(home: Path | None, meter: int | None, days: int, device: str) -> None:
    """Daily freezes that are here, one JSON object a meter and day. Labels are UTC instants."""
    at = db.now_s()
    with in_words(), db.reading(_engine(home)) as c:
        life.check(c, device)
        for each in store.freezes(c, device, at - days * DAY_S, at + DAY_S, meter):
            values = {
                points.BY_NO[no][2] if no in points.BY_NO else no: v for no, v in each["values"].items()
            }
            show({**each, "values": values})


@area.command()
@_DEVICE
@home_option
def routes(home: Path | None, device: str) -> None:
    """How each meter behind the carrier module of DEVICE was reached of late, one JSON object a meter."""
    with in_words(), db.reading(_engine(home)) as c:
        life.check(c, device)
        for meter, each in sorted(store.routes(c, device).items()):
            facts = {name: each[name] for name in ("phase", "hops", "success_e3", "signal", "t_s")}
            show({"meter": meter, **facts})


def _engine(home: Path | None) -> Engine:
    return db.engine(stored(home).home)


for _each in (order, switch, guarantee, replace, patrol, search, forward, resend):
    area.add_command(_each)
