"""The simulated transformer area as a process of its own, told and asked through its control port."""

import sys

from hil.adapters.process import Child
from hil.adapters.world import ControlPort


class AreaProcess:
    """Running `python -m hil.world.area`. `lines`: PTY paths; `module`: that of line 9, or None;
    `archive`: rows; `options` of its command line.

    `ask(mute=[address, True])` does verbs of hil.world.area.verbs; `truth()` is hil.world.area.truth.
    """

    def __init__(self, state_dir, **options):
        command = [sys.executable, "-m", "hil.world.area"]
        for name, value in options.items():
            for each in value if isinstance(value, list) else [value]:
                command += ["--" + name.replace("_", "-"), each]
        self.child = Child(command, state_dir / "area.log", pipe=True)
        try:
            ready = self.child.ready()
            self.lines, self.module, self.archive = ready["lines"], ready["module"], ready["archive"]
            self._control = ControlPort(ready["control"])
        except BaseException:
            self.child.kill()
            raise
        self.ask = self._control.ask

    def truth(self) -> dict:
        return self.ask(truth=True)["truth"]

    def stop(self):
        self._control.close()
        self.child.stop()
