"""What `tools/run` runs: one station, one factory, one terminal, and a short story in the log.

Everything lives in one folder and may be started again on it. Ctrl-C ends what was started, in reverse order.
"""

import argparse
import contextlib
import fcntl
import signal
import sys
import time
from pathlib import Path

from hil.adapters.process import ROOT, ChildError
from hil.adapters.pty_link import PtyLink
from hil.adapters.station import StationProcess
from hil.adapters.unix import UnixTerminal, build
from hil.adapters.world import WorldProcess
from protocols.uplink import messages
from protocols.uplink.codes import IDLE, PERIOD, PURCHASE, REFRESH
from station import access, plans, prepaid
from station.controls import submit
from station.profiles import keys, signing
from station.store import commands, db, events, live, users

DEVICE, NAME, MULTIPLIER = "T0000001", "示范工厂 Demo factory", 80
AUTHOR, ADMIN = "demo", "admin"
READING_S, STEP_S = 120, 180  # longest wait for the first reading, for a step of the story
CALM_W, OVERLOAD_W = 168_000, 232_000
PLAN = {  # one control period over the whole day, so that the story works at any hour
    "periods": [(0, 48, 200)],
    "rounds": [1, 2],
    "alarm_s": [20],
    "slide_s": 5,
    "safety_kw": 100,
    "post_trip_s": 10,
}
PREPAID_ROUND = 3
LAST_KWH, NEXT_KWH, ALARM_KWH = 1, 5000, 500  # an order that is nearly used up, then a new one


class Story:
    """Prints each step with the seconds since the start, and new events of the station as they come in."""

    def __init__(self):
        self._start = time.monotonic()
        self._last_event = 0
        self.seen = set()  # names of events told since this was last emptied
        self.children = []  # (name, is it alive)

    def tell(self, text):
        print(f"[{time.monotonic() - self._start:6.1f} s] {text}", flush=True)

    def open(self, home):
        self._engine = db.engine(home)
        found = self.ask(events.recent, DEVICE, 1)
        self._last_event = found[0]["id"] if found else 0

    def ask(self, function, *words, **named):
        with db.reading(self._engine) as c:
            return function(c, *words, **named)

    def write(self, function, *words, **named):
        with db.writing(self._engine) as c:
            return function(c, *words, **named)

    def news(self) -> set[str]:
        """Tell the events stored since the last call; the names of all `seen`."""
        fresh = [e for e in self.ask(events.recent, DEVICE, 50) if e["id"] > self._last_event]
        for event in reversed(fresh):
            facts = " ".join(f"{name}={value}" for name, value in event["data"].items())
            self.tell(f"station has the event {event['name']} {facts}".rstrip())
            self._last_event = event["id"]
        self.seen |= {event["name"] for event in fresh}
        return self.seen

    def wait(self, what, met, limit_s):
        """Poll `met()` twice a second. ChildError when time is up or a process ended."""
        end = time.monotonic() + limit_s
        while not met():
            self.watch()
            if time.monotonic() > end:
                raise ChildError(f"{what}: not within {limit_s} s")
            time.sleep(0.5)

    def watch(self):
        for name, alive in self.children:
            if not alive():
                raise ChildError(f"{name} ended by itself; see its log")


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, default=ROOT / ".run", help="folder that keeps everything")
    parser.add_argument("--port", type=int, default=8080, help="port of the web pages, 0 = any free one")
    parser.add_argument("--once", action="store_true", help="end after the story, with 0 if it happened")
    return parser.parse_args()


def _end(_number, _frame):
    raise KeyboardInterrupt


