"""The concentrator on MicroPython's unix port; its world is a hil.adapters.area.AreaProcess."""

import os

from hil.adapters.process import ROOT
from hil.adapters.unix import UnixTerminal

LINES = ("line", "line2", "line3", "line4")


class UnixConcentrator(UnixTerminal):
    """As UnixTerminal; its panel is a port nobody is at."""

    board = ROOT / "boards" / "unix_concentrator" / "board.json"

    def __init__(self, run_dir, world, identity, broker_host, broker_port):
        super().__init__(run_dir, world, identity, broker_host, broker_port)
        self._panel = os.openpty()

    def _site(self):
        return {}

    def _ports(self):
        panel = {"panel": os.ttyname(self._panel[1]), "module": self._world.module}
        return {**dict(zip(LINES, self._world.lines, strict=False)), **panel}

    def close(self):
        self.stop()
        for fd in self._panel:
            os.close(fd)
