"""The swap of a meter, CT, PT, terminal or concentrator: filled in, seen, confirmed; what it was."""

import secrets
from decimal import Decimal
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from station.archives import shapes, swap
from station.archives.kinds import METERED, SWAPPED
from station.errors import Invalid
from station.store import archives as store
from station.web.archives import Row, desk, known, today, token
from station.web.arguments import MOST
from station.web.db import view, writing
from station.web.errors import by_field
from station.web.forms import REGISTER
from station.web.rights import needs, scope

blueprint = Blueprint("archive_swaps", __name__, url_prefix="/archives")


def thing(number: int) -> Row:
    row = known(number)
    return row if row["kind"] in SWAPPED else abort(404)


def form(row: Row, values: Any, errors: dict[str, list[str]], plan: swap.Plan | None = None) -> str:
    return render_template(
        "archives/swap.html",
        row=row,
        values=values,
        errors=errors,
        plan=plan,
        metered=row["kind"] in METERED,
        once=values.get("once") or secrets.token_hex(16),
    )


@blueprint.get("/record/<int:number>/swap")
@needs("archive")
def draft(number: int) -> str:
    return form(thing(number), MultiDict({"day": shapes.day_text(today())}), {})


@blueprint.post("/record/<int:number>/swap")
@needs("archive")
def asked(number: int) -> AnyResponse | str | tuple[str, int]:
    """Seen first; done when it is confirmed as it was seen."""
    row, sent = thing(number), request.form
    try:
        if "confirm" not in sent:
            return form(row, sent, {}, swap.look(view(), desk(), row, wish()))
        with writing() as c:
            made = swap.do(c, desk(), row, wish(), sent.get("shown", ""), token())
    except Invalid as invalid:
        return form(row, sent, by_field(invalid.errors)), 422
    return redirect(url_for("archive_swaps.one", number=made))


def wish() -> swap.Wish:
    sent = request.form
    try:
        day: int | None = shapes.day_of(sent.get("day", ""))
    except ValueError:
        day = None
    last, final, initial = (register(sent.get(name, "")) for name in ("last_wh", "final_wh", "initial_wh"))
    text = sent.get("multiplier", "").strip()
    multiplier = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    return swap.Wish(
        sent.get("number", "").strip(), day, sent.get("reason", ""), last, final, initial, multiplier
    )


def register(text: str) -> int | None:
    """Wh of kWh as a meter shows them; None when it is no register."""
    text = text.strip()
    return int(Decimal(text).scaleb(3)) if REGISTER.fullmatch(text) else None


@blueprint.get("/swaps/<int:number>")
@needs("view")
def one(number: int) -> str:
    """With the energy used up to a register of the new meter, if one is asked for."""
    row = store.swap(view(), number, scope()) if number <= MOST else None
    if row is None:
        abort(404)
    now = register(request.args.get("now", ""))
    used = None
    if now is not None and row["final_wh"] is not None and now >= row["initial_wh"]:
        registers = (row["last_wh"], row["final_wh"], row["initial_wh"], now)
        used = swap.used_wh(*registers, row["ratio_before"], row["ratio_after"])
    old, new = (store.get(view(), row[which], scope()) for which in ("old", "new"))
    return render_template(
        "archives/swapped.html",
        swap=row,
        old=old,
        new=new,
        used=used,
        now=request.args.get("now", ""),
        day=shapes.day_text(row["day"]),
        mine=row["author"] == current_user.name,
    )