@contextlib.contextmanager
def _only_one(home):
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (home / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ChildError(f"a demo runs in {home} already; give another --home") from None
        yield


def main() -> int:
    arguments = _arguments()
    signal.signal(signal.SIGTERM, _end)
    story = Story()
    try:
        with contextlib.ExitStack() as started:
            try:
                started.enter_context(_only_one(arguments.home))
                _run(story, started, arguments)
            finally:
                for number in (signal.SIGINT, signal.SIGTERM):
                    signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave orphans
                story.tell("ending what was started")
    except KeyboardInterrupt:
        pass  # the way it is meant to end
    except (ChildError, OSError) as error:
        story.tell(f"failed: {error}")
        return 1
    story.tell("all ended")
    return 0


def _run(story, started, arguments):
    home = arguments.home.resolve()
    story.tell("compiling the firmware")
    build()
    story.tell("starting the station")
    station = StationProcess(home / "station", arguments.port)
    started.callback(station.stop)
    station.start()
    _trust_a_key(story, home, station)
    identity = station.enrol(DEVICE, "123456789012", MULTIPLIER, NAME)
    story.open(home / "station")
    story.tell("starting the factory and its meter")
    world = WorldProcess(home / "world")
    started.callback(world.stop)
    world.ask(load_w=CALM_W)
    story.tell("starting the terminal")
    terminal = UnixTerminal(home / "terminal", world, identity, "127.0.0.1", station.mqtt)
    started.callback(terminal.stop)
    terminal.display = home / "terminal" / "display.png"
    console = PtyLink()  # a serial line with an end for the terminal and one for a person
    started.callback(console.close)
    terminal.service = console.far
    terminal.start()
    story.children = [
        ("the station", lambda: station.child.alive),
        ("the factory", lambda: world.child.alive),
        ("the terminal", lambda: terminal.alive),
    ]
    _first_reading(story)
    _show_doors(story, station, terminal.display, console.near)
    _play(story, world)
    world.ask(load_w=None)
    story.tell("the story is told; the factory follows its day from here. Ctrl-C ends it")
    while not arguments.once:
        story.watch()
        story.news()
        time.sleep(1)


def _trust_a_key(story, home, station):
    """A key that signs meter profiles for this demo; a real one stays with who releases, not here."""
    path = home / "release.key"
    public = signing.read_public(Path(f"{path}.pub")) if path.exists() else signing.make_key(path)
    engine = db.engine(station.home)
    with db.writing(engine) as c:
        keys.add(c, public, AUTHOR)
    engine.dispose()
    story.tell(f"meter profiles are signed with: loadkeeper profile sign FILE --key {path}")


def _first_reading(story):
    since_s = db.now_s()
    story.tell("waiting for the first reading to be stored")

    def stored():
        story.news()
        now = story.ask(live.latest, DEVICE)
        return now and now["received_s"] >= since_s and now["power_w"] is not None

    story.wait("first reading", stored, READING_S)
    story.tell(f"first reading stored: {story.ask(live.latest, DEVICE)['power_w'] / 1000:.1f} kW")


def _show_doors(story, station, display, console):
    """Where a person can look and type: web pages, display, service console."""
    password = station.one_time_password()
    if password is None and story.ask(users.get, ADMIN)["must_change"]:  # nobody used the first one yet
        password = story.write(access.reset, ADMIN, AUTHOR)
    login = f"login {ADMIN}, " + (f"one-time password {password}" if password else "your own password")
    line = "=" * 64
    print(f"{line}\n  Loadkeeper 负荷管家  {station.url}\n  {login}", flush=True)
    print(f"  display of the terminal: {_near(display)} (a new picture every 2 s)")
    print("  its service console, after Enter `help`; Ctrl-] leaves it:")
    print(f"    {_near(sys.executable)} -m serial.tools.miniterm --raw {console} 9600\n{line}", flush=True)


def _near(path):
    """As one would type it here."""
    path = Path(path)
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def _order(story, kind, params):
    """Send a command and wait until the terminal has executed it."""
    command = story.write(submit, DEVICE, kind, params, AUTHOR)
    name = messages.COMMAND_NAMES[kind]

    def executed():
        story.news()
        state = story.ask(commands.get, DEVICE, command)["state"]
        if state in ("refused", "expired", "unknown"):
            raise ChildError(f"the command {name} was {state}")
        return state == "executed"

    story.wait(f"{name} executed", executed, STEP_S)
    story.tell(f"the terminal has executed {name}")


def _clear_earlier(story, world):
    """The flash remembers an earlier story: end its controls and let the customer close what they tripped."""
    now = story.ask(live.latest, DEVICE)
    held = [row[0] for row in now["controls"] if row[0] in (PERIOD, PURCHASE) and row[1] != IDLE]
    if not held:
        return
    story.tell("ending the controls of an earlier run")
    for control in held:
        _order(story, messages.RELEASE, {"control": control})

    def closed():
        story.news()
        return world.truth()["open"] == 0

    story.wait("switches closed again", closed, STEP_S)


def _play(story, world):
    _clear_earlier(story, world)
    story.seen.clear()  # what ended tells its last events
    _overload(story, world)
    _prepaid(story, world)


def _overload(story, world):
    story.tell("sending a plan: 200 kW over the whole day, alarm 20 s, then round after round")
    _order(story, messages.PERIOD_PLAN, plans.build(**PLAN))
    time.sleep(5)
    world.ask(load_w=OVERLOAD_W)
    story.tell(f"overload: the factory draws {world.truth()['power_w'] / 1000:.0f} kW")
    _until_event(story, "power_control_trip")
    _tell_site(story, world)


def _prepaid(story, world):
    story.tell(f"energy on account: {LAST_KWH} kWh is left, round {PREPAID_ROUND} goes when it is used up")
    _sell(story, LAST_KWH)
    _until_event(story, "energy_control_trip")
    _tell_site(story, world)
    story.tell(f"the factory pays: {NEXT_KWH} kWh")
    _sell(story, NEXT_KWH)
    _until_event(story, "close_permitted")
    story.tell(f"round {PREPAID_ROUND} may be closed by hand")


def _sell(story, kwh):
    """An order in place of what was left, so that the story works whatever an earlier one left."""
    number = story.ask(prepaid.next_order, DEVICE)
    _order(story, messages.PURCHASE, prepaid.build(number, REFRESH, kwh, ALARM_KWH, 0, [PREPAID_ROUND]))


def _until_event(story, name):
    """Wait until the station has the event; one that a command's wait has told already counts too."""
    story.wait(name, lambda: name in story.news(), STEP_S)
    story.seen.clear()


def _tell_site(story, world):
    truth = world.truth()
    rounds = " ".join(str(n + 1) for n in range(8) if truth["open"] >> n & 1)
    story.tell(f"switches open: {rounds or 'none'}; the factory draws {truth['power_w'] / 1000:.0f} kW")


if __name__ == "__main__":
    sys.exit(main())
