"""A whole station as a process: `loadkeeper up` on a home folder, on free ports."""

import json
import re
import socket
import sys
from pathlib import Path

from hil.adapters.process import Child
from protocols.meters.compile import encoded
from station.profiles import files
from station.provisioning import add_device, area_of, identity, meter_inputs
from station.settings import Settings
from station.store import db, devices

UP_S = 60
STOP_S = 60  # `up` gives each of its four children 10 s
AUTHOR = "rig"


class StationProcess:
    """`home` keeps everything; `start` after `stop` or `kill` finds the same data. `web`, `mqtt`: ports.

    The broker's port stays over a restart, as the address a terminal holds would.
    """

    def __init__(self, home, port=0):
        self.home = Path(home)
        self._child: Child | None = None
        self.web, self.mqtt = port, 0
        self._said_from = 0

    def start(self):
        ports = self.home / "run" / "ports.json"
        ports.unlink(missing_ok=True)  # of a run that was killed: it must not pass for this one
        log = self.home / "log" / "up.log"
        self._said_from = log.stat().st_size if log.exists() else 0
        command = [sys.executable, "-m", "station.cli.main", "up", "--home", self.home]
        self._child = Child([*command, "--port", self.web, "--mqtt-port", self.mqtt], log)
        found = self.child.wait_for(lambda: _ports(ports), "ports.json", UP_S)
        self.web, self.mqtt = found["web"], found["mqtt"]
        self.child.wait_for(lambda: _listens(self.web), "web port", UP_S)

    @property
    def child(self) -> Child:
        assert self._child is not None, "not started"
        return self._child

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    def one_time_password(self) -> str | None:
        """The administrator's first password, if this start made the administrator."""
        with self.child.log_path.open("rb") as log:
            log.seek(self._said_from)
            found = re.search(rb"one_time_password=(\S+)", log.read())
        return found[1].decode() if found else None

    def enrol(self, device, meter_address, multiplier, name="", rounds=3) -> dict:
        """Make the device known, if it is not yet; what the terminal must hold."""
        settings = Settings.load(self.home)
        engine = db.engine(self.home)
        try:
            with db.writing(engine) as c:
                if devices.get(c, device) is None:
                    facts = {"meter_address": meter_address, "multiplier": multiplier, "rounds": rounds}
                    add_device(c, device, AUTHOR, name=name, **facts)
                return identity(settings, c, device, settings.broker())
        finally:
            engine.dispose()

    def enrol_area(self, device, lines, profiles, utc_offset_s=28800, name="", inputs=()) -> dict:
        """As `enrol`, of a concentrator. `lines`: NUMBER:BAUD:FORMAT; `profiles`: names of the catalogue, by
        slot; `inputs`: [SLOT:]NAME=VALUE of controls."""
        settings = Settings.load(self.home)
        documents = [encoded(files.checked(files.content(name))) for name in profiles]
        engine = db.engine(self.home)
        try:
            with db.writing(engine) as c:
                if devices.get(c, device) is None:
                    given = meter_inputs.taken(inputs, documents)
                    given = meter_inputs.sealed(settings, device, given) if given else ""
                    facts = {"utc_offset_s": utc_offset_s, "area": area_of(lines, documents, given)}
                    add_device(c, device, AUTHOR, name=name, rounds=1, **facts)
                return identity(settings, c, device, settings.broker())
        finally:
            engine.dispose()

    def stop(self) -> int:
        return self._child.stop(STOP_S) if self._child else 0

    def kill(self):
        """SIGKILL to the supervisor alone: its children must notice."""
        self.child.kill()


def _ports(path):
    try:
        return json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def _listens(port) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
