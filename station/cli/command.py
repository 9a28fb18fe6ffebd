"""`loadkeeper command`: what the pages can send, from the shell. Prints the command as one JSON line."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection

from protocols.uplink import messages
from protocols.uplink.codes import APPEND, CONTROLS, REFRESH, REMOTE
from station import controls, plans, prepaid
from station.area import life
from station.cli import second
from station.cli.shell import Numbers, Whole, author, home_option, in_words, number, show, stored
from station.errors import FieldError, Invalid
from station.store import commands, db, devices

MAX_DEADLINE_S = 86_400  # nobody remembers an older order
_SETTLED = commands.FINAL | {"unknown"}
Build = Callable[[Connection, int], Mapping[str, Any]]  # (transaction, rounds of the terminal) -> params


@click.group()
def command() -> None:
    """Send commands to a device and follow them."""


def _common(sub: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option(
            "--wait",
            "wait_s",
            type=Whole(0, MAX_DEADLINE_S),
            default=0,
            help="Wait so many seconds for the outcome",
        ),
        click.option(
            "--deadline",
            "within_s",
            type=Whole(1, MAX_DEADLINE_S),
            default=controls.DEADLINE_S,
            show_default=True,
            help="Seconds from now",
        ),
        click.option("--note", default=""),
        second.emergency_option,
        home_option,
    ):
        sub = option(sub)
    return click.argument("device")(sub)


_rounds = click.option("--rounds", type=Numbers(), default="1", show_default=True)


_group = click.option("--group", type=Whole(1, 8), default=1, show_default=True, help="Summation group")


def _send(
    home: Path | None,
    device: str,
    kind: int,
    build: Build,
    note: str,
    within_s: int,
    wait_s: int,
    emergency: str | None,
) -> None:
    engine = db.engine(stored(home).home)
    with in_words(), db.writing(engine) as c:
        found = devices.get(c, device)
        if found is None:
            raise Invalid(FieldError("device", "no_such_device"))
        params = build(c, found["rounds"])
        submit = controls.submit if kind in messages.COMMANDS else life.send
        command = second.command(c, device, kind, params, note, within_s, emergency)
        until = db.now_s() + within_s
        command = command or submit(c, device, kind, params, author(), note, until)
    end = time.monotonic() + wait_s
    while True:
        with db.reading(engine) as c:
            row = commands.get(c, device, command)
        assert row is not None
        if row["state"] in _SETTLED or time.monotonic() >= end:
            break
        time.sleep(0.1)
    show(row)


@command.command()
@_common
@_rounds
@click.option("--delay-s", type=Whole(), default=0, show_default=True, help="Alarm before the trip")
@click.option("--limit-half-hours", type=Whole(), default=0, show_default=True, help="0 = until permitted")
def trip(rounds: list[int], delay_s: int, limit_half_hours: int, device: str, **common: Any) -> None:
    """Remote trip."""
    _send(
        build=lambda _c, have: controls.trip(rounds, delay_s, limit_half_hours, have),
        kind=messages.TRIP,
        device=device,
        **common,
    )


@command.command()
@_common
@_rounds
def permit(rounds: list[int], device: str, **common: Any) -> None:
    """Permit close: end a remote trip; the customer closes by hand."""
    _send(
        build=lambda _c, have: controls.permit(rounds, have),
        kind=messages.PERMIT_CLOSE,
        device=device,
        **common,
    )


class _Period(click.ParamType):
    """16-24:90 -> half hours 16..24 at 90 kW."""

    name = "START-END:KW"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        try:
            span, setpoint_kw = str(value).split(":")
            start, end = span.split("-")
            return number(start), number(end), number(setpoint_kw)
        except ValueError:
            self.fail(f"{value!r} is not START-END:KW in half hours, such as 16-24:90", param, ctx)


@command.command()
@_common
@click.option(
    "--period", "periods", type=_Period(), multiple=True, required=True, help="Half hours of local time"
)
@_rounds
@click.option("--alarm-s", type=Numbers(), default="120", show_default=True, help="For round 1,2,...")
@click.option("--slide-s", type=Whole(), default=60, show_default=True)
@click.option("--safety-kw", type=Whole(), default=0, show_default=True)
@click.option("--float-pct", type=Whole(), default=0, show_default=True)
@click.option("--post-trip-s", type=Whole(), default=120, show_default=True)
def plan(
    periods: tuple[tuple[int, int, int], ...],
    rounds: list[int],
    alarm_s: list[int],
    slide_s: int,
    safety_kw: int,
    float_pct: int,
    post_trip_s: int,
    device: str,
    **common: Any,
) -> None:
    """Set and enable period power control."""

    def build(_c: Connection, have: int) -> Mapping[str, Any]:
        return plans.build(periods, rounds, alarm_s, slide_s, safety_kw, float_pct, post_trip_s, have)

    _send(build=build, kind=messages.PERIOD_PLAN, device=device, **common)


@command.command()
@_common
@click.argument("control", type=click.Choice([name for no, name in CONTROLS.items() if no != REMOTE]))
@_group
def release(control: str, group: int, device: str, **common: Any) -> None:
    """End a control; its rounds are let go."""
    _send(
        build=lambda _c, _have: controls.release(control, group),
        kind=messages.RELEASE,
        device=device,
        **common,
    )


@command.command()
@_common
@click.argument("kind", type=click.Choice(sorted(controls.KINDS)))
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
def send(kind: str, fields: tuple[str, ...], device: str, **common: Any) -> None:
    """Any command by the names of the contract, such as: send down_float T1 float_pct=-20 rounds=1,2 ...

    rounds and alarm_s take lists (1,2), codes and the like hex, values a JSON map. What a kind has, and what
    is still missing, is told when it is wrong.
    """
    values = dict(_pair(field) for field in fields)
    _send(
        build=lambda c, have: controls.build(c, device, kind, values, have),
        kind=controls.KINDS[kind],
        device=device,
        **common,
    )


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise click.BadParameter(f"{text!r} is not FIELD=VALUE")
    return name, value


@command.command()
@_common
@click.option("--append", "flag", flag_value=APPEND, type=int, default=APPEND, help="Add to what remains")
@click.option("--refresh", "flag", flag_value=REFRESH, type=int, help="Set what remains")
@click.option("--value-kwh", type=Whole(), required=True)
@click.option("--alarm-kwh", type=Whole(), default=0, show_default=True)
@click.option("--trip-kwh", type=Whole(), default=0, show_default=True)
@click.option("--order", type=Whole(), help="Number [default: the next one]")
@_rounds
def order(
    flag: int,
    value_kwh: int,
    alarm_kwh: int,
    trip_kwh: int,
    order: int | None,
    rounds: list[int],
    device: str,
    **common: Any,
) -> None:
    """Purchase order of energy; enables purchase control."""

    def build(c: Connection, have: int) -> Mapping[str, Any]:
        number = prepaid.next_order(c, device) if order is None else order
        return prepaid.build(number, flag, value_kwh, alarm_kwh, trip_kwh, rounds, have)

    _send(build=build, kind=messages.PURCHASE, device=device, **common)


@command.command()
@_common
@click.argument("switch", type=click.Choice(["on", "off"]))
@click.option("--half-hours", type=Whole(), default=0, show_default=True, help="0 = until released")
def guarantee(switch: str, half_hours: int, device: str, **common: Any) -> None:
    """Supply guarantee: while it is on nothing may be tripped."""
    _send(
        build=lambda _c, _have: controls.guarantee(switch == "on", half_hours),
        kind=messages.GUARANTEE,
        device=device,
        **common,
    )


@command.command("show")
@click.argument("device")
@click.argument("command_no", metavar="NUMBER", type=Whole())
@home_option
def show_(home: Path | None, device: str, command_no: int) -> None:
    """One command with its history."""
    with db.reading(db.engine(stored(home).home)) as c:
        row = commands.get(c, device, command_no)
        if row is None:
            raise click.ClickException("no such command")
        show(row | {"log": commands.history(c, device, command_no)})
