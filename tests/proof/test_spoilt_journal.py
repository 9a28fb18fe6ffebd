"""Every single piece of what a terminal keeps on flash, spoilt in every way: it starts on the safe side."""

from firmware.control import core
from protocols.uplink import codes
from tests.proof import driver
from tests.proof.driver import OVER, enable, give, start, step
from tests.proof.orders import Order
from tests.proof.test_every_combination import ALL, with_energies

NO_NUMBERS = (None, "", "x", 1 << 64, [], [None], {}, b"\xff", ["x"] * 9)
NUMBERS = (
    -1,
    3,
    1 << 40,
)  # a number in place of another one cannot be told from the truth: records have a CRC


def busy(guaranteed):
    """A terminal in which everything that is kept is in use."""
    pair = with_energies(start(2), ALL, ALL, (0b01, 0b01))
    pair = give(pair, driver.trip(0b10, 300))
    for control in (codes.PERIOD, codes.FACTORY_REST, codes.BUSINESS_STOP, codes.DOWN_FLOAT):
        pair = give(pair, enable(control, OVER, 0b11))
    for _second in range(4):
        pair = step(pair)
    return give(pair, Order("guarantee")) if guaranteed else pair


def pieces(kept, path=()):
    """The path of every piece, containers too."""
    entries = kept.items() if isinstance(kept, dict) else enumerate(kept) if isinstance(kept, list) else ()
    for key, value in entries:
        yield (*path, key)
        yield from pieces(value, (*path, key))


def spoilt(kept, path, junk):
    if not path:
        return junk
    copy = dict(kept) if isinstance(kept, dict) else list(kept)
    copy[path[0]] = spoilt(kept[path[0]], path[1:], junk)
    return copy


def every_start(pair, junks=NO_NUMBERS):
    """(path, junk, outputs of the first step) for each piece and each way to spoil it."""
    kept = core.dump(pair.state)
    for path in list(pieces(kept)):
        for junk in junks:
            state = core.load(spoilt(kept, path, junk), pair.world.rounds)
            yield path, junk, core.step(state, driver.sample(pair))[1]


def test_the_core_keeps_everything_in_pieces_that_are_known_here():
    kept = core.dump(busy(False).state)
    assert set(kept) <= set(core.KEYS.split())
    assert len(list(pieces(kept))) > 60


def test_a_guaranteed_customer_stays_so_whatever_is_spoilt():
    for path, junk, outputs in every_start(busy(True), NO_NUMBERS + NUMBERS):
        assert outputs.guarantee != codes.GUARANTEE_OFF, (path, junk)
        assert outputs.tripped == 0, (path, junk)


def test_nothing_more_is_opened_whatever_is_spoilt():
    pair = busy(False)
    before = core.step(pair.state, driver.sample(pair))[1]
    for path, junk, outputs in every_start(pair):
        assert outputs.tripped & ~before.tripped == 0, (path, junk)


def test_a_balance_is_kept_or_unknown_but_no_other_whatever_is_spoilt():
    pair = busy(False)
    remaining_wh = core.step(pair.state, driver.sample(pair))[1].groups[0].remaining_wh
    for path, junk, outputs in every_start(pair):
        groups = [row for row in outputs.groups if row.group == 1]
        assert not groups or groups[0].remaining_wh in (remaining_wh, None), (path, junk)


def test_a_missing_guarantee_beside_other_parts_is_a_doubt():
    kept = core.dump(busy(False).state)
    key = driver.guarantee_place()[0]
    for found in ({**kept, key: None}, {other: kept[other] for other in kept if other != key}):
        outputs = core.step(core.load(found, 2), driver.sample(busy(False)))[1]
        assert outputs.guarantee == codes.GUARANTEE_UNREADABLE


def test_nothing_kept_at_all_is_a_new_terminal():
    for found in ({}, dict.fromkeys(core.KEYS.split())):
        pair = start(2)
        assert core.step(core.load(found, 2), driver.sample(pair))[1].guarantee == codes.GUARANTEE_OFF
