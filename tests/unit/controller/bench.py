"""The controller on the fake board and a real journal; `order` is the sequence of what it touched."""

from firmware.control import core
from firmware.controller import Controller
from firmware.hal import fake
from firmware.link.gate import Gate
from firmware.store.kv import Kv, StoreError
from protocols.uplink import parameters
from protocols.uplink.codes import EVENT_CODE, EVENT_FIELD_NO

TRIP_1 = {"rounds": 1, "delay_s": 0, "limit_s": 0}
PLAN = {
    "codes": b"\x55" * 12,
    "setpoints_w": [90_000],
    "float_pct": 0,
    "periods": 255,
    "rounds": 0b111,
    "alarm_s": [3, 3, 3],
    "slide_s": 1,
    "safety_w": 50_000,
    "post_trip_s": 2,
}


class _Relays(fake.Relays):
    """The relays' own read-back, with each change noted."""

    def __init__(self, order):
        super().__init__()
        self._order = order

    def drive(self, trip_mask):
        if trip_mask != self.tripped():
            self._order.append(("drive", trip_mask))
        super().drive(trip_mask)

    def close(self, mask):
        self._order.append(("close", mask))


class Bench:
    """`told`: (name, {field: value}) of every event. `flash_dead`: every put is refused."""

    def __init__(self, folder):
        self.order = []
        self.told = []
        self.board = fake.Board(str(folder), facts=dict(fake.FACTS, direct_close=True))
        self.groups = ((None, None),)
        self.price_e4 = None
        self.board.relays = _Relays(self.order)
        self.clock = self.board.clock
        self.clock.set_ms(self.clock.now_ms())
        self.flash_dead = False
        self.command = 0
        self.kv = Kv(str(folder) + "/kv")
        self.boot()

    def boot(self, clock_ok=True):
        """Power on; the pins begin without a trip."""
        self.kv.close()
        self.clock.ok = clock_ok
        self.board.relays = _Relays(self.order)
        self.kv = Kv(self.kv._path)
        self.kv.open()
        self._put, self.kv.put = self.kv.put, self._refusable
        self.controller = Controller(self.board, self.kv, lambda: (self.groups, self.price_e4), self)
        self.configure()

    def configure(self, control=(), guarantee=()):
        """Parameters with defaults, but for the fields named."""
        both = (parameters.CONTROL, control), (parameters.GUARANTEE, guarantee)
        self.controller.configure(*[dict(parameters.read(no, {}), **dict(given)) for no, given in both])

    def _refusable(self, values):
        self.order.append(("put", sorted(values)))
        if self.flash_dead:
            raise StoreError("flash")
        self._put(values)

    def tell(self, name, fields):
        """As firmware.events: every field has its number."""
        assert all(field in EVENT_FIELD_NO or field == "ago_s" for field in fields)
        self.order.append(("tell", EVENT_CODE[name]))
        self.told.append((name, fields))

    def _add(self, _stream, _kind, _t_s, _t_ok, body):
        self.order.append(("add", body.get("code")))
        return 1

    def gate(self):
        """A gate on the same journal; commands go in by `_take`, past the seal that its own tests cover."""
        relays = self.board.relays
        measured = lambda: (relays.tripped(), relays.open(), None)  # noqa: E731
        return Gate(
            self.kv,
            "T0000001",
            self.board.identity["keys"],
            self.controller.apply,
            self.clock,
            self._add,
            measured,
        )

    # ---- hands

    def run(self, seconds, power_w=0, energy_wh=None):
        """A step a second with fresh readings, primary side; power None: the meter is mute."""
        for _ in range(seconds):
            energy_wh = self.groups[0][1] if energy_wh is None else energy_wh
            self.groups = ((power_w, energy_wh),)
            self.controller.step()
            self.clock.advance(1000)

    def do(self, kind, params=None, scope=0):
        """Apply and journal as the gate does, then commit; the reason."""
        self.command += 1
        reason, entries, commit = self.controller.apply(kind, params or {}, self.command, scope)
        if not reason:
            self.kv.put(entries)
            commit()
        return reason

    # ---- eyes

    def names(self):
        return [name for name, _data in self.told]

    def tripped(self):
        return self.board.relays.tripped()

    def state(self):
        """What the journal holds."""
        return core.load({key: self.kv.get(key) for key in core.KEYS.split()}, self.board.facts["rounds"])


def code(name):
    return EVENT_CODE[name]
