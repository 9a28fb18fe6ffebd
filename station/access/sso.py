"""Who comes in by the word of a provider (station.access.openid): only who exists here, with the rights here.

A person there is linked once to a person here, who proves it by the password. From then on the number there
(`sub`) counts, not the name: who is renamed there becomes nobody else here.
"""

from typing import Any, NamedTuple

from sqlalchemy import Connection

from station.access import factor, people
from station.errors import FieldError, Invalid
from station.settings import Settings, SingleSignOn
from station.store import audit, users
from station.store import sso_links as store

ROAD = "oidc"  # of a login, in the audit
NOBODY = "station"  # author in the audit where no account is known
SUB_CHARS, NAME_CHARS = 255, 64
FACTORS = frozenset({"mfa"})  # of the claim `amr` (RFC 8176)
CLASSES = frozenset(  # of the claim `acr`
    {"https://refeds.org/profile/mfa", "http://schemas.openid.net/pape/policies/2007/06/multi-factor"}
)
Row = dict[str, Any]


class Told(NamedTuple):
    """What the provider says of the person."""

    sub: str
    name: str  # of an account here; "": it does not say
    strong: bool  # proved there by two factors


def told(held: SingleSignOn, claims: Row) -> Told:
    """Invalid: a number that is none."""
    sub, name, amr = claims.get("sub"), claims.get(held.claim), claims.get("amr")
    if not isinstance(sub, str) or not 0 < len(sub) <= SUB_CHARS:
        raise Invalid(FieldError("", "sso_token", {"why": "sub"}))
    ways = {each for each in amr if isinstance(each, str)} if isinstance(amr, list) else set()
    strong = bool(ways & FACTORS) or (isinstance(claims.get("acr"), str) and claims["acr"] in CLASSES)
    return Told(sub, name if isinstance(name, str) and len(name) <= NAME_CHARS else "", strong)


def enter(c: Connection, held: SingleSignOn, who: Told, t_s: int) -> Row | FieldError:
    """The user row, or why not. Call inside db.writing and commit either way: a refusal stands in the audit.

    Two are no refusals, and name the account: `sso_link` (the person proves first that it is his: `link`)
    and `code_needed` (of the second factor here: access.login_code).
    """
    linked = store.meant(c, held.issuer, who.sub)
    name = linked["user"] if linked else who.name
    wrong = _why_not(c, held, who, name, t_s)
    if wrong is not None:
        refused(c, wrong, name)
        return wrong
    if linked is None:
        return FieldError("", "sso_link", {"name": name})
    if factor.has(c, name) and not (held.factor and who.strong):
        return FieldError("code", "code_needed", {"name": name})
    return people.entered(c, name, t_s, ROAD)


def _why_not(c: Connection, held: SingleSignOn, who: Told, name: str, t_s: int) -> FieldError | None:
    if not name:
        return FieldError("", "sso_claim", {"claim": held.claim})
    user = users.get(c, name)
    if user is None:
        return FieldError("", "sso_unknown", {"name": name})
    if user["disabled_s"] is not None:
        return FieldError("", "login_disabled")
    if user["locked_until_s"] > t_s:
        return people.locked(user, t_s)
    other = store.of(c, name)
    if other is not None and other["issuer"] == held.issuer and other["sub"] != who.sub:
        return FieldError("", "sso_other", {"name": name})
    return None


def link(
    c: Connection, settings: Settings, held: SingleSignOn, who: Told, password: str, code: str, t_s: int
) -> Row | FieldError:
    """The first time: whose account it is proves it by all that it needs here. Call and commit as `enter`."""
    wrong = _why_not(c, held, who, who.name, t_s)
    if wrong is None and store.meant(c, held.issuer, who.sub):
        wrong = FieldError("", "sso_state")  # somebody was quicker
    if wrong is not None:
        refused(c, wrong, who.name)
        return wrong
    wrong = people.confirm(c, settings, who.name, password, code, t_s)
    if wrong is not None:
        return wrong
    store.put(c, who.name, issuer=held.issuer, sub=who.sub, name_there=who.name, since_s=t_s)
    audit.add(c, who.name, "sso_linked", who.name, issuer=held.issuer, sub=who.sub)
    return people.entered(c, who.name, t_s, ROAD)


def unlink(c: Connection, user: str) -> bool:
    """False: there was no link."""
    linked = store.of(c, user)
    if linked is None:
        return False
    store.off(c, user)
    audit.add(c, user, "sso_unlinked", user, issuer=linked["issuer"], sub=linked["sub"])
    return True


def refused(c: Connection, why: FieldError, name: str = "") -> None:
    """Note it; `name`: of the account that was meant, as far as it is known."""
    author = name if name and users.get(c, name) else NOBODY
    audit.add(c, author, "sso_refused", name or "sso", reason=why.key, **why.args)
