"""Counts a minute into the statistics of a period: one engine over one table.

A row of the table: `number op source members low high`, repeated for `members` sources one after the other.
`number` is that of protocols.meters.statistics above FIRST; `source` the index of a value in the list that
stands for the minute; `low` and `high` keys of the limits, 0 none. Operations and the numbers they give:

    x  extremes: highest, its time, lowest, its time (UTC seconds, start of the minute)
    r  highest of a ratio to the source's base in per mille (cut), its time (start of the minute)
    m  highest of an average, its time (end of the minute: it is the end of the window)
    c  minutes with low <= value < high, limits in per mille of the source's base
    s  sum of the values

A minute whose source is None is in no statistic, and what never had a source is not told: a meter without
harmonics has none, not zero minutes of them. All whole numbers; nothing is divided but limits and ratios.
"""

FIRST = 20000
READ = b"\x01\x02\x03\x04\x05\x06\x08\x10\x14\x1c\x1d\x1e\x1f\x20\x21"  # canonical numbers of sources 0..14
POWER_POINT = 8
VOLTAGE, CURRENT, POWER, APPARENT, FACTOR = 0, 3, 6, 7, 8
# Made of several; the terminal's own five stand at 0..4: outage, outages, power on, resets, traffic.
SPREAD_U, SPREAD_I, LOAD, DEMAND, ENERGY = 15, 16, 17, 18, 19
SOURCES = 20

POINT_TABLE = (  # low and high: keys of parameters.LIMITS; 14 is ZERO_E3
    "0 x 6 1 0 0,"  # active power
    "4 x 0 3 0 0,"  # voltages
    "16 x 3 3 0 0,"  # currents
    "30 c 0 3 4 3,"  # voltage assessed, above, below
    "33 c 0 3 1 3,"
    "36 c 0 3 4 2,"
    "40 r 15 1 0 0,"  # unbalance of voltage and of current
    "42 c 15 1 5 0,"
    "43 r 16 1 0 0,"
    "45 c 16 1 6 0,"
    "46 c 8 1 0 7,"  # power factor sections
    "47 c 8 1 7 8,"
    "48 c 8 1 8 0,"
    "49 c 17 1 0 9,"  # load: light, heavy, over, zero
    "50 c 17 1 10 11,"
    "51 c 17 1 11 0,"
    "52 c 17 1 0 14,"
    "53 c 9 3 12 0,"  # distortion of voltage and of current
    "56 c 12 3 13 0,"
    "60 m 18 1 0 0"
)
GROUP_TABLE = "100 x 6 1 0 0,104 m 18 1 0 0,106 s 19 1 0 0"
TERMINAL_TABLE = "200 s 0 5 0 0"
POWER_NOW, ENERGY_NOW = 20110, 20120  # + group: numbers of the groups' curves

# Limits that are themselves still right: exactly 107 % is qualified, an unbalance of exactly 4 % is not over.
STRICT = 1 << 1 | 1 << 3 | 1 << 5 | 1 << 6 | 1 << 12 | 1 << 13
ABSENT = (b"", b"", b"\x02\x03\x05\x06", b"\x02\x05", b"")  # by wires: phases without an element
ZERO_E3 = 4  # no load: what a class 1 meter need not start at, 0.4 % (GB/T 17215.321)
UNBALANCE_FROM = 20  # currents are compared when the highest passes the 20th part (5 %) of the rated

LARGEST = 1 << 31  # no value is, and a metering point is counted in an array of 32 bits
LARGEST_SUM = 1 << 46  # nor what is summed, in an array of 64 bits

EXTREMES, RATIO, AVERAGE, COUNT = 120, 114, 109, 99  # x r m c
ROW = 5  # bytes: number, op, source, low, high


def table(text):
    """The rows packed for `count` and `told`."""
    out = bytearray()
    for row in text.split(","):
        number, op, source, members, low, high = row.split(" ")
        step = 4 if op == "x" else 1
        for i in range(int(members)):
            out.extend(bytes((int(number) + step * i, ord(op), int(source) + i, int(low), int(high))))
    return bytes(out)


def _slots(op):
    return 4 if op == EXTREMES else 1 if op == COUNT else 2


