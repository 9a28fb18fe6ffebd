"""Tell other systems what happened since they were told last.

A webhook follows one stream by its ids, as `GET /events` does: what it has taken is one number, so that a
restart, a lost answer or a day without link loses nothing and swaps nothing. What was sent and not answered
goes again, under the same `webhook-id` if nothing came to it meanwhile; the ids of items tell doubles. Heads
and signature are those of the Standard Webhooks specification (1.0.0): HMAC-SHA256 over "id.timestamp.body",
base64, behind "v1,".
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine

from station import seal
from station.access import tokens
from station.access.rights import where
from station.notify import channels
from station.settings import Settings
from station.store import audit, db, events, webhooks
from station.store.scope import Scope

AT_ONCE = 100  # items of one request
ROUNDS = 20  # requests to one system in one run, so that the others have their turn
FIRST_S, LONGEST_S = 10, 3600  # from one try to the next
GIVEN_UP_S = 5 * 86_400  # of failures: the stream can be followed by GET from there
PREFIX = "whsec_"  # of a secret, by the specification
SEES = "view"  # the function that a token needs

Row = dict[str, Any]
Following = Callable[[Connection, Scope, int, int], tuple[list[Row], int]]


class Stream(NamedTuple):
    following: Following
    last: Callable[[Connection], int]  # newest id: a new webhook begins behind it
    fields: tuple[str, ...]


STREAMS: Mapping[str, Stream] = {
    "events": Stream(events.following, events.newest, ("id", "device", "name", "t_s", "received_s", "data")),
    "commands": Stream(
        webhooks.moves, webhooks.last_move, ("id", "device", "command", "kind", "state", "t_s")
    ),
}


def work(engine: Engine, settings: Settings, t_s: int) -> int:
    """Tell who is due. Returns how many items were taken."""
    with db.reading(engine) as c:
        due = webhooks.due(c, t_s)
    return sum(_tell(engine, settings, hook, t_s) for hook in due)


def _tell(engine: Engine, settings: Settings, hook: Row, t_s: int) -> int:
    told, secret = 0, seal.unseal(settings, seal.CHANNELS, hook["secret"])
    for _round in range(ROUNDS):
        with db.reading(engine) as c:
            held = tokens.of_number(c, hook["token"], t_s)
            scope = where(held.rights, SEES) if held else None
            items, after = _behind(c, hook, scope) if scope else ([], hook["after"])
        if scope is None:
            _stop(engine, hook, "token_ended", t_s)
            return told
        if after == hook["after"]:
            return told
        facts: Row = _sent(hook, secret, items, after, t_s) if items else {"after": after}
        with db.writing(engine) as c:
            webhooks.change(c, hook["id"], **facts)
        if "after" not in facts:
            if t_s - facts["failing_s"] >= GIVEN_UP_S:
                _stop(engine, hook, facts["error"], t_s)
            return told
        told += len(items)
        hook |= facts
    return told


def _behind(c: Connection, hook: Row, scope: Scope) -> tuple[list[Row], int]:
    stream = STREAMS[hook["stream"]]
    found, after = stream.following(c, scope, hook["after"], AT_ONCE)
    return [{name: each[name] for name in stream.fields} for each in found], after


def _sent(hook: Row, secret: str, items: list[Row], after: int, t_s: int) -> Row:
    """What becomes of the webhook."""
    told = {"stream": hook["stream"], "items": items, "next": after}
    body = json.dumps(told, ensure_ascii=False).encode()
    try:
        channels.post(hook["url"], body, heads(f"{hook['id']}-{hook['after']}-{after}", t_s, body, secret))
    except channels.Failed as error:
        wait_s = min(FIRST_S << min(hook["failures"], 20), LONGEST_S)
        since_s = hook["failing_s"] if hook["failing_s"] is not None else t_s
        why = {"error": str(error)[:100], "failing_s": since_s, "failures": hook["failures"] + 1}
        return why | {"next_s": t_s + wait_s}
    return {"after": after, "error": "", "failing_s": None, "failures": 0, "told_s": t_s}


def heads(number: str, t_s: int, body: bytes, secret: str) -> dict[str, str]:
    """Those of a request. `secret`: as `key_of` takes it."""
    signed = hmac.new(key_of(secret), f"{number}.{t_s}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "webhook-id": number,
        "webhook-timestamp": str(t_s),
        "webhook-signature": "v1," + base64.b64encode(signed).decode(),
    }


def key_of(secret: str) -> bytes:
    """The key in "whsec_" and its base64. ValueError: it is none."""
    if not secret.startswith(PREFIX):
        raise ValueError(f"does not begin with {PREFIX}")
    return base64.b64decode(secret.removeprefix(PREFIX), validate=True)


def _stop(engine: Engine, hook: Row, why: str, t_s: int) -> None:
    with db.writing(engine) as c:
        webhooks.change(c, hook["id"], stopped_s=t_s, error=why)
        audit.add(c, "jobs", "webhook_stopped", f"webhook {hook['id']}", why=why)
