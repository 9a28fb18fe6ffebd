"""Which metering points there are: parameters.POINTS checked and made; a meter that was changed.

Needed at a start, when the wiring changes and for a command; a terminal need not keep it loaded, nor the
modules of sources it has not.
"""

from firmware.metering.points import EXPORT, IMPORT, KEY, Bus, Meter, Point, Poller, Profile, Reader, Register
from protocols.uplink.codes import REASON_NO

METER, PULSE, AC = 1, 2, 3
KEPT = (0, 8, 3, 4)  # numbers that flash keeps of a point of that kind
POINTS_MAX, CHANNELS, MULTIPLIER_MAX = 8, 16, 1000000
LEAST_BAUD, MOST_BAUD = 300, 115200
SLOTS, ADDRESS_MOST = 4, 32
# For each kind and field the least and the most; fields are those of a row behind the kind, without the
# address: port, baud, profile, multiplier, voltage_dv, current_ma, wires, pulses per kWh, rated_va
FIELDS = (2, 4, 5, 6, 7, 8, 9, 10, 11)
LEAST = (1, 0, 0, 1, 0, 0, 3, 0, 0)
MOST = (CHANNELS, MOST_BAUD, 255, MULTIPLIER_MAX, 1000000, 10000000, 4, 1000000, 100000000)


def check(rows, lines, profiles, board) -> str:
    """What is wrong with the rows, "" nothing. `lines`: how many there are; `profiles`: those that are there,
    None at a start: a profile that was lost must not cost the other rows too."""
    numbers, places, bauds = [], [], {}
    for row in rows:
        wrong = _shape(row)
        if wrong:
            return wrong
        no, kind, port, address, baud = row[:5]
        place = (kind, port if kind != AC else 0, address)
        if no in numbers or place in places:
            return "point %d: number or place is used twice" % no
        numbers.append(no)
        places.append(place)
        if kind == METER:
            if port > lines or bauds.get(port, baud) != baud:
                return "point %d: no such line, or another speed on it" % no
            bauds[port] = baud
            if row[5] > SLOTS or (profiles is not None and row[5] not in profiles):
                return "point %d: no such profile" % no
        elif not hasattr(board, "inputs" if kind == PULSE else "ac"):
            return "point %d: this board has no such input" % no
    return ""


def _shape(row):
    """What is wrong with one row alone, "" nothing."""
    numbers = [row[at] for at in FIELDS if type(row[at]) is int]
    if not (_within(row[0], 1, POINTS_MAX) and _within(row[1], METER, AC) and len(numbers) == len(FIELDS)):
        return "points is not rows of [number 1..8, kind 1..3, ...]"
    for value, least, most in zip(numbers, LEAST, MOST):
        if not least <= value <= most:
            return "point %d: %d is out of its range" % (row[0], value)
    if row[1] == METER and not (_is_address(row[3], row[5]) and row[4] >= LEAST_BAUD):
        return "point %d: no meter address, or no speed" % row[0]
    if row[1] != METER and row[3] != "":
        return "point %d: only a meter has an address" % row[0]
    if row[1] == PULSE and row[10] < 1:
        return "point %d: no pulses per kWh" % row[0]
    return ""


def _within(value, least, most):
    return type(value) is int and least <= value <= most


def _is_address(text, profile):
    """Of other profiles than that of the identity the Reader says more when it is made."""
    if not isinstance(text, str) or not 0 < len(text) <= ADDRESS_MOST:
        return False
    return profile > 0 or (len(text) == 12 and text.isdigit())


def main_row(identity):
    """The meter of the identity as point 1. Behind transformers 5 A are rated, else 60 A."""
    meter, multiplier = identity["meter"], identity["multiplier"]
    current_ma = 5000 if multiplier > 1 else 60000
    return [1, METER, 1, meter["address"], meter["baud"], 0, multiplier, 2200, current_ma, 4, 0, 0]


def rated(row):
    """(voltage_dv, current_ma, wires, rated_va); a capacity of 0 is that of voltage and current."""
    voltage_dv, current_ma, wires, _constant, rated_va = row[7:]
    three = 3000 if wires == 4 else 1732  # three phase voltages, or root 3 of the voltage between them
    return voltage_dv, current_ma, wires, rated_va or voltage_dv * current_ma // 10000 * three // 1000


def profiles(identity):
    """Profile 0 is the meter's own; 1.. of `profiles` stand until a slot has its own. The parsed texts
    are not needed twice."""
    documents = [identity["meter"].pop("profile")] + identity.pop("profiles", [])
    return {at: Profile(document) for at, document in enumerate(documents)}


def lines(board, clock, on_power):
    """[(Bus, Poller), ...] of port 1, 2, ...: the serial lines that the board has."""
    out = []
    for name in ("line", "line2", "line3", "line4"):
        port = board.serial(name) if name in board.facts["ports"] else None
        if not port:
            break
        out.append((Bus(port, clock, board.identity["meter"]["baud"]), Poller(clock, on_power)))
    return out


