"""`loadkeeper profile push` and what belongs to it: profiles in terminals, by way of a station."""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import click
from sqlalchemy import Engine

from protocols.meters import package
from station.approvals import kinds
from station.cli import second
from station.cli.meter import content, fail
from station.cli.shell import Whole, author, home_option, in_words, stored, wait_option
from station.errors import KEYS, Invalid
from station.profiles import admit, keys, life, show, signing
from station.profiles import push as way
from station.store import commands, db, profiles

_SLOT = click.option(
    "--slot", type=Whole(1, life.SLOTS), required=True, help="1..4: profile number of POINTS"
)
_WAIT = wait_option(600)
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
POLL_S = 0.2
SHOWN = 5  # pushes that `on` tells of
ENDS = {
    way.KEPT: "kept: it has proved itself",
    way.ROLLED_BACK: "rolled back by the terminal, what was before stands ({why})",
    way.REPLACED: "replaced by another before it proved itself",
    way.REFUSED: "refused by the terminal: {why}",
    way.GIVEN_UP: "given up: {why}",
    way.STOPPED: "stopped by {why}",
}
HINTS = {  # what the words of a refusal begin with -> what to do
    "unknown_key": "give the terminal its identity anew (`loadkeeper device identity`), with this key",
    "older": "raise `rev` in the profile and sign it anew",
    "busy": "too little memory is free there: it needs a larger board, or a package with fewer tests",
    "unknown_kind": "its firmware is older than profiles by command",
    "this firmware": "its firmware must be upgraded first",
    "past_deadline": "the terminal was not there for so long; the next push goes on where this one ended",
}


@click.group()
def key() -> None:
    """The keys that may sign profiles for this station's terminals.

    A terminal gets them with its identity: after a change, give it its identity anew.
    """


