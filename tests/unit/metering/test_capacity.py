"""What the flash of a terminal must hold (62 days, 31 billing days, 12 months, 10 days of 96 points), weighed
with the largest records that a meter can make, in whole segments of a ring."""

import pytest

from firmware.metering import statistics
from firmware.store import record
from firmware.store.ring import Ring
from protocols import cbor
from protocols.meters import points, profile
from protocols.meters.statistics import BY_NO
from protocols.uplink import messages

T_S = 1_800_000_000
DAYS, BILLINGS, MONTHS = 62, 31, 12
CURVES = 10 * 96
LARGE = {"V": 4_000, "A": 100_000, "kW": 40_000_000, "kWh": 9_999_999_990, "": 1000, "%": 1000, "min": 44_640}
LARGE |= {"s": T_S, "B": 1 << 33}  # what takes the most room of what there is


def size(kind, values, **who):
    """Bytes in flash of a record with these values."""
    body = {"quality": 0, "values": values}
    if kind == messages.CURVE:
        body |= {"slot_s": T_S, "interval_s": 900, "metering_point": 8}
    elif kind == messages.STATS:
        body |= {"from_s": T_S, "period": 1} | who
    else:
        body |= {"day_s": T_S, "metering_point": 8}
    row = [kind, T_S, 1, messages.pack(messages.RECORDS[kind], body)]
    return record.OVERHEAD + len(cbor.encode(row))


def values_of(numbers):
    return {number: LARGE[unit(number)] for number in numbers}


def unit(number):
    return str(BY_NO[number][2] if number in BY_NO else points.BY_NO[number][3])


def statistics_of(text):
    rows = statistics.table(text)
    return values_of(statistics.told(rows, [1] * statistics.size(rows), 0, 0))


def group_curve(groups):
    first = statistics.POWER_NOW, statistics.ENERGY_NOW
    return size(messages.CURVE, values_of([no + group for no in first for group in range(1, groups + 1)]))


CURVE = size(messages.CURVE, values_of(profile.dlt645()["curve"]))
FREEZE = size(messages.DAILY, values_of(profile.dlt645()["daily"]))
STATS = size(messages.STATS, statistics_of(statistics.POINT_TABLE), metering_point=8)
GROUP_STATS = size(messages.STATS, statistics_of(statistics.GROUP_TABLE), group=8)
TERMINAL_STATS = size(messages.STATS, statistics_of(statistics.TERMINAL_TABLE))


def ring_bytes(counts):
    """Ring size that holds the records {bytes: how many}: in each segment the place of one stays empty, and
    the oldest segment goes as a whole."""
    largest = max(counts)
    segments = sum(size * count for size, count in counts.items()) // (record.SEGMENT - largest) + 2
    return segments * record.SEGMENT


def da_bytes(metering_points, groups):
    periods = DAYS + MONTHS
    counts = {
        STATS: metering_points * periods,
        GROUP_STATS: groups * periods,
        TERMINAL_STATS: periods,
        FREEZE: metering_points * (DAYS + BILLINGS + MONTHS),
    }
    return ring_bytes(counts)


def cv_bytes(metering_points, groups):
    return ring_bytes({CURVE: metering_points * CURVES, group_curve(groups): CURVES})


# What RING_BYTES must be for (metering points, groups), in KB: (stream da, stream cv).
NEEDED_KB = {
    (1, 1): (68, 144),
    (2, 1): (112, 232),
    (4, 2): (216, 420),
    (5, 1): (252, 488),
    (8, 1): (396, 744),
    (8, 8): (448, 900),
}
OTHERS_KB = 96 + 32 + 64  # events, diagnostics, journal


@pytest.mark.parametrize(("metering_points", "groups"), NEEDED_KB)
def test_what_the_rings_must_hold(metering_points, groups):
    da_kb, cv_kb = da_bytes(metering_points, groups) // 1024, cv_bytes(metering_points, groups) // 1024
    assert (da_kb, cv_kb) == NEEDED_KB[metering_points, groups]


def test_a_flash_of_1_mb_holds_five_points_and_2_mb_all():
    assert sum(NEEDED_KB[5, 1]) + OTHERS_KB <= 1024 < sum(NEEDED_KB[8, 1]) + OTHERS_KB
    assert sum(NEEDED_KB[8, 8]) + OTHERS_KB <= 2048


def test_a_ring_of_that_size_does_hold_them(tmp_path):
    """One point and one group, the records of every day in their order, for twice as long."""
    day = [STATS, GROUP_STATS, TERMINAL_STATS, FREEZE]
    wanted = len(day) * (DAYS + MONTHS) + BILLINGS
    ring = Ring(str(tmp_path), da_bytes(1, 1))
    ring.open()
    for i in range(2 * wanted):
        ring.append(bytes(day[i % len(day)] - record.OVERHEAD))
    assert ring.next_seq - ring.first_seq >= wanted
    ring.close()
