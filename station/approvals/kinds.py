"""What can be proposed: who may draft and approve it, whom it affects, and how it is done to one of them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection

from protocols.uplink import area, messages
from station import controls
from station.approvals import ask, flags, policy, rights, units
from station.approvals.machine import Affected, Preview
from station.area import life as areas
from station.area import rows as table
from station.controls.functions import OF_KIND
from station.errors import FieldError, Invalid
from station.imports import life as imports
from station.imports import machine
from station.profiles import life as profiles
from station.store import approvals as store
from station.store import commands
from station.store import imports as files
from station.store.db import now_s
from station.store.scope import EVERYWHERE

Content = Mapping[str, Any]  # JSON
Row = Mapping[str, Any]


class Kind(NamedTuple):
    """`each(c, content, device, author, leave)` does it to one, in a savepoint; Invalid says why not.

    It returns the number of the command it queued, or None. `operation`: for which it needs two, or None.
    `people`: the affected are people, none of whom decides it; `files`: they are imports of files;
    `units`: they are what stands in a unit or sees it (station.approvals.units), whose people do not decide.
    """

    draft: str  # function of station.access.roles
    approve: str
    preview: Callable[[Connection, Content], Preview]
    operation: Callable[[Connection, Content, Preview], str | None]
    each: Callable[[Connection, Content, str, str, policy.Leave], int | None]
    people: bool = False
    files: bool = False
    units: bool = False


# ---- commands


def command(
    devices: list[str], kind: int, params: Mapping[str, Any], within_s: int, note: str, scope: int
) -> Content:
    """Content of a command to one or many, which has `within_s` from its execution on."""
    stored = {name: commands.storable(value) for name, value in params.items()}
    return {
        "devices": sorted(set(devices)),
        "kind": kind,
        "params": stored,
        "within_s": within_s,
        "note": note,
        "scope": scope,
    }


def kind_of(kind: int) -> str:
    """The kind of proposal for a command."""
    return OF_KIND[area.COMMAND_NAMES[kind]]


def params_of(content: Content) -> dict[str, Any]:
    return {name: commands.restored(value) for name, value in content["params"].items()}


def _preview(c: Connection, content: Content) -> Preview:
    params, at = params_of(content), now_s()
    found = store.facts(c, content["devices"])
    affected = [
        Affected(each["device"], each["unit"], each["name"], ask.flags_of(c, each, content["kind"], params))
        for each in found
    ]
    return Preview(affected, sum(flags.offline(each, at) for each in found))


def _operation(c: Connection, content: Content, seen: Preview) -> str | None:
    kind, params = content["kind"], params_of(content)
    if len(seen.affected) == 1:
        return ask.needed(c, seen.affected[0].target, kind, params, content["scope"])
    asked = policy.Asked(kind, params, len(seen.affected), frozenset(seen.counts))
    return policy.needed(policy.rules(c), asked)


def _send(c: Connection, content: Content, device: str, author: str, leave: policy.Leave) -> int:
    kind, until = content["kind"], now_s() + content["within_s"]
    params, note = params_of(content), content["note"]
    if kind not in messages.COMMANDS:
        return areas.send(c, device, kind, params, author, note, until, leave)
    return controls.submit(c, device, kind, params, author, note, until, content["scope"], leave=leave)


# ---- one device as a whole


def _one(c: Connection, content: Content) -> Preview:
    found = store.facts(c, [content["device"]])
    affected = [Affected(each["device"], each["unit"], each["name"], flags.of(each)) for each in found]
    return Preview(affected, sum(flags.offline(each, now_s()) for each in found))


def _import_size(c: Connection, content: Content, _seen: Preview) -> str | None:
    rows, _faults = table.read(content["rows"].encode())
    return import_operation(c, sum(areas.differences(c, content["device"], rows).values()))


def import_operation(c: Connection, rows: int) -> str | None:
    """The operation that an import with so many differences is, if it needs two."""
    return "archive_import" if policy.above(policy.rules(c), "archive_import", rows) else None


def _import(c: Connection, content: Content, device: str, author: str, leave: policy.Leave) -> None:
    rows, _faults = table.read(content["rows"].encode())
    areas.take(c, device, rows, author, content["before"], leave)
    if content["load"]:
        areas.begin(c, device, author)


def push_operation(c: Connection) -> str | None:
    """The operation that a push to one device is, if it needs two."""
    return "profile" if policy.above(policy.rules(c), "profile", 1) else None


def _push(c: Connection, _content: Content, _seen: Preview) -> str | None:
    return push_operation(c)


def _profile(c: Connection, content: Content, device: str, author: str, leave: policy.Leave) -> None:
    profiles.begin(c, device, content["slot"], content["package"], author, leave=leave)


# ---- imports of files


def import_of(row: Row, act: str) -> Content:
    """Content of what is done with an import of which so much changes that two must say so."""
    told = {"file": row["name"], "target": row["target"], "records": imports.size(row, act)}
    return {"number": row["id"], "act": act, "hash": row["hash"]} | told


def _file(c: Connection, content: Content) -> Preview:
    """The import while it may still be done so; its own rows are fixed."""
    row = files.get(c, EVERYWHERE, content["number"])
    if row is None or not machine.may(content["act"], row["state"]):
        return Preview([])
    return Preview([Affected(str(row["id"]), row["unit"], row["name"], ())])


def _file_size(c: Connection, content: Content, _seen: Preview) -> str | None:
    row = files.get(c, EVERYWHERE, content["number"])
    return None if row is None else imports.operation(c, row, content["act"])


def _do_file(c: Connection, content: Content, _target: str, author: str, leave: policy.Leave) -> None:
    row = files.get(c, EVERYWHERE, content["number"])
    if row is None:
        raise Invalid(FieldError("", "import_not_so", {"state": "dropped"}))
    imports.act(c, row, content["act"], author, content["hash"], leave)


KINDS: dict[str, Kind] = {
    "control": Kind("control", "approve_control", _preview, _operation, _send),
    "prepaid": Kind("prepaid", "approve_prepaid", _preview, _operation, _send),
    "parameters": Kind("parameters", "approve_control", _preview, _operation, _send),
    "archive": Kind("archive", "approve_archive", _one, _import_size, _import),
    "import": Kind("archive", "approve_archive", _file, _file_size, _do_file, files=True),
    "profile": Kind("parameters", "approve_control", _one, _push, _profile),
    "grant": Kind("accounts", "approve_accounts", rights.person, rights.strong_role, rights.give, True),
    "disable": Kind("accounts", "approve_accounts", rights.people, rights.many, rights.disable, True),
    "reset": Kind("accounts", "approve_accounts", rights.one, rights.strong_person, rights.let_reset, True),
    "unit_move": Kind("accounts", "approve_accounts", units.preview, units.operation, units.do, units=True),
}