@key.command("add")
@click.argument("path", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@home_option
def key_add(home: Path | None, path: Path) -> None:
    """Trust the public key in PATH, as `keygen` writes it."""
    engine = _engine(home)
    try:
        public = signing.read_public(path)
    except signing.SigningError as error:
        fail(error)
    with in_words(), db.writing(engine) as c:
        keys.add(c, public, author())
    click.echo(f"key {package.key_id(public).hex()}")


@key.command("remove")
@click.argument("number", metavar="ID")
@home_option
def key_remove(home: Path | None, number: str) -> None:
    """Trust the key ID no more. Terminals forget it with their next identity."""
    with in_words(), db.writing(_engine(home)) as c:
        keys.remove(c, number, author())


@key.command("list")
@home_option
def key_list(home: Path | None) -> None:
    """Id and public key, one a line."""
    with db.reading(_engine(home)) as c:
        for number, public in keys.trusted(c).items():
            click.echo(f"{number.hex()}  {public.hex()}")


@click.command()
@click.argument("device")
@click.argument("name", metavar="FILE")
@_SLOT
@_WAIT
@second.emergency_option
@home_option
def push(home: Path | None, emergency: str | None, wait_s: int, slot: int, device: str, name: str) -> None:
    """Send the signed package FILE into a slot of DEVICE, and tell what becomes of it.

    The package is proved here first. The station sends it piece by piece and goes on after any interruption;
    this command only looks on, and run again it finds what is under way. The terminal tries the profile and
    keeps it or rolls back by itself. Exit code 0: kept, or still under way when the waiting was over; 1: not
    kept; 2: nothing was sent.
    """
    engine = _engine(home)
    data = content(name)
    try:
        with db.reading(engine) as c:
            known = keys.trusted(c)
        facts = admit.prove(data, known)
        with db.writing(engine) as c:
            package = admit.keep(c, data, facts, author())
            whole = {"device": device, "slot": slot, "package": package}
            if emergency and kinds.push_operation(c):
                second.emergency(c, "profile", whole, emergency)
            number = life.begin(c, device, slot, package, author())  # finds the one that is under way
    except Invalid as refused:
        _fail(refused, name)
    row = _follow(engine, number, wait_s)
    if row["state"] in way.UNDER_WAY:
        click.echo(_under_way(engine, row))
    else:
        click.echo(f"{_title(row)}: {_end(row)}")
    sys.exit(0 if row["state"] in (*way.UNDER_WAY, way.KEPT) else 1)


def _follow(engine: Engine, number: int, wait_s: int) -> dict[str, Any]:
    """Wait for the end of a push, telling its progress; its row."""
    end, told = time.monotonic() + wait_s, ""
    while True:
        with db.reading(engine) as c:
            row = profiles.push(c, number)
        assert row is not None
        text = f"{_title(row)}: {progress(row)}"
        if text != told:
            click.echo(f"\r{text:<78}" if sys.stderr.isatty() else text, err=True, nl=not sys.stderr.isatty())
            told = text
        if row["state"] not in way.UNDER_WAY or time.monotonic() >= end or _unread(engine, row):
            break
        time.sleep(POLL_S)
    if sys.stderr.isatty():
        click.echo(err=True)
    return row


def _unread(engine: Engine, row: dict[str, Any]) -> bool:
    """On trial, and no metering point reads by the slot: nothing will be proved."""
    if row["state"] != way.TRIAL:
        return False
    with db.reading(engine) as c:
        points = life.points_of_slots(c, row["device"])
    return points is not None and not points.get(row["slot"])


def progress(row: dict[str, Any]) -> str:
    """Where a push stands, in one phrase."""
    pieces = -(-row["total"] // way.PIECE_BYTES)
    if row["state"] == way.SENDING and row["held"] is None:
        return "asking what the terminal has" + (f" ({row['why']})" if row["why"] else "")
    if row["state"] == way.SENDING and row["held"] < row["total"]:
        return f"{-(-row['held'] // way.PIECE_BYTES)} of {pieces} pieces"
    if row["state"] == way.SENDING:
        return f"{pieces} of {pieces} pieces, activating"
    return f"{pieces} of {pieces} pieces, activated, on trial" if row["state"] == way.TRIAL else row["state"]


def _title(row: dict[str, Any]) -> str:
    return f"{row['profile']} rev {row['rev']} -> {row['device']} slot {row['slot']}"


def _end(row: dict[str, Any]) -> str:
    hint = next((text for start, text in HINTS.items() if row["why"].startswith(start)), "")
    return ENDS[row["state"]].format(why=row["why"]) + (f"; {hint}" if hint else "")


def _under_way(engine: Engine, row: dict[str, Any]) -> str:
    look = f"`loadkeeper profile on {row['device']}` tells what became of it"
    if row["state"] == way.SENDING:
        return f"{_title(row)}: {progress(row)}; the station goes on when the terminal is there, {look}"
    if _unread(engine, row):
        return (
            f"{_title(row)}: on trial, and no metering point reads by slot {row['slot']}:"
            " name it in section points (`loadkeeper command send parameters`)"
        )
    return f"{_title(row)}: on trial; {look}"


@click.command()
@click.argument("device")
@_SLOT
@home_option
def stop(home: Path | None, slot: int, device: str) -> None:
    """End what is being sent into a slot of DEVICE. What runs there is not touched."""
    with in_words(), db.writing(_engine(home)) as c:
        life.stop(c, device, slot, author())


@click.command()
@click.argument("device")
@_SLOT
@_WAIT
@click.option("--note", default="")
@home_option
def roll_back(home: Path | None, note: str, wait_s: int, slot: int, device: str) -> None:
    """Let DEVICE run what was in the slot before. Exit code 0: done, or still on its way; 1: not done."""
    engine = _engine(home)
    with in_words(), db.writing(engine) as c:
        number = life.roll_back(c, device, slot, author(), note)
    end = time.monotonic() + wait_s
    while True:
        with db.reading(engine) as c:
            row = commands.get(c, device, number)
        assert row is not None
        if row["state"] in commands.FINAL | {"unknown"} or time.monotonic() >= end:
            break
        time.sleep(POLL_S)
    reason = (row["detail"] or {}).get("error") or way.reason_name(row["reason"])
    told = f": {reason}" if row["state"] == "refused" else ""
    click.echo(f"{device} slot {slot}: roll back is {row['state']}{told} (command {number})")
    sys.exit(0 if row["state"] not in ("refused", "expired", "unknown") else 1)


@click.command()
@click.argument("device")
@_LANG
@home_option
def on(home: Path | None, lang: str, device: str) -> None:
    """What runs in the slots of DEVICE, and the last pushes to it. Times are UTC."""
    with in_words(), db.reading(_engine(home)) as c:
        life.check_device(c, device)
        rows, last = life.running(c, device), profiles.pushes(c, device, SHOWN)
    if not rows:
        click.echo("no profile in slots 1 to 4: all is read by that of the identity")
    for text in show.table([_running(row, lang) for row in rows], (0, 2)):
        click.echo(show.escaped(text))
    for row in last:
        under_way = row["state"] in way.UNDER_WAY
        told = progress(row) if under_way else _end(row)
        click.echo(show.escaped(f"{_time(row['begun_s'])} {row['author']}: {_title(row)}: {told}"))


def _running(row: dict[str, Any], lang: str) -> tuple[str, ...]:
    points = row["points"]
    read = "?" if points is None else show.spans(sorted(points)) or "none"
    return (
        f"slot {row['slot']}",
        row["profile"],
        "?" if row["rev"] is None else str(row["rev"]),
        row["hash"],
        "on trial" if row["on_trial"] else "proved",
        "?" if row["since_s"] is None else _time(row["since_s"]),
        f"points {read}",
        (row["names"] or {}).get(lang, ""),
    )


def _time(t_s: int) -> str:
    return datetime.fromtimestamp(t_s, UTC).strftime("%Y-%m-%d %H:%M:%SZ")


def _engine(home: Path | None) -> Engine:
    return db.engine(stored(home).home)


def _fail(refused: Invalid, name: str) -> NoReturn:
    lines = [KEYS[error.key].format(**error.args) for error in refused.errors]
    names = [name if error.field == "file" else error.field for error in refused.errors]
    fail("\n".join(f"{each}: {line}" for each, line in zip(names, lines, strict=True)))
