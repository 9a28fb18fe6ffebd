"""What the demo tells, asks of the station's store, sends and waits for."""

import time

from hil.adapters.process import ChildError
from station.cli import second
from station.controls import DEADLINE_S, submit
from station.store import commands, db, events

AUTHOR = "demo"
STEP_S = 180  # longest wait for a step of the story
NEWS = 50  # events of a device that are looked at


def _send(c, device, kind, params) -> int:
    """Number of the command. What needs two people is done as an emergency: the demo is alone."""
    alone = second.command(c, device, kind, params, "", DEADLINE_S, "the demo is alone")
    return alone or submit(c, device, kind, params, AUTHOR)


class Story:
    """Prints each step with the seconds since the start, and new events of `devices` as they come in."""

    def __init__(self, *devices):
        self._start = time.monotonic()
        self._last_event = dict.fromkeys(devices, 0)
        self.seen = set()  # (device, name) of the events told since this was last emptied
        self.children = []  # (name, is it alive)

    def tell(self, text):
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    def open(self, home):
        self._engine = db.engine(home)
        for device in self._last_event:
            found = self.ask(events.recent, device, 1)
            self._last_event[device] = found[0]["id"] if found else 0

    def ask(self, function, *words, **named):
        with db.reading(self._engine) as c:
            return function(c, *words, **named)

    def write(self, function, *words, **named):
        with db.writing(self._engine) as c:
            return function(c, *words, **named)

    def news(self):
        """Tell the events stored since the last call."""
        for device, last in self._last_event.items():
            fresh = [each for each in self.ask(events.recent, device, NEWS) if each["id"] > last]
            for event in reversed(fresh):
                facts = " ".join(f"{name}={value}" for name, value in event["data"].items())
                self.tell(f"{device} event {event['name']} {facts}".rstrip())
                self._last_event[device] = event["id"]
                self.seen.add((device, event["name"]))

    def wait(self, what, met, limit_s=STEP_S):
        """Poll `met()` twice a second, telling the news. ChildError when time is up or a process ended."""
        end = time.monotonic() + limit_s
        while True:
            self.news()
            if met():
                return
            self.watch()
            if time.monotonic() > end:
                raise ChildError(f"{what}: not within {limit_s} s")
            time.sleep(0.5)

    def until_event(self, device, name):
        """Wait until the station has the event; one that a command's wait has told already counts too."""
        self.wait(name, lambda: (device, name) in self.seen)
        self.seen.clear()

    def watch(self):
        for name, alive in self.children:
            if not alive():
                raise ChildError(f"{name} ended by itself; see its log")

    # ---- commands

    def order(self, device, kind, params):
        """Send a command and wait until the device has executed it."""
        self.done(device, self.write(_send, device, kind, params))

    def done(self, device, number):
        """Wait until the device has executed the command of that number."""

        def executed():
            row = self._command(device, number)
            if row["state"] in ("refused", "expired", "unknown"):
                raise ChildError(f"{device}: {row['kind_name']} was {row['state']} {row['detail'] or ''}")
            return row["state"] == "executed"

        name = self._command(device, number)["kind_name"]
        self.wait(f"{name} executed", executed)
        self.tell(f"{device} has executed {name}")

    def _command(self, device, number) -> dict:
        row = self.ask(commands.get, device, number)
        assert row, number
        return row
