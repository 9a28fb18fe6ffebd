"""What needs two people is proposed here; who approves it is a person at the station's pages."""

from typing import Any

from sqlalchemy import Connection

from protocols.uplink import messages
from protocols.uplink.codes import ADDRESSED, TO_MANY
from station.api import gate, shapes
from station.api.commands import built
from station.api.door import Blueprint
from station.api.failures import not_found
from station.approvals import kinds, life
from station.errors import FieldError, Invalid
from station.store import approvals as store

blueprint = Blueprint("proposals", __name__, description="What needs a second person")
SHOWN = ("id", "state", "operation", "affected", "expires_s")


@blueprint.post("/proposals")
@gate.needs("view")
@blueprint.arguments(shapes.Proposal)
@blueprint.response(202, shapes.Proposed)
def propose(order: dict[str, Any]) -> dict[str, Any]:
    """Draft a command to one device, or a trip of many. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        content = _content(once.c, order)
        kind = kinds.kind_of(content["kind"])
        token = f"api {gate.bearer().token} {once.key}"
        number = life.propose(
            once.c,
            kind,
            content,
            gate.bearer().user,
            gate.scope(kinds.KINDS[kind].draft),
            order["why"],
            token=token,
            ticket=order["ticket"],
        )
        return once.keep(_shown(once.c, number), 202, f"proposal {number}")


def _content(c: Connection, order: dict[str, Any]) -> Any:
    devices = sorted(set(order["devices"]))
    for device in devices:
        gate.device(c, device, "view")
    kind, params = built(c, devices[0], order)
    if len(devices) > 1 and kind != messages.TRIP:
        raise Invalid(FieldError("devices", "one_device"))
    to = ADDRESSED if len(devices) == 1 else TO_MANY
    return kinds.command(devices, kind, params, order["valid_s"], order["note"], to)


def _shown(c: Connection, number: int) -> dict[str, Any]:
    row = store.get(c, number)
    assert row is not None
    return {name: row[name] for name in SHOWN} | {"progress": store.progress(c, number)}


@blueprint.get("/proposals/<int:number>")
@gate.needs("view")
@blueprint.response(200, shapes.Proposed)
def one(number: int) -> dict[str, Any]:
    """What became of a proposal of the token's owner."""
    with gate.reading() as c:
        row = store.get(c, number) if number <= shapes.MOST else None
        if row is None or row["author"] != gate.bearer().user:
            raise not_found()
        return _shown(c, number)
