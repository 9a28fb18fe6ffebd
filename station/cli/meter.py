"""`loadkeeper meter`: read a real meter from a laptop, or serve a simulated one."""

import json
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import click

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import interpret, links, package
from protocols.meters.points import BY_NO
from station.profiles import files, show, signing
from station.profiles.options import OptionError, for_link, parsed, secrets
from station.profiles.ports import PortError, open_port
from station.profiles.reading import Control, Session, StateUnknown
from station.profiles.serving import open_line, serve
from station.profiles.simulated import Meter, SimulationError
from station.profiles.stores import PUSHED_S, pushes


def fail(text: object) -> NoReturn:
    click.echo("Error: " + "\n".join(show.escaped(line) for line in str(text).split("\n")), err=True)
    sys.exit(2)


def content(name: str) -> bytes:
    try:
        return files.content(name)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        fail(f"{name}: {why}; the catalogue has {', '.join(files.catalogue())}")


def loaded(name: str, pub: Path | None = None) -> dict[str, Any]:
    """The checked profile of a file, a package or the catalogue, or an end with what is wrong."""
    data = content(name)
    authentic(name, data, pub)
    try:
        return files.checked(data)
    except files.BadProfile as error:
        fail(f"{name} is no usable profile:\n{error}")


def authentic(name: str, data: bytes, pub: Path | None) -> None:
    """An end when `pub` did not sign the package; without a key, a word that nobody looked."""
    if not files.is_package(data):
        return
    if pub is None:
        click.echo(f"{name}: its signature was not verified (no --pub)", err=True)
        return
    try:
        signing.verified(data, signing.read_public(pub))
    except (package.PackageError, signing.SigningError) as error:
        fail(f"{name}: {' '.join(str(part) for part in error.args)}")


def points_of(names: tuple[str, ...]) -> list[int]:
    out = []
    for name in names:
        try:
            out.append(compiling.point(name)[0])
        except KeyError:
            fail(f"no point is called {name}")
    return out


@click.group()
def meter() -> None:
    """Read a meter from this computer, or simulate one."""


_PROFILE = click.option("--profile", "-p", required=True, help="File, or name in the catalogue")
_PORT = click.option("--port", required=True, help="Serial port or tcp://HOST:PORT")
_ADDRESS = click.option(
    "--address", "-a", default=None, help="As printed on the meter  [default: the profile's]"
)
_OPTION_HELP = "Reader option such as password=@FILE: what stands on the command line, others see"
_OPTION = click.option("--option", "-o", "options", multiple=True, metavar="NAME=VALUE", help=_OPTION_HELP)
_STATE_FILE = click.Path(dir_okay=False, path_type=Path)
_STATE = click.option("--state", type=_STATE_FILE, help="Counter file for ciphered meters")
_NEW_STATE = click.option(
    "--new-state", is_flag=True, help="Make the counter file, for a key that was never used"
)


def _session(
    profile: dict[str, Any],
    port: Any,
    address: str | None,
    options: tuple[str, ...],
    state: Path | None,
    new_state: bool,
) -> Session:
    ready = interpret.Profile(cbor.decode(compiling.encoded(profile)))
    given = parsed(options, links.reader(ready.link).OPTIONS)
    mine = for_link(ready.link, {**ready.options, **given}, state, new_state)
    return Session(ready, port, profile["address"] if address is None else address, mine)


@meter.command()
@_PROFILE
@_PORT
@_ADDRESS
@_OPTION
@_STATE
@_NEW_STATE
@click.option(
    "--baud", type=click.IntRange(1), default=None, help="Speed of the port  [default: the profile's]"
)
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of a table")
@click.argument("points", nargs=-1, metavar="[POINT]...")
def read(profile: str, port: str, address: str | None, options: tuple[str, ...], state: Path | None,
         new_state: bool, baud: int | None, lang: str, as_json: bool,
         points: tuple[str, ...]) -> None:  # fmt: skip
    """Read a meter: all that the profile reads, or only POINTs (alias or OBIS).

    Exit code 1 when something could not be read, 2 when nothing could be tried. When the line is lost or
    Ctrl-C is pressed, what was read before is shown.
    """
    document = loaded(profile)
    wanted = points_of(points)
    form = document.get("serial", {}).get("format", "8N1")
    line = None
    try:
        line = open_port(port, baud or document.get("serial", {}).get("baud", 9600), form)
        session = _session(document, line, address, options, state, new_state)
        reading = session.read(wanted, _progress if sys.stderr.isatty() else None)
    except (PortError, OptionError, ValueError) as error:
        fail(error)
    finally:
        if line:
            line.close()
    _show(document, reading, wanted, lang, as_json)
    if reading.broken:
        click.echo(f"Error: {show.escaped(reading.broken)}; the rest was not read", err=True)
    missing = [no for no in wanted if no not in reading.values and no not in reading.frozen]
    if reading.broken or reading.failed or missing:
        sys.exit(1)


