"""What the prepaid ledger of a meter remembers, in 48 bytes, and what it is told of the meter. Pure.

The balance is kept in thousandths of its unit, 10^-4 yuan or Wh, so that a Wh times its price needs no
rounding. A fresh ledger is SIZE zero bytes. Order numbers only grow, so the last one keeps every order from
being applied twice; the numbers just before it are kept to tell "already applied" from "too old".
"""

import struct
from collections import namedtuple

from firmware.control.records import FIELDS, evolve

_LAYOUT = "<qIIIIIIIiiHBB"
SIZE = 48
STATE = (
    "left_milli",  # of 10^-4 yuan with FEE, else of Wh
    "registers_wh",  # charged up to here: four tariff registers with BY_RATE, else the total and three 0
    "tier_wh",  # used in the running count of tiers
    "read_s",  # the registers stood so at that time, UTC
    "order",  # number of the last order, 0 none
    "doubt_wh",  # sum of the last registers that were not believed
    "gap_wh",  # sum of the registers before the last break less the sum after it; 0: told, or no break
    "since_day",  # local day on which the count of tiers began
    "flags",
    "earlier",  # bit n: order number order - 1 - n was applied
)
State = namedtuple("State", STATE)
FIELDS[State] = STATE  # so that records.evolve takes it

OPEN = 1  # an order has come: there is a balance
FEE = 2
BASED = 4  # registers_wh stand for something
BY_RATE = 8
WARNED, OUT = 16, 32  # told that the balance is at the warn, at the trip threshold
STRAY = 64  # two bits: readings in a row that were not believed
STRAYS = 3 * STRAY

CONFIG = (
    "tariffs",  # versions (tariffs.Tariff) in order of time; () for a balance of energy
    "warn",  # thresholds of the balance in 10^-4 yuan or Wh; below zero is an overdraft
    "trip",
    "blocked_hours",  # mask of local hours in which nobody is cut off
    "holidays",  # local days (days since 1970) on which nobody is
    "guaranteed",  # 0, 1, or None for one that cannot be read: it counts as on
    "held",  # 1: the station has switched this meter itself, and only the station switches it back
    "multiplier",
    "by_rate",  # 1: the meter's tariff registers are charged, 0: its total, at the rate of the time
    "roll_wh",  # its registers begin again at 0 here
    "wait_s",  # so long a charge waits for the freeze of a price change at midnight; 0: the meter has none
    "offset_s",  # local time less UTC
)
Config = namedtuple("Config", CONFIG)
Reading = namedtuple("Reading", ("total_wh", "rates_wh"))  # rates_wh: four, or None

NEW = State(0, (0, 0, 0, 0), 0, 0, 0, 0, 0, 0, 0, 0)


def pack(state) -> bytes:
    return struct.pack(_LAYOUT, state.left_milli, *(state.registers_wh + state[2:]))


def unpack(data):
    """ValueError: not the size of a ledger. The store vouches for what is in it."""
    if len(data) != SIZE:
        raise ValueError("a ledger has %d bytes" % SIZE)
    values = struct.unpack(_LAYOUT, data)
    return State(values[0], values[1:5], *values[5:])


def remaining(state):
    """10^-4 yuan or Wh, a begun unit counts; None before the first order."""
    return -(-state.left_milli // 1000) if state.flags & OPEN else None


def unit(state) -> str:
    """How the names of amounts end in events."""
    return "_yuan_e4" if state.flags & FEE else "_wh"


def cross(state, config, events):
    """Tell once each time the balance comes down to a threshold."""
    if not state.flags & OPEN:
        return state
    flags = state.flags & ~(WARNED | OUT)
    for flag, threshold in ((WARNED, config.warn), (OUT, config.trip)):
        if state.left_milli <= threshold * 1000:
            flags |= flag
            if not state.flags & flag:
                told = {
                    "threshold" + unit(state): threshold,
                    "remaining_after" + unit(state): remaining(state),
                }
                events.append(("energy_control_alarm", told))
    return evolve(state, flags=flags)
