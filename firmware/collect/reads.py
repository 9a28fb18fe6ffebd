"""What a read of the planner means for a meter's profile. Pure.

1..15        of plan_duties: DAY_FREEZE, MONTH_FREEZE, CURVE_POINT, STATUS, ENERGY
16..255      a task of section TASKS, which reads one point
SINGLY       what stands in the job before, block by block in singles
POINT + no   a point asked for once         DAY + day   registers frozen as this local day began
"""

from firmware.area.plan_duties import CURVE_POINT, DAY_FREEZE, DAY_S, ENERGY, MONTH_FREEZE, STATUS

SINGLY = 0
POINT = 256
DAY = 1 << 16
STATUS_POINTS = tuple(range(48, 56))  # of protocols.meters.points: status words, relay
ENERGY_POINTS = (321, 322, 323, 324, 320)  # imported energy: tariffs first, whose block shows the total too
BACK_MOST = 62  # daily freezes that a DL/T 645-2007 meter keeps


def points_of(profile, read, tasks) -> "list | tuple":
    """Points to read; none when the read is unknown. `tasks`: {read: point}."""
    if read == STATUS:
        return STATUS_POINTS
    if read == ENERGY:
        return ENERGY_POINTS
    if read == CURVE_POINT:
        return profile.curve
    if POINT <= read < DAY:
        return (read - POINT,)
    return (tasks[read],) if read in tasks else ()


def frozen_day(read, slot_s) -> int:
    """The local day whose beginning the read is of, 0 when it is of no freeze."""
    if read in (DAY_FREEZE, MONTH_FREEZE):
        return slot_s // DAY_S
    return read - DAY if read >= DAY else 0


def requests(profile, points, singly=False) -> list:
    """Indices of the profile's requests that show what it has of these points, each once."""
    out, shown = [], []
    for no in points:
        indices = () if no in shown else profile.reads_of(no)[:1]
        for index in indices:
            for each in _singles(profile, index, points) if singly else (index,):
                out.append(each)
                shown.extend([field[0] for field in profile.fields(each)])
    return out


def _singles(profile, index, points) -> "list | tuple":
    """What shows the points in place of a block; the request itself when it is none."""
    singles = profile.singles(index)
    return [each for each in singles if profile.fields(each)[0][0] in points] if singles else (index,)


def has_blocks(profile, points) -> bool:
    return any([profile.singles(index) for index in requests(profile, points)])


def frozen_back(link, request, count) -> str:
    """The request for the freeze `count` back from that for the last, which is 1; "" when there is none."""
    if count == 1:
        return request
    if link == "dlt645-2007" and 1 < count <= BACK_MOST:
        return request[:-2] + "%02X" % count
    if link == "dlt698" and count > 1 and "last=1:" in request:
        return request.replace("last=1:", "last=%d:" % count)
    return ""
