"""Key scenes of prepaid meters, on either runtime: `scenes.py` prints a line of JSON for each step of each.

MICROPYPATH=<repo root>:.frozen micropython tests/unit/area_prepaid/scenes.py
"""

import json

from firmware.area import ledger, ledger_orders, switching
from firmware.area.ledger_state import NEW, Config, Reading, pack, remaining, unpack
from firmware.area.tariffs import Tariff
from protocols.uplink.codes import APPEND

OFFSET_S = 8 * 3600
MIDNIGHT_S = 1798761600 - OFFSET_S  # the local midnight in which 2027 begins
DAY_S = 86400
CODES = b"\x44" * 7 + b"\x33" * 5 + b"\x11" * 12
PRICES = (10573, 8112, 5283, 3007)
TIERS = Tariff(0, CODES, PRICES, 12, (2880000, 4800000), (500, 3000))
DEARER = Tariff(MIDNIGHT_S + 9 * 3600, CODES, (20000,), 12, (2880000, 4800000), (500, 3000))
OPEN_WORD, CLOSED_WORD, PERMITTED_WORD = 0x50, 0, 0x10


def config(tariffs=(TIERS,), warn=500000, trip=0, by_rate=1, roll_wh=10**9):
    return Config(tariffs, warn, trip, 0, (), 0, 0, 1, by_rate, roll_wh, 3 * DAY_S, OFFSET_S)


class Meter:
    """A meter with its ledger and switch; each step goes through the packed form and is told."""

    def __init__(self, name, told):
        self.name = name
        self.config = told
        self.ledger = NEW
        self.switch = switching.NEW
        self.events = []

    def tell(self, what, answer=None):
        self.ledger = unpack(pack(self.ledger))
        self.switch = switching.unpack(switching.pack(self.switch))
        events, self.events = [[name, sorted(data.items())] for name, data in self.events], []
        print(json.dumps([self.name, what, answer, remaining(self.ledger), list(self.switch), events]))

    def read(self, rates_wh, t_s):
        reading = Reading(sum(rates_wh), rates_wh)
        self.ledger, asked, self.events = ledger.settle(self.ledger, self.config, reading, t_s)
        self.tell("read", [list(each) for each in asked])

    def day_end(self, rates_wh, t_s, total_wh):
        reading = Reading(total_wh, rates_wh)
        self.ledger, row, _asked, self.events = ledger.day_end(self.ledger, self.config, reading, t_s)
        self.tell("day end", list(row))

    def order(self, number, value, flag=APPEND):
        order = ledger_orders.Order(number, flag, value, 1)
        reason, self.ledger, self.events = ledger_orders.order(self.ledger, self.config, order)
        self.tell("order", reason)

    def change(self, old_wh, new_wh, t_s):
        found = ledger_orders.change(self.ledger, self.config, old_wh, new_wh, t_s)
        reason, self.ledger, self.events = found
        self.tell("change", reason)

    def step(self, t_s):
        wanted = ledger.want(self.ledger, self.config, t_s)
        self.switch, action = switching.step(self.switch, wanted, t_s)
        self.tell("step", [wanted, action])

    def look(self, word, t_s):
        """Without a power cut in between: a fresh look stays one."""
        self.switch, self.events = switching.looked(self.switch, word, t_s)
        wanted = ledger.want(self.ledger, self.config, t_s)
        self.switch, action = switching.step(self.switch, wanted, t_s)
        self.tell("look", [wanted, action])


def bought_used_up_cut_and_topped_up():
    meter = Meter("household", config())
    meter.read((1000, 1000, 1000, 1000), MIDNIGHT_S)
    meter.order(1, 100000)
    meter.order(1, 100000)
    meter.step(MIDNIGHT_S + 10)
    meter.read((10000, 1000, 1000, 1000), MIDNIGHT_S + 3600)
    meter.read((11000, 2000, 1000, 1000), MIDNIGHT_S + 7200)
    meter.step(MIDNIGHT_S + 7201)
    meter.look(CLOSED_WORD, MIDNIGHT_S + 7202)
    meter.step(MIDNIGHT_S + 7203)
    meter.look(None, MIDNIGHT_S + 7210)
    meter.look(OPEN_WORD, MIDNIGHT_S + 7270)
    meter.order(2, 500000)
    meter.step(MIDNIGHT_S + 7300)
    meter.look(OPEN_WORD, MIDNIGHT_S + 7301)
    meter.look(PERMITTED_WORD, MIDNIGHT_S + 7310)
    meter.look(CLOSED_WORD, MIDNIGHT_S + 7900)
    meter.order(1, 100000)


def year_and_price_turn():
    meter = Meter("year", config((TIERS, DEARER)))
    meter.read((0, 0, 0, 0), MIDNIGHT_S - 10 * DAY_S)
    meter.order(5, 10**8)
    meter.read((0, 0, 600000, 0), MIDNIGHT_S - 2 * DAY_S)
    meter.read((0, 0, 650000, 50000), MIDNIGHT_S + 7200)
    meter.read((0, 0, 640000, 40000), MIDNIGHT_S)
    meter.read((0, 0, 650000, 50000), MIDNIGHT_S + 7200)
    meter.read((0, 0, 670000, 50000), MIDNIGHT_S + 18 * 3600)
    meter.day_end((0, 0, 680000, 50000), MIDNIGHT_S + DAY_S, 730090)


def doubt_and_another_meter():
    meter = Meter("replaced", config())
    meter.read((10**6, 10**6, 10**6, 10**6), MIDNIGHT_S)
    meter.order(1, 10000000)
    meter.read((9 * 10**6, 10**6, 10**6, 10**6), MIDNIGHT_S + 3600)
    meter.read((10**6, 10**6, 10**6, 10**6 + 1000), MIDNIGHT_S + 3602)
    for second in range(5):
        meter.read((500, 0, 0, second * 10), MIDNIGHT_S + 7200 + second)
    meter.change(4002000, 200, MIDNIGHT_S + 5000)
    meter.change(4002000, 200, MIDNIGHT_S + 5000)


def register_begins_again():
    meter = Meter("rolls", config((TIERS,), by_rate=0))
    meter.read((999999500, 0, 0, 0), MIDNIGHT_S)
    meter.order(1, 10000000)
    for second in range(5):
        meter.read((500, 0, 0, 0), MIDNIGHT_S + 3600 + second)


def main():
    bought_used_up_cut_and_topped_up()
    year_and_price_turn()
    doubt_and_another_meter()
    register_begins_again()


if __name__ == "__main__":
    main()
