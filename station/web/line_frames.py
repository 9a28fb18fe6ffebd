"""Raw frames of a device: the last ones of its meter line, and answers to frames that were forwarded."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from protocols.uplink import area
from station.area import requests
from station.decoding import known
from station.store import area as store
from station.store import audit, devices, live
from station.store.commands import restored
from station.web import frames
from station.web.area import as_csv
from station.web.db import view, writing
from station.web.decoded import shown_frames
from station.web.figures import local
from station.web.i18n import word
from station.web.rights import needs

blueprint = Blueprint("line_frames", __name__, url_prefix="/terminals/<device>")
REPLIES, ADDRESS_CHARS = 50, 32
OUTCOMES = ("good", "trouble")
Row = dict[str, Any]


def found(device: str) -> tuple[Row, list[Row]]:
    """(the device, its frames that fit the filter of the address, newest first)."""
    row = devices.get(view(), device) or abort(404)
    meter, outcome = wanted()
    now = live.latest(view(), device)
    rows = [of_line(each) for each in frames.show_all(now["frames"])] if now else []
    if row["area"] is not None:
        links = [profile.link for profile in requests.profiles(row).values()]
        rows += [
            each for told in store.last_replies(view(), device, REPLIES) for each in forwarded(told, links)
        ]
    return row, [each for each in rows if fits(each, meter, outcome)]


def wanted() -> tuple[str, str]:
    outcome = request.args.get("outcome", "")
    return request.args.get("meter", "").strip()[:ADDRESS_CHARS], outcome if outcome in OUTCOMES else ""


def fits(row: Mapping[str, Any], meter: str, outcome: str) -> bool:
    return meter in row["address"] and outcome in ("", "trouble" if row["trouble"] else "good")


def of_line(shown: Mapping[str, Any]) -> Row:
    what = f"{word('frame', shown['function'])} {shown['di'] or ''}".strip()
    return {**shown, "what": what, "command": None}


def forwarded(told: Mapping[str, Any], links: list[str]) -> list[Row]:
    """An answer and the frame it answers; without bytes it says why."""
    params = {name: restored(value) for name, value in told["params"].items()}
    rows = [_plain(told, told["created_s"], params["data"], links, sent=True)]
    if told["data"]:
        return [_plain(told, told["t_s"], told["data"], links, sent=False), *rows]
    outcome = area.OUTCOMES.get(told["reason"] or 1, str(told["reason"]))
    mute = rows[0] | {"t_s": told["t_s"], "sent": False, "hex": "", "points": [], "what": ""}
    return [mute | {"trouble": word("outcome", outcome)}, *rows]


def _plain(told: Mapping[str, Any], t_s: int, data: bytes, links: list[str], sent: bool) -> Row:
    shown = shown_frames(*known.explain(data, links))
    lines = [line for each in shown["frames"] for line in (*each["facts"], *each["values"])]
    troubles = [each["trouble"] for each in shown["frames"] if each["trouble"]]
    return {
        "t_s": t_s,
        "sent": sent,
        "hex": data.hex(" ").upper(),
        "address": next((text for label, text in lines if label == word("decoded", "address")), ""),
        "what": shown["protocol"] or word("frame", "unreadable"),
        "points": lines,
        "trouble": "; ".join(troubles) or (None if shown["frames"] else _("no complete frame")),
        "command": told["command"],
    }


@blueprint.get("/frames")
@needs("view")
def page(device: str) -> str:
    row, rows = found(device)
    meter, outcome = wanted()
    return render_template(
        "query/frames.html",
        d=row,
        frames=rows,
        meter=meter,
        outcome=outcome,
        outcomes=OUTCOMES,
        address_chars=ADDRESS_CHARS,
    )


@blueprint.get("/frames.csv")
@needs("export")
def csv(device: str) -> Response:
    row, rows = found(device)
    with writing() as c:
        audit.add(c, current_user.name, "exported", f"frames of {device}", rows=len(rows))
    heads = (
        _("Time"),
        _("Direction"),
        _("Address"),
        _("Function"),
        _("Decoded"),
        _("Trouble"),
        _("Raw bytes"),
    )
    lines = [
        (
            local(each["t_s"], row["utc_offset_s"], "%Y-%m-%d %H:%M:%S"),
            _("sent") if each["sent"] else _("received"),
            each["address"],
            each["what"],
            "; ".join(f"{name} {value}" for name, value in each["points"]),
            each["trouble"] or "",
            each["hex"],
        )
        for each in rows
    ]
    return as_csv(f"frames-{device}.csv", heads, lines)
