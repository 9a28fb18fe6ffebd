"""The log-ins of who is at the desk: where they are, and their end."""

from flask import Blueprint, abort, flash, redirect, render_template, session, url_for
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.wrappers import Response

from station.access import sessions as rules
from station.store import web_sessions as store
from station.store.db import now_s
from station.web import people
from station.web.db import view, writing
from station.web.i18n import word
from station.web.rights import ANYONE, needs

blueprint = Blueprint("sessions", __name__, url_prefix="/sessions")
ROWS = 50


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    found = store.of(view(), current_user.name, ROWS)
    mine, now, held = rules.digest(session["sid"]), now_s(), people.policy()
    shown = [row | {"mine": row["hash"] == mine, "over": rules.over(row, held, 0, now)} for row in found]
    others = sum(not row["over"] and not row["mine"] for row in shown)
    words = {row["over"]: word("session_end", row["over"]) for row in shown if row["over"]}
    return render_template("sessions.html", found=shown, others=others, words=words, held=held)


@blueprint.post("/others/end")
@needs(ANYONE)
def end_others() -> Response:
    with writing() as c:
        ended = rules.end_others(c, current_user.name, session["sid"], now_s())
    flash(_("Sessions that were ended: %(n)s", n=ended), "ok")
    return redirect(url_for("sessions.page"))


@blueprint.post("/<int:number>/end")
@needs(ANYONE)
def end(number: int) -> Response:
    with writing() as c:
        if not rules.end_one(c, current_user.name, number, now_s()):
            abort(404)
    return redirect(url_for("sessions.page"))
