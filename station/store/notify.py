"""Channels, templates, subscriptions and the outbox of notices. Rules: station/notify."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.dialects.sqlite import insert as upsert

from station.store.db import row, rows
from station.store.notify_schema import channels, deliveries, notice_templates, subscriptions
from station.store.org_schema import org_units
from station.store.schema import users
from station.store.scope import Scope

Row = dict[str, Any]


# ---- channels and templates


def named(c: Connection, name: str) -> int | None:
    """The channel of this name."""
    return c.execute(select(channels.c.id).where(channels.c.name == name)).scalar()


def add_channel(c: Connection, **facts: Any) -> int:
    made = c.execute(insert(channels).values(**facts)).inserted_primary_key
    return made[0]  # type: ignore[index]


def channel(c: Connection, number: int) -> Row | None:
    return row(c.execute(select(channels).where(channels.c.id == number)))


def all_channels(c: Connection) -> list[Row]:
    return rows(c.execute(select(channels).order_by(channels.c.id)))


def change_channel(c: Connection, number: int, version: int, **facts: Any) -> bool:
    """False when somebody changed it since this version."""
    here = (channels.c.id == number, channels.c.version == version)
    return c.execute(update(channels).where(*here).values(version=version + 1, **facts)).rowcount == 1


def templates(c: Connection) -> dict[tuple[str, str], Row]:
    """{(language, what): row} of those that were changed here."""
    found = rows(c.execute(select(notice_templates)))
    return {(each["language"], each["what"]): each for each in found}


def put_template(c: Connection, language: str, what: str, seen: int, subject: str, body: str) -> bool:
    """`seen` is the version that was shown, 0 of a default. False when it is another one by now."""
    held = templates(c).get((language, what))
    if (held["version"] if held else 0) != seen:
        return False
    facts = {"subject": subject, "body": body, "version": seen + 1}
    put = upsert(notice_templates).values(language=language, what=what, **facts)
    c.execute(put.on_conflict_do_update(index_elements=["language", "what"], set_=facts))
    return True


# ---- subscriptions


def subscribe(c: Connection, **facts: Any) -> None:
    """A second one with the same token is none."""
    c.execute(upsert(subscriptions).values(**facts).on_conflict_do_nothing(index_elements=["token"]))


def subscriptions_of(c: Connection, user: str) -> list[Row]:
    query = (
        select(subscriptions, channels.c.name.label("channel_name"), org_units.c.name.label("unit_name"))
        .join(channels, channels.c.id == subscriptions.c.channel)
        .join(org_units, org_units.c.id == subscriptions.c.unit)
        .where(subscriptions.c.user == user)
    )
    return rows(c.execute(query.order_by(subscriptions.c.id)))


def change_subscription(c: Connection, number: int, user: str, version: int, **facts: Any) -> bool:
    """One's own; False when it is none, or was changed since this version."""
    s = subscriptions.c
    here = (s.id == number, s.user == user, s.version == version)
    return c.execute(update(subscriptions).where(*here).values(version=version + 1, **facts)).rowcount == 1


def subscription(c: Connection, number: int, user: str) -> Row | None:
    here = (subscriptions.c.id == number, subscriptions.c.user == user)
    return row(c.execute(select(subscriptions).where(*here)))


def wanting(c: Connection, severity: int) -> list[Row]:
    """Subscriptions that are on, of channels that are on and people who are not disabled."""
    query = (
        select(subscriptions)
        .join(channels, channels.c.id == subscriptions.c.channel)
        .join(users, users.c.name == subscriptions.c.user)
        .where(subscriptions.c.on == 1, channels.c.on == 1, users.c.disabled_s.is_(None))
        .where(subscriptions.c.severity >= severity)
    )
    return rows(c.execute(query.order_by(subscriptions.c.id)))


# ---- the outbox


def put(c: Connection, **facts: Any) -> int | None:
    """Its id, or None where the same stands there already."""
    made = c.execute(
        upsert(deliveries)
        .values(**facts)
        .on_conflict_do_nothing(index_elements=["key"])
        .returning(deliveries.c.id)
    )
    return made.scalar()


def due(c: Connection, channel: int, t_s: int, limit: int) -> list[Row]:
    """What waits for its (next) try, oldest first."""
    here = (deliveries.c.channel == channel, deliveries.c.state == "waiting", deliveries.c.next_s <= t_s)
    return rows(c.execute(select(deliveries).where(*here).order_by(deliveries.c.id).limit(limit)))


def sent_since(c: Connection, channel: int, t_s: int) -> int:
    """Tried and sent, or being tried, since then."""
    here = (deliveries.c.channel == channel, deliveries.c.state == "sent", deliveries.c.ended_s > t_s)
    return c.execute(select(func.count()).select_from(deliveries).where(*here)).scalar_one()


def change(c: Connection, many: Collection[int], **facts: Any) -> None:
    c.execute(update(deliveries).where(deliveries.c.id.in_(many)).values(**facts))


def page(c: Connection, limit: int, before: int | None = None) -> list[Row]:
    """Newest first, with `channel_name` and `user`."""
    query = (
        select(deliveries, channels.c.name.label("channel_name"), subscriptions.c.user)
        .select_from(deliveries)
        .join(channels, channels.c.id == deliveries.c.channel)
        .outerjoin(subscriptions, subscriptions.c.id == deliveries.c.subscription)
        .order_by(deliveries.c.id.desc())
        .limit(limit)
    )
    return rows(c.execute(query.where(deliveries.c.id < before) if before else query))


def waiting(c: Connection, scope: Scope, t_s: int) -> int:
    """Notices of the last day that could not be delivered; of units of the scope."""
    query = select(func.count()).select_from(deliveries.join(subscriptions))
    here = (deliveries.c.state == "failed", deliveries.c.ended_s > t_s - 86400)
    return c.execute(query.where(*here, scope.over(subscriptions.c.unit))).scalar_one()
