"""A whole terminal on the fake board, moved by hand a second at a time: no task runs, no meter answers."""

from firmware.hal import fake
from firmware.terminal import Terminal
from protocols.meters import profile


class Whole:
    """`told`: (name, {field: value}) of every event, as the rooms tell them."""

    def __init__(self, folder, **identity):
        meter = {"address": "123456789012", "baud": 9600, "profile": profile.dlt645()}
        self.board = fake.Board(str(folder), identity=dict(fake.IDENTITY, meter=meter, **identity))
        self.clock = self.board.clock
        self.clock.set_ms(self.clock.now_ms())
        self.terminal = Terminal(self.board)
        self.terminal.supervisor.add("tick", self.terminal._tick)
        self.told = []
        self.terminal.events.listener = lambda name, fields: self.told.append((name, dict(fields)))

    def close(self):
        self.terminal.kv.close()
        for ring in self.terminal.outbox._rings.values():
            ring.close()

    def run(self, seconds=1):
        for _ in range(seconds):
            self.clock.advance(1000)
            self.terminal._second()
        return self

    def names(self):
        return [name for name, _fields in self.told]
