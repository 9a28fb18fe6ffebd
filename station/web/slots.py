"""Profiles of a terminal's slots, and pushes, as pages show them."""

import re
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from protocols.uplink.codes import REASON_NO
from station.profiles import life, push
from station.store import profiles
from station.web.figures import share
from station.web.i18n import shown, word

Row = Mapping[str, Any]
NUMBERS = [(slot, str(slot)) for slot in range(1, life.SLOTS + 1)]
WAYS = 3  # pushes that are shown
TONES = {
    push.SENDING: ("accent", "clock"),
    push.TRIAL: ("accent", "eye"),
    push.KEPT: ("ok", "ok"),
    push.ROLLED_BACK: ("trip", "warn"),
    push.REPLACED: ("idle", "idle"),
    push.REFUSED: ("trip", "warn"),
    push.GIVEN_UP: ("warn", "clock"),
    push.STOPPED: ("idle", "hand"),
}
WHY = (  # what the terminal's words, or ours, begin with
    "unknown_key", "bad_signature", "malformed", "altered", "older", "bad_profile", "failed_test",
    "another one came", "this firmware", "cannot be loaded", "no_progress", "there is none before",
)  # fmt: skip
_READS = re.compile(r"([0-9]+) of ([0-9]+) reads")
_STARTS = re.compile(r"([0-9]+) starts without proof")


def title(row: Row) -> str:
    """What people call a profile, in the page's language; its id where nobody told."""
    names = row["names"] or {}
    return names.get("en" if shown() == "en" else "zh") or row["profile"]


def running(c: Connection, device: str) -> list[dict[str, Any]]:
    return [row | {"title": title(row)} for row in life.running(c, device)]


def ways(c: Connection, device: str) -> list[dict[str, Any]]:
    return [way(row) for row in profiles.pushes(c, device, WAYS)]


def way(row: Row) -> dict[str, Any]:
    tone, shape = TONES[row["state"]]
    pieces = -(-row["total"] // push.PIECE_BYTES)
    there = -(-min(row["held"] or 0, row["total"]) // push.PIECE_BYTES)
    return {
        **row,
        "title": title(row),
        "tone": tone,
        "shape": shape,
        "pieces": pieces,
        "there": there,
        "percent": share(there, pieces),
        "step": step(row),
        "words": row["why"] if row["state"] == push.STOPPED else why(row["why"]),
    }


def step(row: Row) -> str:
    """Name of what is done now, of those that have words: the state, or what it does while it sends."""
    if row["state"] != push.SENDING:
        return row["state"]
    if row["held"] is None:
        return "asking"
    return "activating" if row["held"] >= row["total"] else push.SENDING


def why(text: str) -> str:
    """The end of a push in the page's language; the terminal's own words behind it say the rest."""
    if found := _READS.fullmatch(text):
        return _("%(good)s of %(polls)s reads gave values", good=found[1], polls=found[2])
    if found := _STARTS.fullmatch(text):
        return _("%(n)s starts without proof", n=found[1])
    if text in REASON_NO:
        return word("reason", text)
    known = next((start for start in WHY if text.startswith(start)), None)
    if known is None:
        return text
    rest = text[len(known) :].lstrip(": ")
    return word("push_why", known.replace(" ", "_")) + (f" ({rest})" if rest else "")


def choice(row: Row) -> dict[str, Any]:
    """A package to choose."""
    return {**row, "title": title(row), "short": row["hash"].hex()[:16]}
