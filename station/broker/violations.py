"""What the broker forbade, read from its log: a forbidden PUBLISH is acknowledged, nothing else tells of it.

A line of nats-server 2.15.1, the client's id and the subject as Go quotes them:
[7] 2026/11/22 12:37:58.99 [ERR] 127.0.0.1:5 - mid:6 - "T2" - Publish Violation - Subject "lk.1.1f.T1.up.da"
"""

import re
import time

from sqlalchemy import Engine

from station.store import counters, db

NAME = "broker"  # of its counter
REASON = "foreign_topic"
EVERY_S = 1.0  # one commit for all that came since the last
MAX_BUMPS = 200  # of one commit, so that a flood cannot hold the write lock; the rest is counted next time

# From the start of the line on: a client id or topic that looks like such a line stays inside its quotes.
_LINE = re.compile(
    r'\[\d+\] \S+ \S+ \[ERR\] \S+ - mid:\d+ - "((?:[^"\\]|\\.)*)" - (Publish|Subscription) Violation - '
    r'Subject "((?:[^"\\]|\\.)*)"'
)


class Violations:
    """Counts them in memory and writes them to the counters. The source is the client id, which is the
    account's name for our terminals; the log does not tell the account itself.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._source = ""
        self._next = 0.0

    def see(self, line: str) -> bool:
        """Count `line` if it tells of a violation; any other line, however odd, is not counted."""
        found = _LINE.match(line)
        if found is None:
            return False
        client, what, subject = found.groups()
        self.waiting += 1
        self._source = f"{client} {what.lower()} {subject}"
        return True

    def due(self) -> bool:
        return self.waiting > 0 and time.monotonic() >= self._next

    def write(self, on: Engine) -> None:
        """Move what waits to the counters, MAX_BUMPS at most; db.StoreError leaves it waiting."""
        self._next = time.monotonic() + EVERY_S
        n = min(self.waiting, MAX_BUMPS)
        with db.writing(on) as c:
            for _ in range(n):
                counters.bump(c, NAME, REASON, source=self._source)
        self.waiting -= n
