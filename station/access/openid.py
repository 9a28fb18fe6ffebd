"""OpenID Connect, authorization code with PKCE: what the provider is asked, and what of its word holds.

Nothing is known here of people. The library that checks signatures is an extra: `ready`.
"""

import base64
import hashlib
import json
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from importlib.util import find_spec
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode, urlsplit

from station.errors import FieldError, Invalid
from station.settings import Settings, SingleSignOn, safe_address

WAIT_S = 5  # for each answer, to its last byte
MOST_BYTES = 256 * 1024  # of an answer
OFF_S = 60  # the clocks of station and provider may differ by
SCOPE = "openid profile"
ALGORITHMS = ("RS256", "PS256", "ES256")  # of a provider's key; never `none`, never a shared secret
KEY_TYPES = ("RSA", "EC")
ADDRESSES = ("authorization_endpoint", "token_endpoint", "jwks_uri")
Claims = dict[str, Any]


class Begun(NamedTuple):
    """What is remembered while the person is at the provider."""

    state: str
    nonce: str
    verifier: str


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: the secret goes where the provider's own description says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def ready() -> bool:
    """Whether the extra is installed."""
    return find_spec("joserfc") is not None


def provider(settings: Settings) -> tuple[SingleSignOn | None, str]:
    """What is set, and in words why it cannot be used; neither: nothing is set."""
    try:
        found = settings.single_sign_on()
    except (ValueError, OSError) as error:
        return None, str(error)
    if found is not None and not ready():
        return None, "single sign-on is off: install its packages: pip install 'loadkeeper[sso]'"
    return found, ""


def begin(held: SingleSignOn, back: str) -> tuple[str, Begun]:
    """The address at the provider to go to, and what to remember. `back`: where it sends the person to.

    Invalid (here and below): `sso_...`; `why` among its args is for the audit.
    """
    begun = Begun(*(secrets.token_urlsafe(32) for _ in Begun._fields))
    asked = {
        "response_type": "code",
        "client_id": held.client,
        "redirect_uri": back,
        "scope": SCOPE,
        "state": begun.state,
        "nonce": begun.nonce,
        "code_challenge": challenge(begun.verifier),
        "code_challenge_method": "S256",
    }
    address = described(held)["authorization_endpoint"]
    return f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}", begun


def challenge(verifier: str) -> str:
    """RFC 7636, S256."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def claims(held: SingleSignOn, code: str, begun: Begun, back: str, t_s: int) -> Claims:
    """Give the code back to the provider; what it says of the person, checked."""
    about = described(held)
    heads, sent = _who_asks(held, about)
    sent |= {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": back,
        "code_verifier": begun.verifier,
    }
    token = _ask(about["token_endpoint"], urlencode(sent).encode(), heads).get("id_token")
    if not isinstance(token, str):
        raise _unclear("id_token")
    return checked(held, token, _ask(about["jwks_uri"]), begun.nonce, t_s)


def described(held: SingleSignOn) -> Claims:
    """What the provider says of itself (OpenID Connect Discovery)."""
    about = _ask(held.issuer.rstrip("/") + "/.well-known/openid-configuration")
    if about.get("issuer") != held.issuer:
        raise _unclear("issuer")
    for name in ADDRESSES:
        if not isinstance(about.get(name), str) or not safe_address(about[name]):
            raise _unclear(name)
    return about


def _who_asks(held: SingleSignOn, about: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Head and fields that say who asks: in the head, unless the provider takes fields only."""
    ways = about.get("token_endpoint_auth_methods_supported")
    if isinstance(ways, list) and "client_secret_basic" not in ways:
        return {}, {"client_id": held.client, "client_secret": held.secret}
    pair = f"{quote(held.client, safe='')}:{quote(held.secret, safe='')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}, {}


# ---- the word of the provider


def checked(held: SingleSignOn, token: str, keys: Mapping[str, Any], nonce: str, t_s: int) -> Claims:
    """The claims of an ID token (OpenID Connect Core 3.1.3.7); Invalid `sso_token` whatever comes."""
    from joserfc.errors import JoseError
    from joserfc.jwk import KeySet
    from joserfc.jwt import JWTClaimsRegistry, decode

    rules = JWTClaimsRegistry(
        now=t_s,
        leeway=OFF_S,
        iss={"essential": True, "value": held.issuer},
        aud={"essential": True, "value": held.client},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        found = decode(token, KeySet.import_key_set({"keys": usable(keys)}), list(ALGORITHMS)).claims
        if not isinstance(found, dict):
            raise ValueError("claims")
        rules.validate(found)
    except JoseError as error:
        why = getattr(error, "claim", None) or error.error
        raise Invalid(FieldError("", "sso_token", {"why": why})) from error
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Invalid(FieldError("", "sso_token", {"why": type(error).__name__})) from error
    if _for_another(held, found):
        raise Invalid(FieldError("", "sso_token", {"why": "azp"}))
    return found


def usable(keys: Mapping[str, Any]) -> list[Any]:
    """Public keys of a set that are for signatures."""
    listed = keys.get("keys")
    return [
        each
        for each in (listed if isinstance(listed, list) else [])
        if isinstance(each, dict) and each.get("kty") in KEY_TYPES and each.get("use", "sig") == "sig"
    ]


def _for_another(held: SingleSignOn, found: Claims) -> bool:
    """A token for several stations must say which one asked for it."""
    several = isinstance(found["aud"], list) and len(found["aud"]) > 1
    return found.get("azp", None if several else held.client) != held.client


# ---- the line to the provider


def _ask(url: str, body: bytes | None = None, heads: Mapping[str, str] | None = None) -> Claims:
    request = urllib.request.Request(url, body, {"Accept": "application/json", **(heads or {})})
    host, ends = urlsplit(url).hostname or "", time.monotonic() + WAIT_S
    try:
        with _opener.open(request, timeout=WAIT_S) as reply:
            found = json.loads(_read(reply, ends))
    except urllib.error.HTTPError as error:
        error.close()
        raise _unclear(f"HTTP {error.code}") from error
    except OSError as error:  # no way, refused, too slow, no TLS
        why = type(getattr(error, "reason", error)).__name__
        raise Invalid(FieldError("", "sso_down", {"host": host, "why": why})) from error
    except (HTTPException, ValueError, RecursionError) as error:
        raise _unclear(type(error).__name__) from error
    if not isinstance(found, dict):
        raise _unclear("JSON")
    return found


def _read(reply: Any, ends: float) -> bytes:
    """The time-out of the line is for each piece: a slow provider could send one byte after the other."""
    out = b""
    while piece := reply.read1(MOST_BYTES):
        out += piece
        if len(out) > MOST_BYTES:
            raise ValueError("size")
        if time.monotonic() > ends:
            raise TimeoutError
    return out


def _unclear(why: str) -> Invalid:
    return Invalid(FieldError("", "sso_answer", {"why": why}))
