"""A prepaid household pays, uses it up, is cut off by the concentrator alone, and let go again."""

import time

import pytest

from firmware.area.plan_duties import LOCAL
from protocols.lines import dlt645
from protocols.uplink import archive_rows, parameters
from protocols.uplink import area as contract
from protocols.uplink.codes import APPEND, REASONS, REFRESH
from station.approvals.policy import BY_POLICY
from station.area import life
from station.controls import submit
from station.store import area as store
from station.store import commands, db
from tests.e2e.area_rig import DEVICE, AreaRig, archive_of

ENERGY_DUTY = LOCAL[4].number
TARIFF, PRICE_E4 = 1, 5000  # a kWh
ORDER_E4, WARN_E4 = 1000, 600  # 0.2 kWh; warned when 0.12 are left
TOP_UP_E4 = 1_000_000  # more than it can owe by then
QUARTER_S = 900
AHEAD_S = 12  # of a quarter the concentrator starts


@pytest.fixture
def house(tmp_path):
    rig = AreaRig(tmp_path, meters=6, lines=1, inputs=["password=000000", "operator=00000001"])
    try:
        yield House(rig)
    finally:
        rig.close()


class House:
    """The first prepaid household of the area, and its place in the archive."""

    def __init__(self, rig):
        self.rig = rig
        rows = archive_of(rig.world.archive, rig.slots)
        filed = {each["address"]: each for each in rig.world.archive}
        self.row = next(row for row in rows if filed[row["address"]]["prepaid"])
        self.row |= {"flags": archive_rows.PREPAID, "tariff": TARIFF}
        self.meter, self.address = self.row["meter"], self.row["address"]
        rig.power()
        rig.wait(rig.now, "the first live state")
        self._set(contract.PRICES, tariffs=[[TARIFF, 0, b"\x33" * 24, [PRICE_E4], 0, [], []]])
        self._set(contract.PREPAID, warn_yuan_e4=WARN_E4)
        rig.load(rows)

    def _set(self, section, **values):
        wire = parameters.write(section, values, contract.PARAMETERS)
        params = {"section": section, "version": 1, "values": wire}
        with db.writing(self.rig.engine) as c:
            number = submit(c, DEVICE, contract.messages.PARAMETERS, params, "test", leave=BY_POLICY)
        self.rig.done(number)

    # ---- eyes

    def ledger(self, **wanted):
        """What the station shows of its balance, when it is as wanted."""
        found = self.rig.ask(store.ledger, DEVICE, self.meter)
        return found if found and all(found[name] == value for name, value in wanted.items()) else None

    def orders(self):
        """[(number, value, state)], oldest first, as the station shows them."""
        found = self.rig.ask(store.orders, DEVICE, self.meter)
        return [(row["order"], row["value"], row["state"]) for row in reversed(found)]

    def events(self, name):
        return [row["data"] for row in self.rig.events(name) if row["data"]["metering_point"] == self.meter]

    def relay(self):
        return next(h["relay"] for h in self.rig.world.truth()["homes"] if h["address"] == self.address)

    def requests(self):
        """What the concentrator sent to it."""
        framer, found = dlt645.Framer(), []
        for _at, talker, data in self.rig.world.ask(frames=[1, 500])["frames"]:
            if talker == "terminal":
                found += framer.feed(bytes.fromhex(data))
        return [each for each in found if each.address == self.address]

    def controls(self):
        """N1 of the controls that went to it: 1AH cuts off, 1BH and 1CH let go."""
        return [each.data[8] for each in self.requests() if each.control == dlt645.CONTROL]

    def is_read_back(self):
        """Whether its status word was asked for behind the last control."""
        behind = []
        for each in self.requests():
            behind = [] if each.control == dlt645.CONTROL else [*behind, bytes(each.data)]
        return STATUS_WORD in behind

    def is_read(self):
        """Whether the quarter's energy of all prepaid meters, which is one, was read."""
        duties = {duty: (done, wanted) for duty, _slot_s, done, _absent, wanted in self.rig.area().get(6, [])}
        return duties.get(ENERGY_DUTY) == (1, 1)

    # ---- hands

    def pay(self, value, flag=APPEND):
        with db.writing(self.rig.engine) as c:
            number = life.order(c, DEVICE, self.meter, flag, value, 1, "test")
        return self.rig.done(number)

    def pay_again(self, order, value):
        """Past the station's own check, as a second station or a restored backup could send it."""
        params = life.named(self.row) | {"order": order, "flag": APPEND, "value": value, "fee": 1}
        with db.writing(self.rig.engine) as c:
            number = commands.create(c, DEVICE, contract.METER_ORDER, params, "test", db.now_s() + 300)
        return self.rig.done(number, "refused")

    def guarantee(self):
        with db.writing(self.rig.engine) as c:
            number = life.send(c, DEVICE, contract.METER_GUARANTEE, life.named(self.row) | {"on": 1}, "test")
        self.rig.done(number)

    def pass_time(self):
        """At least five minutes, to just before a quarter: of the area, and by a power cut of the device.

        There is no link, so that the concentrator goes by its own clock.
        """
        self.rig.device.kill()
        now_s = int(time.time()) + AHEAD_S
        step_s = -(now_s + 300) % QUARTER_S + 300
        self.rig.world.ask(skip_s=step_s)
        self.rig.power(clock_trusted=True, clock_step_s=step_s)
        return step_s


