"""An earlier slot as the meter itself recorded it: what to ask, and what of the answer counts. Pure.

DL/T 645-2007 meters keep load records, those of DL/T 698.45 minute freezes. Both tell the time of a record:
only one of the slot's own beginning is its value.
"""

import struct

from firmware.area.plan_duties import DAY_S
from protocols.lines.refused import Refused
from protocols.meters import dlt645_loads
from protocols.meters import dlt645_types as types

RECORDS = 0x06000001  # of all classes, from a time on
MINUTE_FREEZE, TIME = "50020200", "20210200"


def _moment(slot_s) -> tuple:
    year, month, day = types.date(slot_s // DAY_S)
    return year, month, day, slot_s // 3600 % 24, slot_s // 60 % 60


def request(profile, indices, slot_s) -> str:
    """For the Reader; "" when meters of this protocol keep none. `indices`: requests of the profile that
    would show the values now. `slot_s`: local second."""
    moment = _moment(slot_s)
    if profile.link == "dlt645-2007":
        return "%08X/1/%02d%02d%02d%02d%02d" % ((RECORDS, moment[0] % 100) + moment[1:])
    if profile.link == "dlt698":
        columns = ",".join([TIME] + [profile.request(index) for index in indices])
        return "record:%s:at=%04d%02d%02d%02d%02d00:%s" % ((MINUTE_FREEZE,) + moment + (columns,))
    return ""


def values(profile, indices, slot_s, answer) -> dict:
    """{point: value} of that moment; nothing when the meter was not there or recorded it not."""
    shown = _shown_698 if profile.link == "dlt698" else _shown_645
    out = {}
    for index, found in shown(profile, indices, slot_s, answer):
        out.update(profile.decode(index, found))
    return {no: value for no, value in out.items() if value is not None}


def _shown_645(profile, indices, slot_s, answer):
    """[(index, what a read of that request would have answered)]"""
    try:
        found = dlt645_loads.records(RECORDS, answer)
    except Refused:
        return []
    if not found or not found[0][1] or types.read(types.MINUTE, found[0][0]) != slot_s:
        return []
    return [(i, dlt645_loads.data_of(found[0][2], int(profile.request(i)[:8], 16))) for i in indices]


def _shown_698(profile, indices, slot_s, answer):
    if answer.get("0/%s/0" % TIME) != struct.pack(">HBBBBB", *(_moment(slot_s) + (0,))):
        return []
    return [(index, _row(profile.request(index), answer)) for index in indices]


def _row(text, answer):
    """Keys as the request itself would have them: with the object only when it names several."""
    before = "0/" if "," in text else "0/%s/" % text
    return {key[len(before) :]: answer[key] for key in answer if key.startswith(before)}
