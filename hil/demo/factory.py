"""The factory and its terminal: an overload that is shed, energy that is used up and bought again."""

import time

from hil.adapters.pty_link import PtyLink
from hil.adapters.unix import UnixTerminal
from hil.adapters.world import WorldProcess
from protocols.uplink import messages
from protocols.uplink.codes import IDLE, PERIOD, PURCHASE, REFRESH
from station import plans, prepaid
from station.store import db, live

DEVICE, NAME, MULTIPLIER = "T0000001", "示范工厂 Demo factory", 80
READING_S = 120  # longest wait for the first reading
CALM_W, OVERLOAD_W = 168_000, 232_000
PLAN = {  # one control period over the whole day, so that the story works at any hour
    "periods": [(0, 48, 200)],
    "rounds": [1, 2],
    "alarm_s": [20],
    "slide_s": 5,
    "safety_kw": 100,
    "post_trip_s": 10,
}
PREPAID_ROUND = 3
LAST_KWH, NEXT_KWH, ALARM_KWH = 1, 5000, 500  # an order that is nearly used up, then a new one


class Factory:
    """The running factory with its terminal. `display`: PNG file; `console`: PTY of the service console."""

    def __init__(self, story, started, home, station):
        self._story = story
        identity = station.enrol(DEVICE, "123456789012", MULTIPLIER, NAME)
        story.tell("starting the factory and its meter")
        self.world = WorldProcess(home / "world")
        started.callback(self.world.stop)
        self.world.ask(load_w=CALM_W)
        story.tell("starting the terminal")
        terminal = UnixTerminal(home / "terminal", self.world, identity, "127.0.0.1", station.mqtt)
        started.callback(terminal.stop)
        terminal.display = self.display = home / "terminal" / "display.png"
        console = PtyLink()  # a serial line with an end for the terminal and one for a person
        started.callback(console.close)
        terminal.service, self.console = console.far, console.near
        terminal.start()
        story.children += [
            ("the factory", lambda: self.world.child.alive),
            ("the terminal", lambda: terminal.alive),
        ]

    def first_reading(self):
        story, since_s = self._story, db.now_s()
        story.tell("waiting for the first reading of the factory to be stored")

        def stored():
            now = story.ask(live.latest, DEVICE)
            return now and now["received_s"] >= since_s and now["power_w"] is not None

        story.wait("first reading", stored, READING_S)
        story.tell(f"first reading stored: {story.ask(live.latest, DEVICE)['power_w'] / 1000:.1f} kW")

    def play(self):
        self._clear_earlier()
        self._story.seen.clear()  # what ended tells its last events
        self._overload()
        self._prepaid()
        self.world.ask(load_w=None)

    def _clear_earlier(self):
        """The flash remembers an earlier story: end its controls, let the customer close what it tripped."""
        now = self._story.ask(live.latest, DEVICE)
        held = [row[0] for row in now["controls"] if row[0] in (PERIOD, PURCHASE) and row[1] != IDLE]
        if not held:
            return
        self._story.tell("ending the controls of an earlier run")
        for control in held:
            self._story.order(DEVICE, messages.RELEASE, {"control": control})
        self._story.wait("switches closed again", lambda: self.world.truth()["open"] == 0)

    def _overload(self):
        story = self._story
        story.tell("sending a plan: 200 kW over the whole day, alarm 20 s, then round after round")
        story.order(DEVICE, messages.PERIOD_PLAN, plans.build(**PLAN))
        time.sleep(5)
        self.world.ask(load_w=OVERLOAD_W)
        story.tell(f"overload: the factory draws {self.world.truth()['power_w'] / 1000:.0f} kW")
        story.until_event(DEVICE, "power_control_trip")
        self._tell_site()

    def _prepaid(self):
        story = self._story
        story.tell(
            f"energy on account: {LAST_KWH} kWh is left, round {PREPAID_ROUND} goes when it is used up"
        )
        self._sell(LAST_KWH)
        story.until_event(DEVICE, "energy_control_trip")
        self._tell_site()
        story.tell(f"the factory pays: {NEXT_KWH} kWh")
        self._sell(NEXT_KWH)
        story.until_event(DEVICE, "close_permitted")
        story.tell(f"round {PREPAID_ROUND} may be closed by hand")

    def _sell(self, kwh):
        """An order in place of what was left, so that the story works whatever an earlier one left."""
        number = self._story.ask(prepaid.next_order, DEVICE)
        order = prepaid.build(number, REFRESH, kwh, ALARM_KWH, 0, [PREPAID_ROUND])
        self._story.order(DEVICE, messages.PURCHASE, order)

    def _tell_site(self):
        truth = self.world.truth()
        rounds = " ".join(str(n + 1) for n in range(8) if truth["open"] >> n & 1)
        self._story.tell(
            f"switches open: {rounds or 'none'}; the factory draws {truth['power_w'] / 1000:.0f} kW"
        )
