"""What a request to a concentrator must hold beyond the bounds of its fields: rules of every door."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Connection

from protocols import cbor
from protocols.meters import interpret, points
from protocols.uplink import archive_rows, area
from station.checks import refuse, whole
from station.errors import FieldError, Invalid
from station.store import area as store

DATA_MOST, WAIT_MOST_MS = 512, 60_000  # of a FORWARD
WITHIN_S = (60, 86_400)  # of a PATROL
EPOCH_DAY = date(1970, 1, 1)
DAY_S = 86_400
COMMON = ("energy_import_wh", "voltage_a_dv", "current_a_ma", "power_dw", "relay_state", "clock")

Device = Mapping[str, Any]
Params = Mapping[str, Any]


def check(c: Connection, device: Device, kind: int, params: Params) -> None:
    """Invalid says why a concentrator would refuse it, or what it would do to a wrong meter."""
    if kind in _RULES:
        _RULES[kind](c, device, params)


def lines(device: Device) -> list[int]:
    """The lines of a concentrator's identity."""
    return sorted(int(number) for number in device["area"]["lines"])


def shown_points(device: Device) -> list[int]:
    """Numbers of the points that its profiles show; common ones while none can be read."""
    reads = [(profile, n) for profile in profiles(device).values() for n in range(profile.size)]
    found = {row[0] for profile, n in reads for row in profile.fields(n)}
    common = [points.BY_ALIAS[alias][0] for alias in COMMON]
    return [no for no in sorted(found) if no in points.BY_NO] or common


def profiles(device: Device) -> dict[int, interpret.Profile]:
    """{slot: profile} of those of its identity that can be read."""
    out = {}
    for slot, text in enumerate(device["area"]["profiles"]):
        try:
            out[slot] = interpret.Profile(cbor.decode(bytes.fromhex(text)))
        except (ValueError, KeyError, IndexError, TypeError):
            continue
    return out


def label_s(day: date, offset_s: int) -> int:
    """Label of the freeze of a local day: UTC of its first second."""
    return (day - EPOCH_DAY).days * DAY_S - offset_s


def _line(device: Device, line: int, least: int = 1) -> list[FieldError]:
    have = lines(device)
    if line in have or line == 0 >= least:
        return []
    return [FieldError("line", "no_such_line", {"lines": ", ".join(str(each) for each in have)})]


def _patrol(c: Connection, device: Device, params: Params) -> None:
    problems: list[FieldError] = []
    first = whole(params["first"], "first", 1, archive_rows.MOST, problems)
    last = whole(params["last"], "last", 1, archive_rows.MOST, problems)
    whole(params.get("within_s", WITHIN_S[0]), "within_s", *WITHIN_S, problems)
    if params["point"] not in points.BY_NO:
        problems.append(FieldError("point", "needed"))
    if not problems and first > last:
        problems.append(FieldError("last", "last_before_first"))
    refuse(problems)
    group = params.get("group", 0)
    if not any(
        first <= row["meter"] <= last and group in (0, row["group"])
        for row in store.archive(c, device["device"])
    ):
        raise Invalid(FieldError("group" if group else "first", "no_meter_there"))


def _forward(_c: Connection, device: Device, params: Params) -> None:
    problems = _line(device, params["line"])
    whole(params["wait_ms"], "wait_ms", 1, WAIT_MOST_MS, problems)
    if not 1 <= len(params["data"]) <= DATA_MOST:
        problems.append(FieldError("data", "bytes_out_of_range", {"least": 1, "most": DATA_MOST}))
    refuse(problems)


def _search(_c: Connection, device: Device, params: Params) -> None:
    refuse(_line(device, params["line"], least=0))


def _resend(_c: Connection, _device: Device, params: Params) -> None:
    if params["from_s"] > params["until_s"]:
        raise Invalid(FieldError("until_s", "last_before_first"))


def _replaced(c: Connection, device: Device, params: Params) -> None:
    """The row must be free for the new meter: the line tells meters apart by their addresses."""
    new, archive = archive_rows.digits(params["new_address"]), store.archive(c, device["device"])
    here = next((row for row in archive if row["meter"] == params["meter"]), None)
    if here is None:
        raise Invalid(FieldError("meter", "no_such_meter"))
    if params["new_address"] == params["address"]:
        raise Invalid(FieldError("new_address", "same_address"))
    fresh = archive_rows.Row(params["new_address"], 0, here["line"], 0, 0, 1, 0, 0)
    if not any(params["new_address"]) or archive_rows.fault(archive_rows.pack(fresh)):
        raise Invalid(FieldError("new_address", "bad_meter_address"))
    if any((row["line"], row["address"]) == (here["line"], new) for row in archive):
        raise Invalid(FieldError("new_address", "address_known"))


_RULES: dict[int, Callable[[Connection, Device, Params], None]] = {
    area.PATROL: _patrol,
    area.FORWARD: _forward,
    area.SEARCH: _search,
    area.RESEND: _resend,
    area.METER_REPLACED: _replaced,
}