def size(rows):
    """Numbers that a period of these rows needs."""
    return sum([_slots(rows[at + 1]) for at in range(0, len(rows), ROW)])


def count(rows, state, at, values, bases, limits, minute):
    """Count one minute, the `minute`th of its period from 0, into state[at:]."""
    for i in range(0, len(rows), ROW):
        op, source = rows[i + 1], rows[i + 2]
        value, base = values[source], bases[source]
        if value is not None:
            if op == COUNT:
                _count(state, at, value, base, limits, rows[i + 3], rows[i + 4])
            elif op == EXTREMES:
                _highest(state, at, value, minute)
                _lowest(state, at + 2, value, minute)
            elif op == RATIO:
                _highest(state, at, value * 1000 // base, minute)
            elif op == AVERAGE:
                _highest(state, at, value, minute)
            elif -LARGEST_SUM < value < LARGEST_SUM:
                state[at] += value
                state[at + 1] = 1
        at += _slots(op)


def _highest(state, at, value, minute):
    if (not state[at + 1] or value > state[at]) and -LARGEST < value < LARGEST:
        state[at], state[at + 1] = value, minute + 1


def _lowest(state, at, value, minute):
    if (not state[at + 1] or value < state[at]) and -LARGEST < value < LARGEST:
        state[at], state[at + 1] = value, minute + 1


def _count(state, at, value, base, limits, low, high):
    """state[at]: minutes counted + 1, 0 while no minute had a value."""
    if not base:
        return  # what the limit is a part of is not known
    state[at] = state[at] or 1
    if low and value < _first(limits, low, base):
        return
    if high and value >= _first(limits, high, base):
        return
    state[at] += 1


def _first(limits, key, base):
    """The first whole value beyond the limit."""
    limit = limits[key] * base
    return limit // 1000 + 1 if STRICT >> key & 1 else -(-limit // 1000)


def told(rows, state, at, from_s):
    """{statistic number: value} of what state[at:] holds of a period that began at from_s."""
    out = {}
    for i in range(0, len(rows), ROW):
        no, op = FIRST + rows[i], rows[i + 1]
        if op == COUNT:
            if state[at]:
                out[no] = state[at] - 1
        elif state[at + 1]:
            out[no] = state[at]
            if op == EXTREMES:
                out[no + 2] = state[at + 2]
                out[no + 3] = from_s + (state[at + 3] - 1) * 60
            if op == EXTREMES or op == RATIO:
                out[no + 1] = from_s + (state[at + 1] - 1) * 60
            elif op == AVERAGE:
                out[no + 1] = from_s + state[at + 1] * 60
        at += _slots(op)
    return out


def measure(point, values, bases, max_age_ms):
    """Fill `values` with what the metering point shows, and `bases` with what limits are per mille of."""
    voltage_dv, current_ma, wires, rated_va = point.rated
    absent = ABSENT[wires]
    for source, no in enumerate(READ):
        value = None if no in absent else point.latest.get(no, max_age_ms)
        if not isinstance(value, int):  # a wrong profile gives texts
            value = None
        elif CURRENT <= source < CURRENT + 3:
            value = abs(value)  # the sign of a current is the direction of its power
        values[source] = value
    for phase in range(3):
        bases[VOLTAGE + phase] = voltage_dv
    bases[LOAD] = rated_va * 10
    _spread(values, bases, VOLTAGE, SPREAD_U, 0)
    _spread(values, bases, CURRENT, SPREAD_I, current_ma // UNBALANCE_FROM if current_ma else None)
    power, factor, load = values[POWER], values[FACTOR], values[APPARENT]
    values[FACTOR] = factor = abs(factor) if factor and power else None
    if load is None and power is not None:
        load = abs(power) * 1000 // factor if factor else abs(power)
    values[LOAD] = load


def _spread(values, bases, first, to, floor):
    """Highest less lowest of the phases, with the highest as its base; None when it is not above `floor`."""
    there = [value for value in values[first : first + 3] if value is not None]
    values[to] = None
    if len(there) > 1 and floor is not None and max(there) > floor:
        values[to] = max(there) - min(there)
        bases[to] = max(there)
