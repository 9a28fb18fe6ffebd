"""Webhooks are made and stopped by who has the token."""

from sqlalchemy import Connection

from station import seal
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.notify import channels
from station.settings import Settings
from station.store import audit, webhooks
from station.store.db import now_s
from station.webhooks.deliver import STREAMS, key_of

KEY_BYTES = (24, 64)  # least, most, by the specification
MOST = 10  # of a token


def make(
    c: Connection, settings: Settings, author: str, token: int, url: str, stream: str, secret: str
) -> int:
    """Number of a new webhook; it is told what happens from now on. Invalid."""
    problems: list[FieldError] = []
    wrong = channels.bad_url(url)
    if wrong:
        problems.append(FieldError("url", wrong))
    if stream not in STREAMS:
        problems.append(FieldError("stream", "not_among"))
    if not _good(secret):
        problems.append(FieldError("secret", "bad_secret"))
    running = [each for each in webhooks.of_token(c, token) if each["stopped_s"] is None]
    if len(running) >= MOST:
        problems.append(FieldError("", "webhooks_full", {"most": MOST}))
    refuse(problems)
    now = now_s()
    facts = {
        "token": token,
        "url": url,
        "stream": stream,
        "secret": seal.seal(settings, seal.CHANNELS, secret),
    }
    number = webhooks.add(c, after=STREAMS[stream].last(c), made_s=now, next_s=now, **facts)
    audit.add(c, author, "webhook_made", f"webhook {number}", token=token, url=url, stream=stream)
    return number


def _good(secret: str) -> bool:
    try:
        return KEY_BYTES[0] <= len(key_of(secret)) <= KEY_BYTES[1]
    except ValueError:
        return False


def stop(c: Connection, author: str, token: int, number: int) -> None:
    """A second time changes nothing. Invalid: the token has no such webhook."""
    found = webhooks.get(c, number)
    if found is None or found["token"] != token:
        raise Invalid(FieldError("", "no_such_webhook"))
    if found["stopped_s"] is None:
        webhooks.change(c, number, stopped_s=now_s())
        audit.add(c, author, "webhook_stopped", f"webhook {number}", why="asked")
