"""A whole terminal at a customer's: firmware/terminal.py with all its tasks on the fake board, the store on
real files, a meter that answers on a paced line, switches that shed the load, and no network.

Time is virtual. Each second the site looks at what must always hold: the terminal decides, and it opens no
round of a customer it holds for guaranteed.
"""

import asyncio
import copy
from typing import Any

from firmware import terminal
from firmware.hal import fake
from firmware.store.ring import Ring
from hil.world.factory import Factory
from hil.world.meter import Meter
from hil.world.responder import Responder
from protocols import cbor
from protocols.meters import profile
from protocols.uplink import codes, envelope, messages, parameters, topics
from tests.unit.terminal.virtual import Loop

START_MS = 1_800_000_000_000  # 2027-01-15 16:00 local
ADDRESS, MULTIPLIER = "123456789012", 80
LOAD_W, LOW_W = 120_000, 40_000  # 120 kW: with round 1 open 98.4 kW are left, below the setpoint
SETPOINT_W, SAFETY_W, ALARM_S = 100_000, 50_000, 20
PLAN = {
    "codes": b"\x55" * 12,
    "setpoints_w": [SETPOINT_W],
    "float_pct": 0,
    "periods": 255,
    "rounds": 0b111,
    "alarm_s": [ALARM_S],
    "slide_s": 1,
    "safety_w": SAFETY_W,
    "post_trip_s": 30,
}
ORDER = {
    "order": 1, "flag": codes.APPEND, "value_wh": 500_000, "alarm_wh": 50_000, "trip_wh": 0, "rounds": 0b111,
}  # fmt: skip
TRIP_1 = {"rounds": 1, "delay_s": 0, "limit_s": 0}
GUARANTEE_ON, GUARANTEE_OFF = {"on": 1, "duration_s": 0}, {"on": 0, "duration_s": 0}