def _progress(done: int, count: int, request: str) -> None:
    bar = "#" * (20 * done // count)
    click.echo(
        f"\r\x1b[K[{bar:<20}] {done}/{count} {show.escaped(request[:50])}"
        if request or done < count
        else "\r\x1b[K",
        err=True,
        nl=False,
    )


def _show(document: dict[str, Any], reading: Any, wanted: list[int], lang: str, as_json: bool) -> None:
    values, frozen = (
        {no: value for no, value in found.items() if not wanted or no in wanted}
        for found in (reading.values, reading.frozen)
    )
    if as_json:
        told = {"profile": document["id"], "rev": document["rev"], "points": _rows(values),
                "frozen": _rows(frozen), "failed": reading.failed, "broken": reading.broken,
                "exchanges": reading.exchanges, "seconds": round(reading.spent_s, 3)}  # fmt: skip
        click.echo(json.dumps(told))
        return
    for text in show.readings(values, lang):
        click.echo(text)
    if frozen:
        click.echo(_FROZEN[lang])
    for text in show.readings(frozen, lang):
        click.echo(f"  {text}")
    for request, why in reading.failed.items():
        click.echo(show.escaped(f"{request or 'readout'}: {why}"), err=True)
    click.echo(
        f"{len(values) + len(frozen)} points, {reading.exchanges} exchanges, {reading.spent_s:.1f} s",
        err=True,
    )


_FROZEN = {"zh": "上次日冻结：", "en": "last daily freeze:"}


def _rows(values: dict[int, Any]) -> list[dict[str, Any]]:
    return [{"point": BY_NO[no][2], "obis": BY_NO[no][1], "value": values[no], "scale": BY_NO[no][4],
             "unit": BY_NO[no][3]} for no in values]  # fmt: skip


@meter.command()
@_PROFILE
@_PORT
@_ADDRESS
@_OPTION
@_STATE
@_NEW_STATE
@click.option("--field", "-f", "fields", multiple=True, metavar="NAME=VALUE",
              help="What the control needs, such as password=@FILE or operator=00000001")  # fmt: skip
@click.option("--yes", is_flag=True, help="Do not ask")
@click.argument("name")
def control(profile: str, port: str, address: str | None, options: tuple[str, ...], state: Path | None,
            new_state: bool, fields: tuple[str, ...], yes: bool, name: str) -> None:  # fmt: skip
    """Send the control NAME of the profile once, and read back whether it happened.

    Exit code 0 when the meter shows it, 1 when it does not, or when nobody knows: where nothing answers and
    where the line was lost, it may have happened. 2 only when nothing was sent.
    """
    document = loaded(profile)
    known = document.get("controls", {})
    if name not in known:
        fail(f"{document['id']} has no control {name}; it has {', '.join(known) or 'none'}")
    if not yes:
        click.confirm(
            f"{name} on {address or document['address']}: customers may lose power. Go on?", abort=True
        )
    form = document.get("serial", {}).get("format", "8N1")
    line = None
    try:
        line = open_port(port, document.get("serial", {}).get("baud", 9600), form)
        session = _session(document, line, address, options, state, new_state)
        given = parsed(fields, _kinds(document, name))
        done = session.control(name, given, _valid_until)
    except StateUnknown as error:
        click.echo(f"Error: {show.escaped(str(error))}", err=True)
        point = known[name]["verify"]["point"]
        click.echo(f"{name} may have happened, the state is unknown: read {point} back", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        fail("interrupted before anything was sent")
    except (PortError, OptionError, LookupError, TypeError, ValueError) as error:
        fail(error)
    finally:
        if line:
            line.close()
    _tell(known[name], done)
    sys.exit(0 if done.done else 1)


def _kinds(document: dict[str, Any], name: str) -> dict[str, type]:
    """What people may give to a control."""
    fields = links.reader(document["link"]).CONTROLS.get(name, {})
    return {field: type(such) for field, such in fields.items() if not isinstance(such, tuple)}


def _tell(control: dict[str, Any], done: Control) -> None:
    point = compiling.point(control["verify"]["point"])
    shown = "could not be read back" if done.shown is None else show.value_text(point[0], done.shown)
    answer = f"; the meter answered: {show.escaped(done.answer)}" if done.answer else ""
    click.echo(f"{point[2]} {shown}{answer}")


def _valid_until(minutes: int) -> tuple[int, ...]:
    return (datetime.now().astimezone() + timedelta(minutes=minutes)).timetuple()[:6]


@meter.command()
@_PROFILE
@click.option("--port", required=True, help="tcp://HOST:PORT to listen (port 0: any), pty, or a serial port")
@_ADDRESS
@click.option(
    "--set", "settings", multiple=True, metavar="POINT=VALUE", help="As people read it: voltage_a_dv=231.5"
)
@click.option("--trace", is_flag=True, help="Print what is asked and answered")
def simulate(profile: str, port: str, address: str | None, settings: tuple[str, ...], trace: bool) -> None:
    """Serve a simulated meter of the profile until interrupted; the first line says where it listens."""
    document = loaded(profile)
    values = {}
    for setting in settings:
        name, _, text = setting.partition("=")
        (no,) = points_of((name,))
        try:
            values[no] = show.value_of(no, text)
        except ValueError as error:
            fail(f"{setting}: {error}")
    try:
        simulated = Meter(document, values, "" if address is None else address)
        serial = document.get("serial", {})
        line = open_line(port, serial.get("baud", 9600), serial.get("format", "8N1"))
    except (SimulationError, PortError, ValueError) as error:
        fail(error)
    click.echo(line.name)
    if known := secrets(document["link"], document.get("options", {})):
        told = [f"-o {name}={v.hex() if isinstance(v, bytes) else v}" for name, v in known.items()]
        click.echo(f"it is read with {' '.join(told)}", err=True)
    stop = threading.Event()
    try:
        serve(
            simulated.server,
            line,
            stop,
            PUSHED_S if pushes(simulated.profile) else 0.0,
            _told if trace else None,
        )
    except KeyboardInterrupt:
        pass
    finally:
        line.close()


def _told(request: bytes, answer: bytes) -> None:
    at = time.strftime("%H:%M:%S")
    click.echo(f"{at} < {request.hex(' ')}\n{at} > {answer.hex(' ')}")
