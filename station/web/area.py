"""Pages of a concentrator and of one of its meters."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, abort, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response as AnyResponse

from protocols.meters.points import BY_ALIAS, QUALITIES
from protocols.uplink import archive_rows
from protocols.uplink.area import OUTCOMES
from station.area import life, rows
from station.area import load as way
from station.errors import Invalid
from station.store import area as store
from station.store import devices, events
from station.store.db import now_s
from station.store.readings import DAY_S
from station.web import curve, feed, heat
from station.web.arguments import whole
from station.web.db import view, writing
from station.web.errors import said
from station.web.figures import fixed, share

blueprint = Blueprint("area", __name__, url_prefix="/areas/<device>")
PAGE_ROWS = 50
DAYS, METER_DAYS = 14, 31
ENERGY = BY_ALIAS["energy_import_wh"]
STATES = ("all", "missing", "cut", "prepaid")
LOAD_TONES = {
    way.SENDING: ("accent", "clock"),
    way.LOADED: ("ok", "ok"),
    way.REFUSED: ("trip", "warn"),
    way.GIVEN_UP: ("warn", "clock"),
    way.STOPPED: ("idle", "hand"),
}


def _concentrator(device: str) -> dict[str, Any]:
    row = devices.get(view(), device)
    if row is None or row["area"] is None:
        abort(404)
    return row


def _today(row: Mapping[str, Any]) -> int:
    """Label of the freeze of the last local midnight."""
    offset_s = row["utc_offset_s"]
    return curve.day_start(curve.local_day(now_s(), offset_s), offset_s)


@blueprint.get("")
def page(device: str) -> str:
    row = _concentrator(device)
    c, now = view(), store.now(view(), device)
    meters, today = store.archive(c, device), _today(row)
    labels = [today - n * DAY_S for n in range(DAYS)]
    frozen = store.frozen(c, device, labels[-1])
    loads = store.loads(c, device, 1)
    known = {(each["line"], each["address"]) for each in meters}
    return render_template(
        "area.html",
        d=row,
        now=now,
        drift=life.drift(c, device),
        wanted=len(meters),
        load=_load(loads[0]) if loads else None,
        duties=[_duty(each) for each in now["duties"]] if now else [],
        work=[_work(each) for each in now["work"]] if now else [],
        heat=heat.draw([each["meter"] for each in meters], labels, frozen, row["utc_offset_s"]),
        table=_table(meters, frozen, today, store.ledgers(c, device)),
        unknown=[each for each in _unknown(device) if (each["line"], each["digits"]) not in known],
        events=feed.show_all(events.recent(c, device, 8), row["utc_offset_s"]),
    )


def _duty(row: Sequence[int]) -> dict[str, Any]:
    duty, slot_s, done, absent, wanted = row
    facts = {"duty": duty, "slot_s": slot_s, "done": done, "absent": absent, "wanted": wanted}
    return facts | {"percent": share(done, wanted)}


def _work(row: Sequence[int]) -> dict[str, Any]:
    command, done, failed, wanted = row
    facts = {"command": command, "done": done, "failed": failed, "wanted": wanted}
    return facts | {"percent": share(done + failed, wanted)}


def _load(row: Mapping[str, Any]) -> dict[str, Any]:
    tone, shape = LOAD_TONES[row["state"]]
    return {**row, "tone": tone, "shape": shape, "percent": share(row["done"], row["total"])}


def _unknown(device: str) -> list[dict[str, Any]]:
    found = store.unknown(view(), device)
    return [each | {"digits": archive_rows.digits(each["address"])} for each in found]


def _table(
    meters: Sequence[Mapping[str, Any]],
    frozen: set[tuple[int, int]],
    today: int,
    ledgers: Mapping[int, Mapping[str, Any]],
) -> dict[str, Any]:
    """The meters that fit the address, one page of them."""
    text, state = request.args.get("q", "").strip()[:64], request.args.get("state", "all")
    holds = {
        "missing": lambda each: (each["meter"], today) not in frozen,
        "cut": lambda each: bool(each["ledger"] and each["ledger"]["cut"]),
        "prepaid": lambda each: bool(each["flags"] & archive_rows.PREPAID),
    }.get(state, lambda _each: True)
    all_of = [_meter(each, ledgers.get(each["meter"]), (each["meter"], today) in frozen) for each in meters]
    found = [each for each in all_of if _fits(each, text) and holds(each)]
    pages = max(1, -(-len(found) // PAGE_ROWS))
    page = min(whole("page", request.args.get("page")) or 1, pages)
    return {
        "rows": found[(page - 1) * PAGE_ROWS : page * PAGE_ROWS],
        "total": len(found),
        "page": page,
        "pages": pages,
        "q": text,
        "state": state if state in STATES else "all",
    }


def _fits(row: Mapping[str, Any], text: str) -> bool:
    return text in row["address"] or text.casefold() in row["name"].casefold() or text == str(row["meter"])


def _meter(row: Mapping[str, Any], ledger: Mapping[str, Any] | None, frozen: bool) -> dict[str, Any]:
    flags = [name for name, bit in rows.FLAGS.items() if row["flags"] & bit]
    return {**row, "ledger": ledger, "frozen": frozen, "flag_names": flags}


@blueprint.get("/meters.csv")
def table_csv(device: str) -> Response:
    _concentrator(device)
    text = rows.write(store.archive(view(), device), chinese=True)
    made = Response("\ufeff" + text, mimetype="text/csv")  # the mark: spreadsheets take it for UTF-8
    made.headers["Content-Disposition"] = f'attachment; filename="{device}-meters.csv"'
    return made


@blueprint.post("/load")
def load(device: str) -> AnyResponse:
    _concentrator(device)
    with writing() as c:
        life.begin(c, device, current_user.name)
    flash(_("The archive is being loaded; what runs stands until all is there."), "ok")
    return redirect(url_for("area.page", device=device))


@blueprint.post("/take")
def take(device: str) -> AnyResponse:
    _concentrator(device)
    line = whole("line", request.form.get("line")) or 0
    try:
        with writing() as c:
            number = life.adopt(c, device, line, request.form.get("address", ""), current_user.name)
        flash(_("Taken into the archive as meter %(n)s. Load the archive to bring it there.", n=number), "ok")
    except Invalid as invalid:
        flash(" ".join(said(error) for error in invalid.errors), "error")
    return redirect(url_for("area.page", device=device))


@blueprint.get("/meters/<int:number>")
def meter(device: str, number: int) -> str:
    row = _concentrator(device)
    c = view()
    found = store.meter(c, device, number) if number <= archive_rows.MOST else None
    if found is None:
        abort(404)
    today = _today(row)
    held = store.freezes(c, device, today - (METER_DAYS - 1) * DAY_S, today + 1, number)
    ledger = store.ledger(c, device, number)
    return render_template(
        "area_meter.html",
        d=row,
        r=_meter(found, ledger, any(each["slot_s"] == today for each in held)),
        ledger=ledger,
        orders=store.orders(c, device, number),
        next_order=life.next_order(c, device, number),
        freezes=_freezes(held, [today - n * DAY_S for n in range(METER_DAYS)]),
        absents=store.absents(c, device, number, 8),
        outcomes=OUTCOMES,
    )


def _freezes(held: Sequence[Mapping[str, Any]], labels: Sequence[int]) -> list[dict[str, Any]]:
    """By day, the newest first: total, use since the day before where both are here, quality."""
    totals = {each["slot_s"]: each["values"].get(ENERGY[0]) for each in held}
    quality = {each["slot_s"]: QUALITIES.get(each["quality"], "") for each in held}
    out = []
    for label in labels:
        total, before = totals.get(label), totals.get(label - DAY_S)
        used = total - before if total is not None and before is not None else None
        out.append(
            {
                "label": label,
                "total": fixed(total, -3, 2),
                "used": fixed(used, -3, 2),
                "quality": quality.get(label, "missing"),
            }
        )
    return out
