"""Child processes of a rig: started in their own session, ended by their own id, never left behind.

Ctrl-C in a terminal reaches the whole foreground group; a session of its own lets the parent end its children
in order. PR_SET_PDEATHSIG (Linux) covers the parent that is killed itself.
"""

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STOP_S = 10  # from SIGTERM to SIGKILL
PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None  # before any fork


class ChildError(RuntimeError):
    """The child ended or stayed silent; args[0] holds the end of its log."""


def _die_with_parent():
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """`log_path` gets everything it says (stderr only when `ready` reads its standard output)."""

    def __init__(self, command, log_path, cwd=ROOT, env=None, stdio=None, pipe=False):
        """`stdio`: a descriptor for all three streams (a console); `pipe`: `ready` reads standard output."""
        self.name = " ".join(str(word) for word in command[:3])
        self.log_path = Path(log_path)
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        with open(os.open(self.log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            self.process = subprocess.Popen(
                [str(word) for word in command],
                cwd=cwd,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
                stdin=subprocess.DEVNULL if stdio is None else stdio,
                stdout=subprocess.PIPE if pipe else log if stdio is None else stdio,
                stderr=log if stdio is None else stdio,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def ready(self, timeout_s=20) -> dict:
        """The JSON object of the first line of standard output. ChildError when none comes."""
        stream = self.process.stdout
        assert stream is not None, "needs pipe=True"
        if not select.select([stream], [], [], timeout_s)[0]:
            raise ChildError(f"{self.name} said nothing for {timeout_s} s\n{self.tail()}")
        line = stream.readline()
        if not line:
            self.process.wait(STOP_S)
            raise ChildError(f"{self.name} ended with {self.process.returncode}\n{self.tail()}")
        return json.loads(line)

    def wait_for(self, found, what, timeout_s=30):
        """Poll `found()` until it gives something; ChildError when the child ends first or time is up."""
        end = time.monotonic() + timeout_s
        while not (result := found()):
            if not self.alive:
                raise ChildError(f"ended with {self.process.returncode} before {what}\n{self.tail()}")
            if time.monotonic() > end:
                raise ChildError(f"no {what} within {timeout_s} s\n{self.tail()}")
            time.sleep(0.05)
        return result

    def tail(self, lines=30) -> str:
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])

    def kill(self):
        """SIGKILL: for a terminal this is the power cut."""
        self._end(signal.SIGKILL)

    def stop(self, timeout_s: float = STOP_S) -> int:
        """SIGTERM, then SIGKILL; the exit code (negative: the signal)."""
        self._end(signal.SIGTERM, timeout_s)
        return self.process.returncode

    def _end(self, number, timeout_s: float = STOP_S):
        if self.alive:
            self.process.send_signal(number)
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
