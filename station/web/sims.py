"""SIM cards as they run: traffic and cost of the last month, what is odd, one card's months as a picture."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Blueprint, Response, abort, render_template, request
from flask_babel import gettext as _
from flask_login import current_user

from station.archives.sims import RULES
from station.store import audit
from station.store import sims as store
from station.web.area import as_csv
from station.web.arguments import MOST
from station.web.db import view, writing
from station.web.figures import fixed
from station.web.i18n import word
from station.web.rights import needs, scope, scope_for

blueprint = Blueprint("sims", __name__, url_prefix="/stock/sims")
ROWS, CSV_ROWS, MONTHS = 50, 1000, 24
ANY = "any"
MB = 1 << 20
STATES = ("active", "stopped", "expired")
STATE_TONES = {"active": ("ok", "ok"), "stopped": ("warn", "warn"), "expired": ("trip", "warn")}
HEIGHT, WIDE, GAP = 120, 24, 6  # of the picture: a bar, and what lies between two
Row = dict[str, Any]


def megabytes(amount: int) -> str:
    """Bytes as MB, rounded down to two digits behind the point."""
    return fixed(amount * 100 // MB, -2)


def month_name(month: int) -> str:
    return f"{month // 100}-{month % 100:02}"


def _wanted() -> dict[str, str]:
    rule = request.args.get("finding", "")
    if rule not in ("", ANY, *RULES):
        abort(404)
    return {"rule": rule, "q": request.args.get("q", "").strip()[:64]}


def _listed(seen: Any, limit: int, after: str, wanted: Mapping[str, str]) -> list[Row]:
    found = store.page(view(), seen, limit, after, among=tuple(RULES), rule=wanted["rule"], q=wanted["q"])
    open_rules = store.open_rules(view(), [row["id"] for row in found], tuple(RULES))
    return [row | {"findings": open_rules.get(row["id"], [])} for row in found]


@blueprint.get("")
@needs("stock")
def page() -> str:
    wanted = _wanted()
    found = _listed(scope(), ROWS + 1, request.args.get("after", "")[:40], wanted)
    return render_template(
        "stock/sims.html",
        found=found[:ROWS],
        more=found[ROWS - 1]["number"] if len(found) > ROWS else None,
        wanted=wanted,
        month=store.last_month(view()),
        counts=store.counted(view(), scope(), tuple(RULES)),
        rules=tuple(RULES),
        any=ANY,
        month_name=month_name,
        megabytes=megabytes,
        tones=STATE_TONES,
    )


@blueprint.get("/sims.csv")
@needs("export")
def csv() -> Response:
    seen, wanted = scope_for("stock"), _wanted()
    with writing() as c:
        audit.add(c, current_user.name, "exported", "sims", **wanted)
    heads = (
        "ICCID",
        _("Operator"),
        _("State"),
        _("Terminal or concentrator"),
        _("Unit"),
        _("Month"),
        _("Traffic, bytes"),
        _("Quota, bytes"),
        _("Cost, yuan"),
        _("IP address"),
        _("Findings"),
    )
    return as_csv("sims.csv", heads, _cells(seen, wanted))


def _cells(seen: Any, wanted: Mapping[str, str]) -> Iterator[tuple[Any, ...]]:
    after, month = "", store.last_month(view())
    while found := _listed(seen, CSV_ROWS, after, wanted):
        after = found[-1]["number"]
        for row in found:
            if not scope().holds(view(), row["unit"]):
                continue
            told = row["month_traffic_bytes"] is not None and month is not None
            facts = ("month_traffic_bytes", "month_quota_bytes")
            yield (
                row["number"],
                word("archive_value", row["facts"]["operator"]) if row["facts"].get("operator") else "",
                word("archive_state", row["state"]),
                row["in_device"] or "",
                row["unit_name"],
                month_name(month) if told and month else "",
                *(row[name] if told else "" for name in facts),
                fixed(row["month_cost_yuan_e4"], -4) if told else "",
                row["month_ip"] or "",
                "; ".join(word("archive_rule", each) for each in row["findings"]),
            )


@blueprint.get("/<int:number>")
@needs("stock")
def one(number: int) -> str:
    row = (store.card(view(), scope(), number) if number <= MOST else None) or abort(404)
    told = store.told_of(view(), number, MONTHS)
    return render_template(
        "stock/sim.html",
        s=row,
        told=told,
        bars=bars(told[::-1]),
        height=HEIGHT,
        findings=store.open_rules(view(), [number], tuple(RULES)).get(number, []),
        month_name=month_name,
        megabytes=megabytes,
        tones=STATE_TONES,
    )


def bars(told: Sequence[Row]) -> list[Row]:
    """A bar a month in a picture HEIGHT high: month, x, wide, top, high, over, `quota` (height or None)."""
    most = max([1, *(max(each["traffic_bytes"], each["quota_bytes"]) for each in told)])
    out = []
    for n, each in enumerate(told):
        high, line = (HEIGHT * each[name] // most for name in ("traffic_bytes", "quota_bytes"))
        over = bool(each["quota_bytes"]) and each["traffic_bytes"] > each["quota_bytes"]
        place = {"x": n * (WIDE + GAP), "wide": WIDE, "high": high, "top": HEIGHT - high, "over": over}
        out.append(place | {"month": each["month"], "quota": HEIGHT - line if each["quota_bytes"] else None})
    return out
