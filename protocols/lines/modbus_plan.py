"""Which blocks to read so that all wanted registers come with few requests."""

from protocols.lines.modbus import MAX_REGISTERS


def plan(wanted, most=MAX_REGISTERS, gap=0, forbidden=()) -> list:
    """[(address, count)] wanted of one function -> the fewest blocks [(address, count)], by address.

    A wanted value is never split: its registers must be of one moment. A block has at most `most` registers,
    no more than `gap` in a row that nobody wants, and none of the areas `forbidden` [(address, count)]: many
    meters refuse a block that touches a hole of their map. Steps: at most the square of the number wanted.
    ValueError when a wanted value is longer than `most`, forbidden itself or no area of 16-bit addresses.
    """
    rows = sorted(set([tuple(row) for row in wanted]))
    for row in rows:
        _check(row, most, forbidden)
    blocks = []
    for run in _runs(rows, gap, forbidden):
        while run:
            # Some block covers the first row; one that starts there takes in all that any other would.
            first = run[0][0]
            inside = [row for row in run if row[0] + row[1] <= first + most]
            blocks.append((first, max([a + n for a, n in inside]) - first))
            run = [row for row in run if row[0] + row[1] > first + most]
    return blocks


def _check(row, most, forbidden) -> None:
    address, count = row
    if not (0 <= address and 1 <= count <= most and address + count <= 0x10000):
        raise ValueError("(%d, %d) is no area of 1..%d registers" % (address, count, most))
    if _touches(address, address + count, forbidden):
        raise ValueError("(%d, %d) is forbidden" % row)


def _touches(start, stop, areas) -> bool:
    return any([address < stop and start < address + count for address, count in areas])


def _runs(rows, gap, forbidden) -> list:
    """The rows, cut where what nobody wants between them must not be read."""
    runs, end = [], 0
    for address, count in rows:
        if not runs or address - end > gap or (address > end and _touches(end, address, forbidden)):
            runs.append([])
        runs[-1].append((address, count))
        end = max(end, address + count)
    return runs
