"""What needs two people, at the shell: refused with what to do, or done at once as an emergency."""

import secrets
from collections.abc import Mapping
from typing import Any

import click
from sqlalchemy import Connection

from protocols.uplink.codes import ADDRESSED
from station.approvals import ask, kinds, life
from station.cli.shell import author
from station.errors import FieldError, Invalid
from station.store import approvals, db
from station.store.scope import EVERYWHERE

emergency_option = click.option(
    "--emergency",
    metavar="REASON",
    help="Do at once what needs two people; another person must review it on the page of approvals",
)


def command(
    c: Connection,
    device: str,
    kind: int,
    params: Mapping[str, Any],
    note: str,
    within_s: int,
    reason: str | None,
) -> int | None:
    """Number of a command that was queued as an emergency; None: it is none, one person may send it."""
    if reason is None or not ask.needed(c, device, kind, params):
        return None
    asked = kinds.command([device], kind, params, within_s, note, ADDRESSED)
    return emergency(c, kinds.kind_of(kind), asked, reason)


def emergency(c: Connection, kind: str, content: Mapping[str, Any], reason: str) -> int | None:
    """Number of the command, if it is one. Invalid says why it could not be done; then nothing is kept."""
    number = life.propose(
        c, kind, content, author(), EVERYWHERE, reason, token=secrets.token_hex(16), emergency=True
    )
    life.step(c, number, db.now_s())
    done = approvals.targets(c, number, 1)[0]
    if done["state"] != "done":
        raise Invalid(FieldError("", "not_done", {"why": done["why"] or "?"}))
    return done["command"]
