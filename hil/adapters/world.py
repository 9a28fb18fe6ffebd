"""The simulated world as a process of its own, told and asked through its control port."""

import json
import socket
import sys

from hil.adapters.process import Child


class ControlPort:
    """Client of hil.world.control on loopback `port`."""

    def __init__(self, port):
        self.port = port
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self._stream = self._socket.makefile("rb")

    def ask(self, **verbs) -> dict:
        """Do the verbs; their answers. ValueError with the world's reason."""
        self._socket.sendall(json.dumps(verbs).encode() + b"\n")
        answer = json.loads(self._stream.readline())
        if not answer.pop("ok"):
            raise ValueError(answer["reason"])
        return answer

    def close(self):
        self._stream.close()
        self._socket.close()


class WorldProcess:
    """Running `python -m hil.world`. `line`, `line2`, `panel`: PTY paths; `meter`, `sub_meter`: addresses.

    `line2` and `sub_meter` are None where the world has none.
    """

    def __init__(
        self,
        state_dir,
        seed=1,
        baud=9600,
        meter="ours",
        scenario=None,
        turnaround_ms=50,
        sub_meter=None,
    ):
        command = [sys.executable, "-m", "hil.world", "--seed", seed, "--baud", baud, "--meter", meter]
        command += ["--turnaround-ms", turnaround_ms, "--state", state_dir]
        command += ["--scenario", scenario] if scenario else []
        command += ["--sub-meter", sub_meter] if sub_meter else []
        self.baud = baud
        self.child = Child(command, state_dir / "world.log", pipe=True)
        try:
            ready = self.child.ready()
            self.line, self.panel, self.meter = ready["line"], ready["panel"], ready["meter"]
            self.line2, self.sub_meter = ready["line2"], ready["sub_meter"]
            self._control = ControlPort(ready["control"])
        except BaseException:
            self.child.kill()
            raise
        self.ask = self._control.ask  # verbs of hil.world.control

    def truth(self) -> dict:
        return self.ask(truth=True)["truth"]

    def frames(self, count=50) -> list:
        """Last bursts of the line: [CLOCK_MONOTONIC ms, talker, bytes]."""
        return [[t_ms, port, bytes.fromhex(data)] for t_ms, port, data in self.ask(frames=count)["frames"]]

    def stop(self):
        self._control.close()
        self.child.stop()
