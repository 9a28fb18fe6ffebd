"""The outbox: alarms become notices, notices are tried until they arrive or eight tries failed.

Tries wait longer and longer. A channel sends so many an hour; when more wait, those of one address go
together as a digest, so that a storm is a few messages. A process that dies while it sends tries that
notice once more after LEASE_S: the receiver knows it by its delivery number.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine

from station.access.rights import rights_of, where
from station.notify import words
from station.notify.channels import KINDS, Failed, Notice
from station.seal import CHANNELS, unseal
from station.settings import Settings
from station.store import alarms, db, org
from station.store import notify as store

STATES = ("waiting", "sent", "failed", "merged")
TRIES = 8
FIRST_WAIT_S, LONGEST_WAIT_S, LEASE_S = 30, 3600, 120
BATCH = 200
HOUR_S, DAY_MIN = 3600, 24 * 60
Row = dict[str, Any]
Said = Callable[[str, str, str], str]  # (language, "kind" or "severity", name) -> words


def work(engine: Engine, settings: Settings, t_s: int, said: Said) -> int:
    """Write what is new into the outbox, then send what is due; returns how many were sent."""
    with db.writing(engine) as c:
        collect(c, t_s, said, time.localtime(t_s).tm_gmtoff)
    with db.writing(engine) as c:
        claimed = claim(c, t_s)
    return sum(_try(engine, settings, channel, row, t_s) for channel, row in claimed)


# ---- alarms become notices


def collect(c: Connection, t_s: int, said: Said, offset_s: int) -> None:
    made = store.templates(c)
    for alarm in alarms.untold(c, BATCH):
        what = "opened" if alarm["told_s"] is None else "escalated"
        for wish in store.wanting(c, alarm["severity"]):
            if _wants(c, wish, alarm, what, t_s):
                _put(c, wish, alarm, what, t_s, said, offset_s, made)
        told = {"told_s": t_s} if what == "opened" else {"told_up_s": t_s}
        alarms.change(c, alarm["id"], **told)


def _wants(c: Connection, wish: Row, alarm: Row, what: str, t_s: int) -> bool:
    """A wish is heard as long as the person may see the alarm."""
    if (wish["kinds"] and alarm["kind"] not in wish["kinds"]) or (
        wish["escalated_only"] and what == "opened"
    ):
        return False
    if wish["unit"] not in org.ancestors(c, alarm["unit_now"]):
        return False
    return where(rights_of(c, wish["user"], t_s), "view").holds(c, alarm["unit_now"])


def _put(
    c: Connection,
    wish: Row,
    alarm: Row,
    what: str,
    t_s: int,
    said: Said,
    offset_s: int,
    made: Mapping[tuple[str, str], Row],
) -> None:
    language = wish["language"]
    own = made.get((language, what))
    subject, body = (own["subject"], own["body"]) if own else words.DEFAULTS[language, what]
    facts = _facts(alarm, language, said, offset_s)
    quiet = 0 if alarm["severity"] == 1 else quiet_s(wish, t_s, offset_s)
    store.put(
        c,
        key=f"{alarm['id']}:{what}:{alarm['opened_s']}:{alarm['escalated_s'] or 0}:{wish['id']}",
        subscription=wish["id"],
        channel=wish["channel"],
        address=wish["address"],
        language=language,
        subject=words.one_line(words.fill(subject, facts)),
        body=words.fill(body, facts),
        state="waiting",
        next_s=t_s + quiet,
        created_s=t_s,
    )


def _facts(alarm: Row, language: str, said: Said, offset_s: int) -> dict[str, str]:
    began = datetime.fromtimestamp(alarm["from_s"] + offset_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "alarm": said(language, "kind", alarm["kind"]),
        "severity": said(language, "severity", str(alarm["severity"])),
        "device": alarm["device"] or "",
        "name": alarm["device_name"] or alarm["unit_name"],
        "unit": alarm["unit_name"],
        "began": began,
        "times": str(alarm["repeats"]),
        "number": str(alarm["id"]),
    }


def quiet_s(wish: Mapping[str, Any], t_s: int, offset_s: int) -> int:
    """Seconds until the quiet hours of a wish end, 0 outside of them. They may go over midnight."""
    begin, end = wish["quiet_from_min"], wish["quiet_until_min"]
    now_min, over_s = divmod((t_s + offset_s) % (60 * DAY_MIN), 60)
    if (now_min - begin) % DAY_MIN >= (end - begin) % DAY_MIN:
        return 0
    return 60 * ((end - now_min) % DAY_MIN) - over_s


# ---- notices are sent


def groups(waiting: Sequence[Row], budget: int) -> list[list[Row]]:
    """What goes out now, each list as one message: singly within the budget, else by address."""
    if len(waiting) <= budget:
        return [[row] for row in waiting]
    by: dict[tuple[str, str], list[Row]] = {}
    for row in waiting:
        by.setdefault((row["address"], row["language"]), []).append(row)
    return list(by.values())[: max(0, budget)]


def claim(c: Connection, t_s: int) -> list[tuple[Row, Row]]:
    """[(channel, delivery)] that this process tries now; nobody else does before LEASE_S."""
    out = []
    for channel in store.all_channels(c):
        if not channel["on"]:
            continue
        budget = channel["per_hour"] - store.sent_since(c, channel["id"], t_s - HOUR_S)
        for many in groups(store.due(c, channel["id"], t_s, BATCH), budget):
            out.append((channel, _claimed(c, many, t_s)))
    return out


def _claimed(c: Connection, many: list[Row], t_s: int) -> Row:
    row = many[0] if len(many) == 1 else _digest(c, many, t_s)
    store.change(c, [row["id"]], tries=row["tries"] + 1, next_s=t_s + LEASE_S)
    return row | {"tries": row["tries"] + 1}


def _digest(c: Connection, many: list[Row], t_s: int) -> Row:
    first = many[0]
    lines = [
        line for row in many for line in (row["body"].split("\n") if _is_digest(row) else [row["subject"]])
    ]
    subject, body = words.digest(first["language"], lines)
    same = {name: first[name] for name in ("subscription", "channel", "address", "language")}
    facts = same | {"subject": subject, "body": body, "tries": 0}
    number = store.put(c, key=f"digest:{first['id']}", state="waiting", next_s=t_s, created_s=t_s, **facts)
    assert number is not None  # one is merged once
    store.change(c, [row["id"] for row in many], state="merged", digest=number, ended_s=t_s)
    return facts | {"id": number}


def _is_digest(row: Row) -> bool:
    return row["key"].startswith("digest:")


def _try(engine: Engine, settings: Settings, channel: Row, row: Row, t_s: int) -> bool:
    notice = Notice(row["id"], row["address"], row["subject"], row["body"])
    try:
        KINDS[channel["kind"]].send(
            channel["config"], unseal(settings, CHANNELS, channel["secret"]), notice, t_s
        )
        facts: Row = {"state": "sent", "ended_s": t_s, "error": ""}
    except Failed as failed:
        facts = {"error": str(failed)[:200], "next_s": t_s + wait_s(row["tries"])}
        if row["tries"] >= TRIES:
            facts |= {"state": "failed", "ended_s": t_s}
    with db.writing(engine) as c:
        store.change(c, [row["id"]], **facts)
    return facts.get("state") == "sent"


def wait_s(tries: int) -> int:
    """After so many tries."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << (tries - 1))
