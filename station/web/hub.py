"""Live updates: one publisher thread looks at the store and fans out; a stream never asks the database.

A subscription holds the newest message under each name, so a slow browser costs a bounded amount and
catches up with the newest state instead of a backlog. Streams are capped, because each holds a server
thread; above the cap the browser polls.
"""

import hashlib
import threading
import time
from collections.abc import Callable, Hashable, Iterator

STREAM_CAP = 48  # below gunicorn's threads, so that pages are answered while all streams are taken
POLL_S = 0.25  # how often the publisher asks whether anything was committed (a pragma, no table read)
REFRESH_S = 5.0  # rendered again though nothing was committed: a terminal that falls silent commits nothing
REST = 4  # a topic rests so many times what its rendering took: one heavy page slows no other
KEEPALIVE_S = 10.0  # a beat or a comment line, so that a closed connection is noticed

Topic = tuple[Hashable, ...]
Snapshot = Callable[[Topic], dict[str, str]]


class Subscription:
    """What one stream still has to send: newest text by name."""

    def __init__(self, topic: Topic) -> None:
        self.topic = topic
        self._waiting: dict[str, str] = {}
        self._sent: dict[str, bytes] = {}
        self._rendered = False
        self._ready = threading.Condition()

    @property
    def served(self) -> bool:
        return bool(self._sent)

    def offer(self, messages: dict[str, str]) -> None:
        with self._ready:
            self._rendered = True
            for name, text in messages.items():
                digest = hashlib.blake2b(text.encode(), digest_size=12).digest()
                if self._sent.get(name) != digest:
                    self._sent[name] = digest
                    self._waiting[name] = text
            if self._waiting:
                self._ready.notify()

    def take(self, timeout_s: float) -> dict[str, str] | None:
        """Return what waits; after `timeout_s` {}, or None when nothing was rendered since the last take."""
        with self._ready:
            if not self._waiting:
                self._ready.wait(timeout_s)
            taken, self._waiting = self._waiting, {}
            rendered, self._rendered = self._rendered, False
            return taken if rendered else None


class Hub:
    """`changed()`: was anything committed since last asked; `snapshot(topic)` renders its messages."""

    def __init__(
        self, changed: Callable[[], bool], snapshot: Snapshot, log: Callable[[str], None], cap: int
    ) -> None:
        self._changed, self._snapshot, self._log, self.cap = changed, snapshot, log, cap
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._due: set[Topic] = set()  # still to be rendered
        self._rests: dict[Topic, float] = {}  # monotonic time until which a topic is not rendered again
        self._failing: dict[Topic, str] = {}  # what each failing topic last said, so that it is logged once
        self.errors = 0

    def subscribe(self, topic: Topic) -> Subscription | None:
        """Return a subscription, or None when all are taken. The publisher runs while there is one."""
        with self._lock:
            if len(self._subscriptions) >= self.cap:
                return None
            subscription = Subscription(topic)
            self._subscriptions.append(subscription)
            self._wake.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
                self._thread.start()
            return subscription

    def leave(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)

    @property
    def streams(self) -> int:
        return len(self._subscriptions)

    def _run(self) -> None:
        refreshed = 0.0
        while True:
            with self._lock:
                if not self._subscriptions:
                    self._thread = None
                    return
                waiting = list(self._subscriptions)
            fresh = self._wake.is_set()
            self._wake.clear()
            try:
                changed = self._changed()
                if fresh or changed or time.monotonic() - refreshed > REFRESH_S:
                    refreshed = time.monotonic()
                    self._due = {subscription.topic for subscription in waiting}
                if self._due:
                    self._publish(waiting)
            except Exception as error:  # the one supervisor of this thread: count, log, go on
                self._failed("all", error)
                time.sleep(1)
            self._wake.wait(POLL_S)

    def _publish(self, waiting: list[Subscription]) -> None:
        failing: dict[Topic, str] = {}
        topics = {subscription.topic for subscription in waiting}
        self._rests = {topic: until for topic, until in self._rests.items() if topic in topics}
        unserved = {subscription.topic for subscription in waiting if not subscription.served}
        for topic in topics & self._due:
            begun = time.monotonic()
            if begun < self._rests.get(topic, 0) and topic not in unserved:
                continue  # it stays due
            self._due.discard(topic)
            try:
                messages = self._snapshot(topic)
            except Exception as error:  # one page's fault holds up no other page
                failing[topic] = repr(error)
                self._failed(topic, error, quiet=self._failing.get(topic) == failing[topic])
                continue
            self._rests[topic] = time.monotonic() + REST * (time.monotonic() - begun)
            for subscription in waiting:
                if subscription.topic == topic:
                    subscription.offer(messages)
        self._failing = {t: why for t, why in self._failing.items() if t in self._due} | failing

    def _failed(self, topic: Topic | str, error: Exception, quiet: bool = False) -> None:
        self.errors += 1
        if not quiet:
            self._log(f"publisher_failed topic={topic!r} errors={self.errors} error={error!r}")


def stream(
    hub: Hub,
    subscription: Subscription,
    open_for: Callable[[], bool],
    encode: Callable[[dict[str, str]], str],
) -> Iterator[str]:
    """Yield server-sent events until the browser goes or `open_for()` says the session has ended.

    A beat says: rendered, and nothing new. A topic that is not rendered gets no beat, so its page can tell.
    """
    try:
        yield "retry: 2000\n\n"
        while open_for():
            messages = subscription.take(KEEPALIVE_S)
            if messages:
                yield f"event: panels\ndata: {encode(messages)}\n\n"
            else:
                yield ": keepalive\n\n" if messages is None else "event: beat\ndata: {}\n\n"
        yield "event: bye\ndata: {}\n\n"
    finally:
        hub.leave(subscription)
