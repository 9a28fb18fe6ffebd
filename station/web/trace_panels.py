"""What the panel of a trace shows: the messages of a device up and down, what stands in each."""

import json
from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection

from protocols.uplink import topics
from station.decoding import uplink
from station.decoding.refused import Refused as Unreadable
from station.store import traces as store
from station.store.db import now_s
from station.web.arguments import whole
from station.web.errors import Refused
from station.web.i18n import word

TRACE_PANELS = ("trace",)
ROWS = 50
LEAVES = (*topics.UP, *topics.DOWN)
Row = dict[str, Any]
Arguments = Mapping[str, str]


def wanted(arguments: Arguments) -> Row:
    """The filter of an address: leaf or None, trouble; Refused: a slip in it."""
    leaf, trouble = arguments.get("leaf") or None, arguments.get("trouble") or ""
    if leaf not in (None, *LEAVES):
        raise Refused(400, "bad_argument", argument="leaf")
    if trouble not in ("", "1"):
        raise Refused(400, "bad_argument", argument="trouble")
    return {"leaf": leaf, "trouble": bool(trouble)}


def context(c: Connection, row: Row, arguments: Arguments) -> Row:
    """Everything the panels of TRACE_PANELS need, of a device."""
    asked, before = wanted(arguments), whole("before", arguments.get("before"))
    found = store.page(c, row["device"], ROWS + 1, before, **asked)
    state, now = store.get(c, row["device"]), now_s()
    return {
        "d": row,
        "messages": [shown(each) for each in found[:ROWS]],
        "asked": asked,
        "older": found[ROWS - 1]["id"] if len(found) > ROWS else None,
        "fresh": before is None,
        "trace": state,
        "on": bool(state and state["until_s"] > now),
        "kept": store.number(c, row["device"]),
        "most_kept": store.KEPT,
    }


def shown(each: Row) -> Row:
    """A message for people: what it is, in a line and whole."""
    facts: Row = {"t_s": each["t_ms"] // 1000, "ms": f"{each['t_ms'] % 1000:03}", "what": "", "text": ""}
    facts["trouble_words"] = word("refused", each["trouble"]) if each["trouble"] else ""
    if each["size"] > store.BYTES:
        return each | facts | {"what": _("too long to be kept whole")}
    try:
        read = uplink.decode(each["payload"])[0]
    except Unreadable as trouble:
        return each | facts | {"what": str(trouble)}
    body = read["body"]
    return each | facts | {"what": _line(body), "text": json.dumps(body, ensure_ascii=False, indent=1)}


def _line(body: Mapping[str, Any]) -> str:
    """What tells messages of a leaf apart."""
    if "records" in body:
        kinds = sorted({str(each.get("kind", "?")) for each in body["records"]})
        last = body["first_seq"] + len(body["records"]) - 1
        return f"{body['first_seq']}–{last}: {', '.join(kinds)}"
    if "command" in body:
        return f"#{body['command']} {word('command', str(body['kind']))}"
    if "marks" in body:
        return ", ".join(f"{stream} {seq}" for stream, seq in body["marks"].items())
    return ""