def wire(points):
    """Make the points of the rows that are wanted; those whose row is the same go on. What no memory is there
    for has no reading."""
    points.rows()
    planned(points, points.profiles, points.trials, False)()


def planned(points, profiles, trials, strict=True):
    """A function after which the points are those wanted, read by these profiles. What may fail is done
    before: a Reader without room is MemoryError if `strict`."""
    made = []
    for row in sorted(points.wanted or [main_row(points.board.identity)], key=_number):
        same = points.by_no(row[0])
        profile = profiles.get(row[5]) if row[1] == METER else None
        fits = same and same.row == row and same.profile is profile
        made.append(same if fits else _point(points, row, profile, trials, strict))
    on_lines = [
        [point for point in made if point.meter and point.port == at + 1] for at in range(len(points.lines))
    ]
    want_exports(points, made)

    def commit():
        points.points[:] = made
        for (line, poller), mine in zip(points.lines, on_lines):
            poller.points = mine
            line.forget(mine[0].row[4] if mine else None)

    return commit


def _number(row):
    return row[0]


def _point(points, row, profile, trials, strict):
    no, kind = row[:2]
    clock = points.clock
    state = points.kept.get(no)
    state = state[2:] if state and state[1] == kind else None
    registers, source, meter, trial = (), None, None, None
    if kind == METER:
        trial = trials.get(row[5])
        registers = _registers(points.by_no(no), state, trial)
        reader = profile and _reader(points, row, profile, strict)
        meter = reader and Meter(points.lines[row[2] - 1][0], row[3], profile, clock, reader)
    elif kind == PULSE:
        from firmware.metering.pulse import Pulse

        source = Pulse(clock, row[10], state)
    else:
        from firmware.metering.ac import Ac

        source = Ac(clock, state)
    point = Point(row, rated(row), clock, registers, source, meter, profile if meter or source else None)
    point.trial = trial if meter else None
    return point


def _registers(old, state, trial):
    """Imported and exported energy. Those of a point that stands go on, by whatever it is read: a jump is a
    break, not a month's usage. So it is after a start in a trial, where another profile showed the totals."""
    if old and old.registers:
        return old.registers
    stood_s = 0 if trial else None
    return Register(IMPORT, state and state[:4], stood_s), Register(EXPORT, state and state[4:], stood_s)


def _reader(points, row, profile, strict):
    """None when nothing can read the point: then it has no reading, and the others do."""
    link = getattr(profile, "link", None)
    try:
        return Reader(row[3], {}) if link is None else points.modules[link](row[3], profile.options)
    except Exception as error:  # a Reader judges addresses and options in its own way
        if strict and isinstance(error, MemoryError):
            raise
        return None


def want_exports(points, made):
    """Which meters must show exported energy as often as power: those that a group counts in reverse."""
    wanted = [no for _group, no, _sign, reverse in points.members if reverse]
    for point in made:
        if point.profile:
            reads = point.profile.reads_of(EXPORT) if point.no in wanted else ()
            point.export = reads[0] if reads and reads[0] not in point.profile.fast else None


def change(points, params):
    """As Points.change_meter."""
    no = params["metering_point"]
    point = points.by_no(no)
    if not point or not point.meter:
        return REASON_NO["no_such_point"], {}, None
    if point.latest.get(IMPORT) is None:
        return REASON_NO["no_reading"], {}, None
    state = point.registers[0].change(params["old_wh"], params["new_wh"])
    if state is None:
        return REASON_NO["bad_params"], {}, None
    row = [no, METER] + state + point.registers[1].saved()

    def commit():
        point.registers = Register(IMPORT, state), point.registers[1]
        points.tell("meter_changed", params)

    return 0, {KEY: [row if kept[0] == no else kept for kept in points.rows()]}, commit


def kept(value):
    """{metering point: row} of what flash kept; what cannot be used is left out: that total starts anew."""
    out = {}
    for row in value if isinstance(value, list) else ():
        if isinstance(row, list) and len(row) > 2 and _within(row[0], 1, POINTS_MAX) and row[1] in (1, 2, 3):
            numbers = row[2:]
            if len(numbers) == KEPT[row[1]] and _usable(row[1], numbers):
                out[row[0]] = row
    return out


def _usable(kind, numbers):
    if kind == METER:
        return _is_register(*numbers[:4]) and _is_register(*numbers[4:])
    return all(type(value) is int and value >= 0 for value in numbers) and (kind == AC or numbers[1] > 0)


def _is_register(total, offset, last, first):
    ints = [type(value) is int for value in (total, last, first) if value is not None]
    return type(offset) is int and all(ints) and (last is None) == (first is None)