CUT, CLOSE = 0x1A, 0x1C
STATUS_WORD = bytes.fromhex("03050004")


@pytest.mark.timeout(300)
def test_what_was_paid_is_used_up_cut_off_without_a_link_and_let_go_by_the_next_order(house):
    rig = house.rig
    rig.wait(house.is_read, "its registers")
    house.pay(ORDER_E4)
    shown = rig.wait(lambda: house.ledger(order=1), "the balance at the station")
    assert (shown["remaining"], shown["fee"], shown["cut"]) == (ORDER_E4, 1, 0)
    assert house.controls() == []

    rig.net.refuse()
    rig.world.ask(fly=[house.address, True])  # it uses 40 times as much
    step_s = house.pass_time()
    rig.wait(lambda: house.relay() == "open", "the cut-off without a link")
    rig.wait(house.is_read_back, "its read-back")
    assert house.controls() == [CUT]
    assert house.ledger(order=1, cut=0), "the station cannot know yet"

    # The station's time comes back with the link: a meter ahead of it refuses a control as out of date.
    rig.world.ask(fly=[house.address, False], clock_s=[house.address, -step_s])
    rig.net.restore()
    shown = rig.wait(lambda: house.ledger(cut=1), "the cut-off at the station")
    assert shown["remaining"] <= 0
    assert [each["threshold_yuan_e4"] for each in house.events("energy_control_alarm")] == [WARN_E4, 0]
    assert len(house.events("energy_control_trip")) == 1

    owed = shown["remaining"]
    house.pay(TOP_UP_E4)
    rig.wait(lambda: house.relay() == "closed", "the household let go")
    shown = rig.wait(lambda: house.ledger(order=2, cut=0), "that at the station")
    assert shown["remaining"] == owed + TOP_UP_E4
    again = house.pay_again(2, TOP_UP_E4)
    assert REASONS[again["reason"]] == "order_already_applied"
    assert len(house.events("close_permitted")) == 1
    assert len(house.events("purchase_applied")) == 2
    assert house.controls() == [CUT, CLOSE]
    assert house.orders() == [(1, ORDER_E4, "executed"), (2, TOP_UP_E4, "executed")]
    assert house.ledger()["remaining"] == owed + TOP_UP_E4
    rig.assert_whole()


@pytest.mark.timeout(300)
def test_a_power_cut_behind_a_cut_off_repeats_nothing_and_a_guarantee_lets_go(house):
    rig = house.rig
    rig.wait(house.is_read, "its registers")
    with db.writing(rig.engine) as c:
        life.order(c, DEVICE, house.meter, REFRESH, 0, 1, "test")  # nothing is left
    rig.wait(house.controls, "the cut-off on the line")
    rig.device.kill()  # it reads back no sooner than 5 s after it: what became of it nobody knows
    assert house.relay() == "open"
    rig.power()
    shown = rig.wait(lambda: house.ledger(cut=1), "the cut-off at the station")
    assert (shown["remaining"], shown["order"]) == (0, 1)
    rig.wait(lambda: house.events("energy_control_trip"), "that it was its own")
    assert house.events("energy_control_trip") == [{"metering_point": house.meter, "repeats": 0}]
    assert house.controls() == [CUT]

    house.guarantee()
    rig.wait(lambda: house.relay() == "closed", "the household let go")
    rig.wait(lambda: house.ledger(cut=0), "that at the station")
    assert house.controls() == [CUT, CLOSE]
    assert rig.ask(life.drift, DEVICE) is False, "the archive that runs is the one that is wanted"
    assert house.orders() == [(1, 0, "executed")]
    rig.assert_whole()