class Line:
    """The port of an RS-485 line; `spoil(reply)` may change what the meter answers, b"" is silence."""

    def __init__(self, site, baud=9600):
        self._site, self._baud = site, baud
        self.responders = []
        self.lost = False
        self.spoil = None
        self._due = []  # (UTC ms of the clock's true time, bytes)

    def write(self, data):
        site = self._site
        site.pass_power()
        at = site.true_ms + len(data) * 11000 // self._baud
        for responder in self.responders:
            for request in responder.requests(bytes(data)):
                reply = responder.answer(request)
                if self.spoil:
                    reply = self.spoil(reply)
                if reply:
                    at += 50
                    self._due.append((at + len(reply) * 11000 // self._baud, reply))
        self._due.sort()
        return len(data)

    async def read(self, timeout_ms):
        end = self._site.true_ms + timeout_ms
        await asyncio.sleep(0)
        while True:
            now = self._site.true_ms
            if self._due and self._due[0][0] <= now:
                return self._due.pop(0)[1]
            if now >= end:
                return b""
            await asyncio.sleep((min([end] + [at for at, _data in self._due]) - now) / 1000)

    def configure(self, baud, form):
        pass

    def drop_input(self):
        old = [data for at, data in self._due if at <= self._site.true_ms]
        self._due = [row for row in self._due if row[0] > self._site.true_ms]
        return b"".join(old)


class Relays(fake.Relays):
    """The customer's switches behind the coils."""

    def __init__(self, site):
        super().__init__()
        self._site = site
        self.stuck = None  # what the contacts show whatever is driven

    def drive(self, trip_mask):
        site = self._site
        new = trip_mask & ~self.tripped()
        super().drive(trip_mask)
        site.decisions += 1
        site.pass_power()
        if new:
            site.trips.append((site.true_s, new, site.power_w()))
        site.factory.set_outputs(trip_mask, 0)

    def open(self):
        return self._site.factory.mask("open") if self.stuck is None else self.stuck

    def close(self, mask):
        super().close(mask)
        for i in range(3):
            if mask >> i & 1:
                self._site.factory.close(i + 1)


class Site:
    """`boot` gives power, `cut` takes it; `trips`: (second, rounds, W drawn then) of every round opened.

    `decisions`: steps of the control so far; `gaps`: seconds of this life without one.
    """

    def __init__(self, folder, flash):
        self.folder, self.flash = folder, flash
        self.true_ms = START_MS
        self.factory = Factory(3, START_MS)
        self.factory.recloses_after_s = None  # nobody walks to a switch
        self.factory.load_w = LOW_W
        self.meter = Meter(ADDRESS, MULTIPLIER)
        self.responder = Responder(self.meter)
        self.trips = []
        self.decisions = self.command_no = 0
        self.gaps = []
        self.board: Any = None
        self.terminal: Any = None
        self._task: Any = None
        self.identity: dict[str, Any] = dict(fake.IDENTITY, multiplier=MULTIPLIER)
        self.identity["meter"] = {"address": ADDRESS, "baud": 9600, "profile": profile.dlt645()}
        self.line = Line(self)
        self.line.responders = [self.responder]
        self.before_boot = lambda board: None  # what is special about this board
        self.connect = None

    # ---- power and time

    def boot(self, clock_ok=True, t_ms=None, before_wrap_ms=30_000):
        """Power on; `t_ms`: what the clock shows, else the true time."""
        self.flash.off = False
        self.board = board = fake.Board(str(self.folder), self.connect, identity=copy.deepcopy(self.identity))
        board.clock = fake.Clock(self.true_ms if t_ms is None else t_ms, before_wrap_ms)
        board.clock.ok = clock_ok
        board.inputs = fake.Inputs(board.clock)
        board.relays = Relays(self)
        board._ports = {"line": self.line}
        self.before_boot(board)
        self._loop = Loop(self._pass_ms)
        self.terminal = terminal.Terminal(board)
        self._task = self._loop.create_task(self.terminal.run())
        self.gaps = []
        return self

    def cut(self, off_s=60):
        """Power off, this instant: nothing more reaches the flash. Then `off_s` pass."""
        self.flash.off = True
        self._task.cancel()
        self._loop.run_until_complete(asyncio.gather(self._task, return_exceptions=True))
        self._loop.close()
        self.terminal.kv.close()
        for ring in self.terminal.outbox._rings.values():
            ring.close()
        self.factory.set_outputs(0, 0)
        self.true_ms += off_s * 1000
        self.pass_power()
        self._task = None
        self.flash.off = False

    def stop(self):
        if self._task:
            self.cut(0)

    def _pass_ms(self, ms):
        self.true_ms += ms
        self.board.clock.advance(ms)

    def pass_power(self):
        """What was used until now goes through the meter."""
        for t_ms, dt_ms, flow in self.factory.slices(self.true_ms):
            self.meter.take(t_ms, dt_ms, flow)

    def run(self, seconds=1):
        for _ in range(seconds):
            before = self.decisions
            self._loop.run_until_complete(asyncio.sleep(1))
            if self._task.done():
                self._task.result()
                raise AssertionError("the terminal has ended")
            if self.decisions == before:
                self.gaps.append(self.true_s)
            outputs = self.outputs
            assert not (outputs.guarantee and self.tripped()), "a guaranteed customer is without power"

    def run_until(self, what, limit_s=300):
        """Let time pass until `what()`; the seconds it took."""
        for second in range(limit_s):
            if what():
                return second
            self.run()
        raise AssertionError(f"not within {limit_s} s")

    # ---- hands

    def send(self, kind, params=None, scope=0, number=None, deadline_s=None, key=None):
        """A sealed command, given to the gate as the session does; its id."""
        if number is None:
            self.command_no = number = self.command_no + 1
        now_s = self.board.clock.now_s()
        body = {
            "device": self.identity["device"],
            "command": number,
            "not_before_s": 0,
            "deadline_s": now_s + 600 if deadline_s is None else deadline_s,
            "kind": kind,
            "params": messages.pack(messages.COMMANDS[kind], params or {}),
            "scope": scope,
        }
        keys = self.identity["keys"]
        sealed = envelope.seal(
            key or keys["operator"],
            topics.CMD,
            self.identity["device"],
            messages.pack(messages.COMMAND, body),
            keys["approver"],
        )
        self.terminal.gate.receive(sealed)
        return number

    def do(self, kind, params=None, **how):
        """A command and its last answer, as words: "executed", or the reason of a refusal."""
        number = self.send(kind, params, **how)
        self.run()
        return self.answer(number)

    def answer(self, number):
        answers = [body for kind, _t_s, body in self.records(topics.EV) if kind == messages.RESULT]
        last = [body for body in answers if body["command"] == number][-1]
        word = codes.OUTCOMES[last["outcome"]]
        return codes.REASONS[last["reason"]] if last["reason"] else word

    def set(self, section, version=1, **values):
        params = {"section": section, "version": version, "values": parameters.write(section, values)}
        return self.do(messages.PARAMETERS, params)

    def overload(self):
        """In the alarm of round 1."""
        self.factory.load_w = LOAD_W
        assert self.do(messages.PERIOD_PLAN, PLAN) == "executed"
        self.run_until(lambda: self.outputs.alarm, 30)
        assert self.outputs.alarm == 1
        return self

    # ---- eyes

    @property
    def true_s(self):
        return self.true_ms // 1000

    @property
    def outputs(self) -> Any:
        return self.terminal.controller.outputs

    def power_w(self):
        return sum(self.factory.drawn_w())

    def tripped(self):
        return self.board.relays.tripped()

    def remaining_wh(self) -> Any:
        return self.outputs.groups[0].remaining_wh

    def read_w(self):
        """What control works with; None without a reading."""
        return self.outputs.groups[0].power_w

    def used_wh(self):
        """What the meter has counted, primary side."""
        self.pass_power()
        return self.meter.energy_wh()[0] * MULTIPLIER

    def records(self, stream):
        """(kind, t_s, body) of all that is held in flash, in order."""
        ring = Ring(str(self.folder / stream), 1 << 20)
        ring.open()
        out, at = [], 1
        while rows := ring.read(at, 1 << 16):
            for _seq, data in rows:
                kind, t_s, _t_ok, body = messages.unpack_record(cbor.decode(data))
                out.append((kind, t_s, body))
            at = rows[-1][0] + 1
        return out

    def told(self, name):
        """The fields of each event of that name, important ones first."""
        out = []
        for stream in (topics.EV, topics.LG):
            for kind, _t_s, body in self.records(stream):
                if kind == messages.EVENT and codes.EVENTS[body["code"]] == name:
                    out.append({codes.EVENT_FIELDS[no]: value for no, value in body["data"].items()})
        return out
