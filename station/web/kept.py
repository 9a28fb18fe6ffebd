"""A form that comes when its session has ended is not lost: it is kept for a day, and comes back unsent.

Nothing is done with it by itself. Who logs in under the same name finds it filled in on its page
(static/js/kept.js), and as a list. Passwords, codes and files are not kept; the form of nobody neither.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    flash,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.wrappers import Response as AnyResponse

from station.store import kept_forms as store
from station.store.db import now_s
from station.web import errors
from station.web.db import view, writing
from station.web.rights import ANYONE, needs

blueprint = Blueprint("kept", __name__, url_prefix="/unsent")
KEEP_S = 86_400  # over a night
MOST_BYTES = 64 * 1024  # as any form; a file behind it is not read
NEVER = frozenset(("auth", "sso", "kept", "live", "api"))  # blueprints
SECRETS = frozenset(("password", "old", "again", "secret"))
CODE = "code"  # secret where a password stands beside it
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
Row = dict[str, Any]


# ---- kept


def ended(name: str) -> None:
    """Remember in the signed cookie whose session it was that ended by itself."""
    session["was"] = name


def keep(path: str | None = None) -> str | None:
    """Keep the form of this request, sent to `path` (default: where it came).

    Returns the address at which it is found again; None: there is nothing to keep, or nobody to keep it for.
    """
    path = request.full_path.rstrip("?") if path is None else path
    person = _person()
    if not person or not _is_form() or not _takes(path):
        return None
    page = _page_of(path)
    fields, lacks = _open_fields()
    at = now_s()
    with writing() as c:
        facts = {"at_s": at, "page": page, "fields": fields, "lacks": int(lacks)}
        store.put(c, person, path, at - KEEP_S, **facts)
    session["unsent"] = g.just_kept = True
    return page or url_for("kept.page")


def _person() -> str:
    if current_user.is_authenticated:
        return current_user.name
    return session.get("was") or session.get("_user_id", "").partition(" ")[2]


def _is_form() -> bool:
    """A form of a page of this station. Its token is worth nothing now: the browser says whence it is."""
    length, origin = request.content_length, urlsplit(request.headers.get("Origin", ""))
    small = length is not None and length <= MOST_BYTES
    posted = request.method == "POST" and request.mimetype in FORMS
    return posted and small and origin.netloc == request.host


def _takes(path: str) -> bool:
    return path.startswith("/") and _is_ours(path, "POST")


def _page_of(path: str) -> str:
    """The page that showed the form: where it came from, else its own address; empty: neither shows one."""
    came = urlsplit(request.headers.get("Referer", ""))
    before = came._replace(scheme="", netloc="").geturl() if came.netloc == request.host else ""
    return next((each for each in (before, path) if each and _is_ours(each, "GET")), "")


def _is_ours(path: str, method: str) -> bool:
    routes, bare = current_app.create_url_adapter(request), path.partition("?")[0]
    if routes is None or not routes.test(bare, method):
        return False
    return routes.match(bare, method)[0].partition(".")[0] not in NEVER


def _open_fields() -> tuple[list[list[str]], bool]:
    """([[name, text]], whether something was left out)"""
    secret = SECRETS | {CODE} if "password" in request.form else SECRETS
    fields = [[*pair] for pair in request.form.items(multi=True) if pair[0] != "csrf_token"]
    kept = [pair for pair in fields if pair[0] not in secret]
    return kept, len(kept) < len(fields) or any(each.filename for each in request.files.values())


# ---- given back


def welcome(name: str) -> None:
    """Who logged in finds what waits. Call when the session is fresh."""
    if store.of(view(), name, now_s() - KEEP_S):
        session["unsent"] = True


def unsent() -> list[Row]:
    """What waits for who is at the desk, newest first; `here`: this page shows it.

    Nothing for the answer to a form: that shows what was typed last."""
    if request.method == "POST" or not session.get("unsent") or not current_user.is_authenticated:
        return []
    found = store.of(view(), current_user.name, now_s() - KEEP_S)
    if not found:
        session.pop("unsent")
    asked = request.full_path.rstrip("?")
    return [row | {"here": row["page"] == asked} for row in found]


@blueprint.get("")
@needs(ANYONE)
def page() -> str:
    found = store.of(view(), current_user.name, now_s() - KEEP_S)
    return render_template("unsent.html", found=found, hold_h=KEEP_S // 3600)


@blueprint.post("")
@needs(ANYONE)
def put() -> tuple[str, int]:
    """A page whose session ended hands over what was typed before it closes. `for`: where its form goes."""
    keep(request.args.get("for", ""))
    return "", 204


@blueprint.post("/<int:number>/away")
@needs(ANYONE)
def away(number: int) -> AnyResponse:
    row = store.get(view(), current_user.name, number, now_s() - KEEP_S) or abort(404)
    with writing() as c:
        store.remove(c, row["person"], row["path"])
    return redirect(url_for("kept.page"))


def _taken(response: Response) -> Response:
    """What was sent now after all is not kept any more."""
    sent = request.method == "POST" and response.status_code < 400 and not g.get("just_kept")
    if sent and session.get("unsent") and current_user.is_authenticated:
        with writing() as c:
            store.remove(c, current_user.name, request.full_path.rstrip("?"))
    return response


def to_login() -> AnyResponse:
    """The way to the log-in and back: to the page that was asked for, or to the form that was kept."""
    asked = request.full_path.rstrip("?") if request.method == "GET" else keep()
    if g.get("just_kept"):
        flash(_("What you typed was not sent, and is kept: log in, and it is there again."), "warn")
    return redirect(url_for("auth.login", next=asked if asked != "/" else None))


def _without_token(_error: CSRFError) -> Any:
    """A form of a session that is over: of who logged in anew meanwhile, or of nobody any more."""
    if request.endpoint == "kept.put":
        return put()
    way = None if errors.for_script() else keep()
    if way is None:
        return errors.page(400, "csrf")
    return redirect(way, 303) if current_user.is_authenticated else to_login()


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(unsent=unsent)
    app.register_error_handler(CSRFError, _without_token)
    app.after_request(_taken)
