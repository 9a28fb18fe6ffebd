"""The supervisor of `loadkeeper up`: starts the parts in order, restarts what dies, ends all it started.

Children write to a pipe; their lines go to home/log/NAME.log (bounded), warnings and "ready" also to our log.
"""

import fcntl
import importlib.util
import json
import logging
import logging.handlers
import os
import selectors
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import IO

from station import access, broker
from station.settings import BROKER_ENV, HOME_ENV, Settings, write_atomic
from station.store import db, devices
from station.watch import told

log = logging.getLogger(__name__)

LOG_BYTES, LOG_FILES = 5_000_000, 3
BACKOFF_S = (0.5, 1, 2, 5, 10, 30)
STEADY_S = 60  # a child that lived so long starts again without delay
STOP_S = 10  # then SIGKILL
TICK_S = 0.25
ECHO = (" WARNING ", " ERROR ", " CRITICAL ", "_ready", "[ERR]", "[FTL]", "[ERROR]", "Traceback")


class UpError(RuntimeError):
    """The station cannot start; args[0] says why."""


@dataclass(slots=True)
class Child:
    name: str
    argv: list[str]
    file: logging.Handler
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    since_s: int = 0  # the same on the wall
    starts: int = 0
    failures: int = 0
    again: float = 0.0  # monotonic time of the next start
    rest: bytes = field(default=b"")

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Station:
    def __init__(self, settings: Settings, broker_url: str | None = None, sync_always: bool = False) -> None:
        self._settings = settings
        self._broker_url = broker_url or os.environ.get(BROKER_ENV)
        self._sync_always = sync_always
        self._children: list[Child] = []
        self._pipes = selectors.DefaultSelector()
        self._accounts: object = None
        self._violations = broker.Violations()
        self._mqtt = ("", 0)
        self._stop = False
        self._telling = 0.0  # monotonic time of the next

    def stop(self) -> None:
        self._stop = True

    def run(self, web: tuple[str, int], mqtt: tuple[str, int]) -> None:
        """Until `stop`; UpError when it cannot start. Addresses are (host, port), port 0 = any free one."""
        with (self._settings.run / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UpError(f"a station is already running in {self._settings.home}") from None
            try:
                self._start(web, mqtt)
                while not self._stop:
                    self._read(TICK_S)
                    self._revive()
                    self._tell()
                    self._new_accounts()
                    if self._violations.due():
                        self._count_violations()
            finally:
                self._end()
                (self._settings.run / "ports.json").unlink(missing_ok=True)
                told.forget(self._settings.run)

    # ---- start

    def _start(self, web: tuple[str, int], mqtt: tuple[str, int]) -> None:
        engine = db.engine(self._settings.home)
        self._engine = engine
        self._changes = db.Changes(engine)
        with db.writing(engine) as c:
            password = access.first_admin(c)
        ports = {"web": _port(*web)}
        if self._broker_url is None:
            self._mqtt = (mqtt[0], _port(*mqtt))
            ports["mqtt"] = self._mqtt[1]
            self._start_broker()
        else:
            ports["mqtt"] = self._settings.broker(self._broker_url).port
            log.info("broker_outside url=%s", self._broker_url.rpartition("@")[2])
        write_atomic(self._settings.run / "ports.json", json.dumps(ports) + "\n", 0o644)
        for name in ("ingest", "dispatch", "jobs"):
            self._add(name, [sys.executable, "-m", "station.cli.main", name])
        self._start_web(web[0], ports["web"])
        if password:
            log.info(
                "login user=%s one_time_password=%s (shown once; change it at first login)", "admin", password
            )

    def _start_broker(self) -> None:
        self._write_accounts()
        try:
            argv = broker.command(self._settings.broker_home / "nats.conf")
        except FileNotFoundError as error:
            raise UpError(str(error)) from None
        child = self._add("broker", argv)
        if not broker.ready(*self._mqtt):
            raise UpError(f"the broker does not answer; see {self._settings.log / 'broker.log'}")
        assert child.process is not None
        log.info("broker_ready port=%d pid=%d", self._mqtt[1], child.process.pid)

    def _start_web(self, host: str, port: int) -> None:
        if importlib.util.find_spec("station.web") is None:
            log.warning("web_missing: station/web is not installed; running without pages")
            return
        argv = [sys.executable, "-m", "station.cli.main", "web", "--host", host, "--port", str(port)]
        self._add("web", argv)
        if broker.ready(host, port, within_s=20):
            log.info("web_ready url=http://%s:%d", host, port)
        else:
            log.error("web_silent: no answer on port %d; see %s", port, self._settings.log / "web.log")

    def _add(self, name: str, argv: list[str]) -> Child:
        path = self._settings.log / f"{name}.log"
        file = logging.handlers.RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=LOG_FILES)
        child = Child(name, argv, file)
        self._children.append(child)
        self._spawn(child)
        return child

    def _spawn(self, child: Child) -> None:
        env = os.environ | {HOME_ENV: str(self._settings.home), "PYTHONUNBUFFERED": "1"}
        if self._broker_url:
            env[BROKER_ENV] = self._broker_url
        child.process = subprocess.Popen(
            child.argv,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C comes to us alone; we end the others in order
            preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )
        child.started, child.since_s = time.monotonic(), db.now_s()
        child.starts += 1
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._pipes.register(child.process.stdout, selectors.EVENT_READ, child)

    # ---- while it runs

    def _read(self, within_s: float) -> None:
        for key, _events in self._pipes.select(within_s):
            self._lines(key.data, key.fileobj)  # type: ignore[arg-type]

    def _lines(self, child: Child, pipe: IO[bytes]) -> None:
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self._pipes.unregister(pipe)
            pipe.close()
        *lines, child.rest = (child.rest + data).split(b"\n")
        if len(child.rest) > 65536:  # a line without end
            lines, child.rest = [*lines, child.rest], b""
        for raw in lines:
            line = raw.decode(errors="replace")
            child.file.emit(logging.LogRecord(child.name, logging.INFO, "", 0, line, None, None))
            if child.name == "broker":
                self._violations.see(line)
            if any(word in line for word in ECHO):
                log.info("%s: %s", child.name, line)

    def _revive(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.alive:
                continue
            if child.process is not None:
                steady = now - child.started > STEADY_S
                child.failures = 1 if steady else child.failures + 1
                wait_s = BACKOFF_S[min(child.failures, len(BACKOFF_S)) - 1]
                log.error(
                    "child_died name=%s status=%s restart_s=%s", child.name, child.process.poll(), wait_s
                )
                child.process, child.again = None, now + wait_s
                self._telling = now
            elif now >= child.again:
                self._spawn(child)
                log.info("child_restarted name=%s", child.name)

    def _tell(self) -> None:
        """Say who runs; a full disk must not end the station."""
        now = time.monotonic()
        if now < self._telling:
            return
        self._telling = now + told.TELL_S
        children = tuple(
            told.Child(c.name, c.process.pid if c.process else None, c.since_s, c.starts - 1)
            for c in self._children
        )
        try:
            told.write(self._settings.run, told.Told(db.now_s(), os.getpid(), children))
        except OSError as error:
            log.warning("processes_not_told error=%s", error)

    def _new_accounts(self) -> None:
        """A device was added: give it its broker account."""
        if self._broker_url is None and self._changes.any() and self._write_accounts():
            server = self._children[0]
            if server.alive and server.process is not None:
                server.process.send_signal(signal.SIGHUP)
                log.info("broker_accounts_reloaded")

    def _count_violations(self) -> None:
        try:
            self._violations.write(self._engine)
        except db.StoreError as error:  # they wait for the next time
            log.warning("violations_not_counted error=%s", error)

    def _write_accounts(self) -> bool:
        with db.reading(self._engine) as c:
            found = [tuple(row) for row in devices.names(c)]
            if found == self._accounts:
                return False
            broker.write_config(
                self._settings, devices.names(c), self._mqtt[1], self._mqtt[0], self._sync_always
            )
        self._accounts = found
        return True

    # ---- end

    def _end(self) -> None:
        """End the children in reverse order: the web asks no more, the broker goes last."""
        for child in reversed(self._children):
            if child.alive and child.process is not None:
                child.process.terminate()
                self._await(child, child.process)
            child.file.close()
        if self._violations.waiting:
            self._count_violations()
        log.info("stopped")

    def _await(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + STOP_S
        while process.poll() is None and time.monotonic() < end:
            self._read(0.05)
        if process.poll() is None:
            log.error("child_killed name=%s: did not end within %d s", child.name, STOP_S)
            process.kill()
        process.wait()


def _die_with_parent() -> None:
    """If we are killed outright, no child stays behind (prctl PR_SET_PDEATHSIG)."""
    import ctypes

    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


def _port(host: str, port: int) -> int:
    """`port`, or a free one for 0; UpError when it is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise UpError(f"port {port} on {host}: {error.strerror}") from None
        return probe.getsockname()[1]
