"""Messages of the broker -> database -> sealed replies. Never raises for what an outsider can send."""

import logging
import time
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Engine

from protocols.uplink import messages, topics
from protocols.uplink.envelope import seal
from station.ingest.transaction import NAME, Transaction
from station.ingest.wire import Bad, Message, read
from station.settings import Settings
from station.store import counters, db, traces
from station.store.traces import Noted

log = logging.getLogger(__name__)


class Reply(NamedTuple):
    topic: str
    payload: bytes
    device: str
    leaf: str


class Handler:
    def __init__(self, settings: Settings, engine: Engine) -> None:
        self._settings = settings
        self._engine = engine

    def take(self, batch: Sequence[Message]) -> list[Reply]:
        """Commit a batch and return what to send down; after that every message of it may be acknowledged.

        db.StoreError (disk full, database locked): nothing was stored, acknowledge nothing.
        """
        try:
            return self._commit(batch)
        except db.StoreError:
            raise
        except Exception:  # one message hits a fault of ours: the others must not pay for it
            log.exception("ingest_fault messages=%d", len(batch))
        return [reply for message in batch for reply in self._alone(message)]

    def _alone(self, message: Message) -> list[Reply]:
        try:
            return self._commit([message])
        except db.StoreError:
            raise
        except Exception:
            # counted with its bytes; no mark goes down, so the device keeps the records
            log.exception("ingest_fault topic=%s", message.topic)
            with db.writing(self._engine) as c:
                counters.bump(c, NAME, "internal", message.payload, message.topic)
            return []

    def _commit(self, batch: Sequence[Message]) -> list[Reply]:
        with db.writing(self._engine) as c:
            work = Transaction(c, db.now_s())
            traced = traces.on(c, db.now_s())
            troubles = [_take(c, work, message) for message in batch]
            work.finish()
            if traced:
                said = zip(batch, troubles, strict=True)
                _note(c, traced, [_heard(message, trouble) for message, trouble in said])
        replies = [reply for device in work.marks for reply in self._replies(work, device)]
        if traced:
            with db.writing(self._engine) as c:
                _note(c, traced, [_told(reply) for reply in replies])
        return replies

    def _replies(self, work: Transaction, device: str) -> list[Reply]:
        """A welcome if there was a hello, and a mark for every other epoch that was written to."""
        key, shard = self._settings.key(device, "operator"), work.shard_of(device)
        by_epoch: dict[bytes, dict[int, int]] = {}
        for (_device, epoch, no), mark in work.marks[device].items():
            by_epoch.setdefault(epoch, {})[no] = mark
        found: list[Reply] = []
        hello = work.hellos.get(device)
        if hello:
            body = messages.pack(
                messages.WELCOME,
                {
                    "nonce": hello["nonce"],
                    "t_ms": time.time_ns() // 1_000_000,
                    "epoch": hello["epoch"],
                    "marks": by_epoch.pop(hello["epoch"]),
                },
            )
            found.append(self._sealed(key, shard, device, topics.WELCOME, body))
        for epoch, marks in by_epoch.items():
            body = messages.pack(messages.MARK, {"epoch": epoch, "marks": marks})
            found.append(self._sealed(key, shard, device, topics.MARK, body))
        return found

    @staticmethod
    def _sealed(key: bytes, shard: str, device: str, leaf: str, body: dict[int, object]) -> Reply:
        return Reply(topics.down(shard, device, leaf), seal(key, leaf, device, body), device, leaf)


def _take(c: Connection, work: Transaction, message: Message) -> str:
    """Why a message was refused, and counted; empty: it was taken."""
    try:
        work.take(read(message))
    except Bad as bad:
        counters.bump(c, NAME, bad.args[0], message.payload, f"{message.topic}: {bad.args[1]}")
        return bad.args[0]
    return ""


# ---- traces


def _note(c: Connection, traced: frozenset[str], noted: Sequence[Noted | None]) -> None:
    traces.put(c, time.time_ns() // 1_000_000, [each for each in noted if each and each.device in traced])


def _heard(message: Message, trouble: str) -> Noted | None:
    place = topics.parse_up(message.topic)
    return Noted(place[1], 1, place[2], message.payload, trouble) if place else None


def _told(reply: Reply) -> Noted:
    return Noted(reply.device, 0, reply.leaf, reply.payload)
