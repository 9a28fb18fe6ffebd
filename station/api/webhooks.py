"""Webhooks: the station tells another system by itself what happens."""

from typing import Any

from flask import current_app

from station.api import gate, shapes
from station.api.door import Blueprint
from station.api.failures import not_found
from station.api.shapes_of_rooms import Webhook, WebhookDraft, Webhooks
from station.store import webhooks as store
from station.webhooks import life

blueprint = Blueprint("webhooks", __name__, description="To be told, instead of asking again and again")


@blueprint.get("/webhooks")
@gate.needs("view")
@blueprint.response(200, Webhooks)
def listed() -> dict[str, Any]:
    """Those of this token, the newest first."""
    with gate.reading() as c:
        return {"items": store.of_token(c, gate.bearer().token)}


@blueprint.post("/webhooks")
@gate.needs("view")
@blueprint.arguments(WebhookDraft)
@blueprint.response(201, Webhook)
def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Be told of a stream from now on: up to 100 items a request, in order, again until it is answered 2xx.

    Header Idempotency-Key. Requests carry webhook-id, webhook-timestamp and webhook-signature of the Standard
    Webhooks specification. After five days of failures it is stopped; follow the stream from `after` then."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        settings = current_app.extensions["settings"]
        number = life.make(once.c, settings, gate.bearer().user, gate.bearer().token, **asked)
        return once.keep(_told(store.get(once.c, number)), 201, f"webhook {number}")


@blueprint.post("/webhooks/<int:number>/stop")
@gate.needs("view")
@blueprint.response(200, Webhook)
def stop(number: int) -> dict[str, Any]:
    """Be told no more. Header Idempotency-Key."""
    with gate.once() as once:
        if once.earlier is not None:
            return once.earlier
        found = store.get(once.c, number) if number <= shapes.MOST else None
        if found is None or found["token"] != gate.bearer().token:
            raise not_found()
        life.stop(once.c, gate.bearer().user, gate.bearer().token, number)
        return once.keep(_told(store.get(once.c, number)), 200, f"webhook {number}")


def _told(row: dict[str, Any] | None) -> dict[str, Any]:
    """Without its secret, which no answer may hold."""
    assert row is not None
    return {name: value for name, value in row.items() if name != "secret"}
