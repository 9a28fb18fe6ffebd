"""What `tools/run` runs: one station, a factory with its terminal, a transformer area with its concentrator.

A short story in the log says what happens. Everything lives in one folder and may be started again on it.
Ctrl-C ends what was started, in reverse order.
"""

import argparse
import contextlib
import fcntl
import signal
import sys
import time
from pathlib import Path

from hil.adapters.process import ROOT, ChildError
from hil.adapters.station import StationProcess
from hil.adapters.unix import build
from hil.demo import district, doors, factory
from hil.demo.story import AUTHOR, Story
from station.profiles import keys, signing
from station.store import db


def _arguments():
    parser = argparse.ArgumentParser(prog="tools/run", description=__doc__)
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
    story = Story(factory.DEVICE, district.DEVICE)
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
    story.open(home / "station")
    story.children.append(("the station", lambda: station.child.alive))
    plant = factory.Factory(story, started, home, station)
    area = district.District(story, started, home, station)
    plant.first_reading()
    doors.show(story, station, plant)
    area.begin()
    plant.play()
    area.first_freezes()
    story.tell("the story is told; factory and area follow their day from here. Ctrl-C ends it")
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


if __name__ == "__main__":
    sys.exit(main())
