"""Channels of the house, its templates, and what each person wants to be told. Changes stand in the audit."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from station.checks import refuse, whole
from station.errors import FieldError, Invalid
from station.notify import channels, words
from station.notify.outbox import DAY_MIN
from station.seal import CHANNELS, seal
from station.settings import Settings
from station.store import audit
from station.store import notify as store
from station.store.db import now_s
from station.store.scope import Scope

NAME_CHARS = 40
MOST_PER_HOUR = 10_000
Wanted = Mapping[str, Any]


# ---- channels


def add_channel(c: Connection, who: str, settings: Settings, kind: str, wanted: Wanted) -> int:
    if kind not in channels.KINDS:
        raise Invalid(FieldError("kind", "needed"))
    facts = _channel(kind, wanted, False)
    secret = seal(settings, CHANNELS, wanted["secret"]) if wanted.get("secret") else None
    if store.named(c, facts["name"]) is not None:
        raise Invalid(FieldError("name", "name_taken"))
    number = store.add_channel(c, kind=kind, secret=secret, **facts)
    audit.add(c, who, "channel_added", f"channel {number}", kind=kind, **facts)
    return number


def change_channel(
    c: Connection, who: str, settings: Settings, number: int, version: int, wanted: Wanted
) -> None:
    """An empty secret keeps the one that is there."""
    row = store.channel(c, number)
    if row is None:
        raise Invalid(FieldError("", "no_such_channel"))
    facts = _channel(row["kind"], wanted, row["secret"] is not None)
    secret = {"secret": seal(settings, CHANNELS, wanted["secret"])} if wanted.get("secret") else {}
    if store.named(c, facts["name"]) not in (None, number):
        raise Invalid(FieldError("name", "name_taken"))
    if not store.change_channel(c, number, version, **facts, **secret):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "channel_changed", f"channel {number}", secret=bool(secret), **facts)


def _channel(kind: str, wanted: Wanted, has_secret: bool) -> dict[str, Any]:
    config = {name: wanted.get(name) for name in channels.KINDS[kind].fields}
    problems = channels.check(kind, config, wanted.get("secret", ""), has_secret)
    name = str(wanted.get("name", "")).strip()
    if not name:
        problems.append(FieldError("name", "needed"))
    if len(name) > NAME_CHARS:
        problems.append(FieldError("name", "too_long", {"most": NAME_CHARS}))
    per_hour = whole(wanted.get("per_hour"), "per_hour", 1, MOST_PER_HOUR, problems)
    refuse(problems)
    return {"name": name, "config": config, "per_hour": per_hour, "on": int(bool(wanted.get("on")))}


def test(c: Connection, who: str, number: int, address: str, language: str, token: str) -> None:
    """Put a test notice into the outbox; a second press of the same form puts none."""
    row = store.channel(c, number)
    if row is None:
        raise Invalid(FieldError("", "no_such_channel"))
    subject, body = words.test(language)
    facts = {"address": _address(row["kind"], address), "language": language, "channel": number}
    at = now_s()
    texts = {"subject": subject, "body": body, "state": "waiting", "next_s": at, "created_s": at}
    store.put(c, key=f"test:{token}", **facts, **texts)
    audit.add(c, who, "channel_tested", f"channel {number}")


def _address(kind: str, address: str) -> str:
    pattern = channels.KINDS[kind].address
    if pattern is None:
        return ""
    if not pattern.fullmatch(address.strip()):
        raise Invalid(FieldError("address", "bad_address"))
    return address.strip()


def change_template(
    c: Connection, who: str, language: str, what: str, seen: int, subject: str, body: str
) -> None:
    if (language, what) not in words.DEFAULTS:
        raise Invalid(FieldError("", "no_such_channel"))
    words.check(subject, body)
    if not store.put_template(c, language, what, seen, subject.strip(), body.replace("\r\n", "\n")):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "notice_template_changed", f"{language} {what}", text=subject.strip())


# ---- subscriptions


def subscribe(c: Connection, who: str, scope: Scope, wanted: Wanted, token: str) -> None:
    """For oneself; `scope` is where one may see alarms."""
    facts = _wish(c, scope, wanted)
    store.subscribe(c, token=token, user=who, on=1, **facts)
    audit.add(c, who, "subscribed", who, channel=facts["channel"], unit=facts["unit"])


def _wish(c: Connection, scope: Scope, wanted: Wanted) -> dict[str, Any]:
    problems: list[FieldError] = []
    facts = {
        "severity": whole(wanted.get("severity"), "severity", 1, 4, problems),
        "quiet_from_min": whole(wanted.get("quiet_from_min"), "quiet_from", 0, DAY_MIN - 1, problems),
        "quiet_until_min": whole(wanted.get("quiet_until_min"), "quiet_until", 0, DAY_MIN - 1, problems),
        "escalated_only": int(bool(wanted.get("escalated_only"))),
        "kinds": sorted(set(wanted.get("kinds", ()))),
        "unit": wanted.get("unit"),
        "language": wanted.get("language"),
    }
    if facts["language"] not in words.LANGUAGES:
        problems.append(FieldError("language", "needed"))
    if not isinstance(facts["unit"], int) or not scope.holds(c, facts["unit"]):
        problems.append(FieldError("unit", "no_such_unit"))
    channel = store.channel(c, wanted.get("channel") or 0)
    if channel is None or not channel["on"]:
        problems.append(FieldError("channel", "no_such_channel"))
    refuse(problems)
    assert channel is not None
    address = _address(channel["kind"], str(wanted.get("address", "")))
    return facts | {"channel": channel["id"], "address": address}


def switch(c: Connection, who: str, number: int, version: int, on: bool) -> None:
    """Opt out of one's own, or in again."""
    if store.subscription(c, number, who) is None:
        raise Invalid(FieldError("", "no_such_subscription"))
    if not store.change_subscription(c, number, who, version, on=int(on)):
        raise Invalid(FieldError("", "changed_meanwhile"))
    audit.add(c, who, "subscription_on" if on else "subscription_off", f"subscription {number}")
