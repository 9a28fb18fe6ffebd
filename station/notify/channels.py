"""The ways out: e-mail, a webhook with a signature, an SMS gateway by HTTP. No store here."""

import hashlib
import hmac
import json
import re
import smtplib
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from station.errors import FieldError

WAIT_S = 10  # for a server; the next one has its turn
EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,190}")
PHONE = re.compile(r"\+?[0-9]{5,15}")
HOST = re.compile(r"[A-Za-z0-9.:-]{1,190}")
FIELD = re.compile(r"[A-Za-z0-9_.-]{1,40}")
TLS = ("starttls", "tls", "none")
SECRET_CHARS = 16  # at least, of a key that signs
SIGNATURE = "X-Loadkeeper-Signature"  # t=UNIX_SECONDS,v1=HEX of HMAC-SHA256 over "UNIX_SECONDS.BODY"
DELIVERY = "X-Loadkeeper-Delivery"  # the same for every try: who gets it twice can tell


class Notice(NamedTuple):
    id: int
    address: str
    subject: str
    body: str


class Failed(Exception):
    """A server that refused it or did not answer; the text names no secret."""


Config = Mapping[str, Any]


class Kind(NamedTuple):
    fields: tuple[str, ...]  # of the config
    address: re.Pattern[str] | None  # of a subscription; None: the channel itself is the address
    send: Callable[[Config, str, Notice, int], None]  # (config, secret, notice, t_s); Failed


def check(kind: str, config: Config, secret: str, has_secret: bool) -> list[FieldError]:
    """What is wrong with a channel; `has_secret`: one is stored and an empty one keeps it."""
    problems = []
    for name in KINDS[kind].fields:
        wrong = _CHECKS[name](config.get(name))
        if wrong:
            problems.append(FieldError(name, wrong))
    if kind == "webhook" and not (has_secret and not secret) and len(secret) < SECRET_CHARS:
        problems.append(FieldError("secret", "secret_short", {"least": SECRET_CHARS}))
    return problems


def bad_url(value: Any) -> str:
    """Key of station.errors; "" for a good one."""
    try:
        parts = urlsplit(value or "")
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    return "" if fine and len(value) < 500 and value.isprintable() and " " not in value else "bad_url"


def _port(value: Any) -> str:
    return "" if isinstance(value, int) and 0 < value < 65536 else "not_a_number"


def _like(pattern: re.Pattern[str]) -> Callable[[Any], str]:
    return lambda value: "" if pattern.fullmatch(str(value or "")) else "bad_address"


_CHECKS: Mapping[str, Callable[[Any], str]] = {
    "host": _like(HOST),
    "port": _port,
    "from": _like(EMAIL),
    "tls": lambda value: "" if value in TLS else "needed",
    "user": lambda value: "" if len(str(value or "")) <= 190 else "bad_address",
    "url": bad_url,
    "to_field": _like(FIELD),
    "text_field": _like(FIELD),
}


def _email(config: Config, secret: str, notice: Notice, _t_s: int) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = config["from"], notice.address, notice.subject
    message["Message-ID"] = f"<{notice.id}.{config['from']}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(notice.body)
    try:
        with _server(config) as server:
            if config["tls"] == "starttls":
                server.starttls(context=ssl.create_default_context())
            if config.get("user"):
                server.login(config["user"], secret)
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise Failed(type(error).__name__) from error


def _server(config: Config) -> smtplib.SMTP:
    if config["tls"] == "tls":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(config["host"], config["port"], timeout=WAIT_S, context=context)
    return smtplib.SMTP(config["host"], config["port"], timeout=WAIT_S)


def signature(secret: str, t_s: int, body: bytes) -> str:
    made = hmac.new(secret.encode(), f"{t_s}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={t_s},v1={made}"


def _webhook(config: Config, secret: str, notice: Notice, t_s: int) -> None:
    told = {"delivery": notice.id, "subject": notice.subject, "body": notice.body, "t_s": t_s}
    body = json.dumps(told, ensure_ascii=False).encode()
    heads = {"Content-Type": "application/json", SIGNATURE: signature(secret, t_s, body)}
    post(config["url"], body, heads | {DELIVERY: str(notice.id)})


def _sms(config: Config, secret: str, notice: Notice, _t_s: int) -> None:
    told = {config["to_field"]: notice.address, config["text_field"]: notice.subject}
    heads = {"Content-Type": "application/x-www-form-urlencoded", DELIVERY: str(notice.id)}
    if secret:
        heads["Authorization"] = f"Bearer {secret}"
    post(config["url"], urlencode(told).encode(), heads)


class _Stay(urllib.request.HTTPRedirectHandler):
    """A redirect is an error: a notice goes where the channel says, and nowhere else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Stay)


def post(url: str, body: bytes, heads: Mapping[str, str]) -> None:
    """Failed when the server does not answer 2xx."""
    request = urllib.request.Request(url, body, dict(heads), method="POST")
    try:
        with _opener.open(request, timeout=WAIT_S) as reply:
            reply.read(1024)
    except urllib.error.HTTPError as error:
        error.close()
        raise Failed(f"HTTP {error.code}") from error
    except (OSError, ValueError) as error:
        raise Failed(type(error).__name__) from error


KINDS: Mapping[str, Kind] = {
    "email": Kind(("host", "port", "tls", "from", "user"), EMAIL, _email),
    "webhook": Kind(("url",), None, _webhook),
    "sms": Kind(("url", "to_field", "text_field"), PHONE, _sms),
}
