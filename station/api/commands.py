"""Commands to one device: sent, and followed."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from protocols.uplink import messages
from protocols.uplink.codes import ADDRESSED
from station import controls
from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import Failure, Refused, not_found
from station.api.values import as_texts
from station.approvals import ask
from station.area import life as areas
from station.controls.functions import OF_KIND
from station.errors import FieldError, Invalid
from station.store import commands
from station.store.db import now_s

blueprint = Blueprint("commands", __name__, description="Commands at most once, within their time")


@blueprint.post("/devices/<device>/commands")
@gate.needs("view")
@blueprint.arguments(shapes.Order)
@blueprint.response(202, shapes.Command)
@blueprint.alt_response(409, schema=Failure, description="It needs two people: POST /proposals")
def send(order: dict[str, Any], device: str) -> dict[str, Any]:
    """Queue a command that one person may send. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        kind, params = built(once.c, device, order)
        operation = ask.needed(once.c, device, kind, params, ADDRESSED)
        if operation:
            raise Refused(
                409, "needs_two", f"It needs two people ({operation}): propose it by POST /proposals."
            )
        submit = controls.submit if kind in messages.COMMANDS else areas.send
        until, user = now_s() + order["valid_s"], gate.bearer().user
        number = submit(once.c, device, kind, params, user, order["note"], until)
        answer = shapes.Command().dump(commands.get(once.c, device, number))
        return once.keep(_loaded(answer), 202, device)


def built(c: Connection, device: str, order: Mapping[str, Any]) -> tuple[int, dict[str, Any]]:
    """(kind, params) of an order. Refused 403 or 404; Invalid."""
    name = order["kind"]
    if name not in controls.KINDS:
        raise Invalid(FieldError("kind", "no_such_kind", {"kinds": " ".join(sorted(controls.KINDS))}))
    row = gate.device(c, device, "view")
    if not gate.scope(OF_KIND[name]).holds(c, row["unit"]):
        raise Refused(403, "forbidden", f"This token may not do {OF_KIND[name]} there.")
    kind = controls.KINDS[name]
    if kind not in messages.COMMANDS and row["area"] is None:
        raise Invalid(FieldError("kind", "no_concentrator"))
    return kind, controls.build(c, device, name, as_texts(order["fields"]), row["rounds"])


def _loaded(dumped: Any) -> dict[str, Any]:
    """The answer as the schema takes it again when it is given a second time."""
    return {("kind_name" if name == "kind" else name): value for name, value in dumped.items()}


@blueprint.get("/devices/<device>/commands/<int:number>")
@gate.needs("view")
@blueprint.response(200, shapes.Command)
def one(device: str, number: int) -> dict[str, Any]:
    """What became of a command."""
    with gate.reading() as c:
        gate.device(c, device, "view")
        found = commands.get(c, device, number) if number <= shapes.MOST else None
    if found is None:
        raise not_found()
    return found
