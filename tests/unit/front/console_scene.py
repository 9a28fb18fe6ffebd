"""The service console of a guaranteed, then of a free terminal: `console_scene.py PTY`, for MicroPython."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import asyncio
import sys

from firmware.front.panel import Front
from firmware.front.serve import serve
from firmware.front.service import RelayTest
from firmware.hal import fake
from firmware.hal.unix import Clock
from firmware.hal.unix_port import Port
from protocols.uplink import parameters
from tests.unit.front.views import LOCAL_S, outputs, view


class Settings:
    def versions(self):
        return {}

    def get(self, section):
        return parameters.read(section, {})


class Scene:
    def __init__(self):
        self.board = fake.Board("unused")
        self.board.clock = Clock()
        self.outputs = outputs(guarantee=1)
        self.front = Front(self.board, lambda: view(outputs=self.outputs))
        self.test = RelayTest(self.board.clock, self.front.note)

    def make(self):
        from firmware.front.console import Console

        self.front.watch(self.outputs, 1, LOCAL_S)
        return Console(self.front, self.board, Settings(), self.relays)

    def relays(self, mask):
        if mask:
            reason = self.test.start(mask, 7, self.outputs, 0)
            self.outputs = outputs()  # free from now on
        else:
            reason = 0
            self.test.stop()
        self.test.report()
        return reason


scene = Scene()
asyncio.run(serve(Port(sys.argv[1]), scene.board.clock, scene.make))
