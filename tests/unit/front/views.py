"""A terminal as the pages see it, for both runtimes; run alone it prints every page in both languages."""

import json
from collections import namedtuple

from firmware.front import pages
from firmware.front.words import Words

Outputs = namedtuple(
    "Outputs", "tripped alarm permitted close controls guarantee guarantee_until_s excluded groups"
)
Group = namedtuple(
    "Group",
    "group power_w setpoint_w control remaining_wh remaining_yuan_e4 month_wh plan_id last_order",
)
T_S = 1_782_885_909  # 2026-07-01 14:05:09 in UTC+8
LOCAL_S = T_S + 28800


def group(**changed):
    row = {
        "group": 1,
        "power_w": 231456,
        "setpoint_w": 200000,
        "control": 2,
        "remaining_wh": 12345678,
        "remaining_yuan_e4": None,
        "month_wh": 98765432,
        "plan_id": 3,
        "last_order": 17,
    }
    row.update(changed)
    return Group(*[row[field] for field in pages.LISTS.split("|")[-1].split()[1:]])


def outputs(**changed):
    row = {
        "tripped": 0,
        "alarm": 0,
        "permitted": 0,
        "close": 0,
        "controls": (),
        "guarantee": 0,
        "guarantee_until_s": None,
        "excluded": 0,
        "groups": (group(),),
    }
    row.update(changed)
    fields = "tripped alarm permitted close controls guarantee guarantee_until_s excluded groups".split()
    return Outputs(*[row[field] for field in fields])


def view(**changed):
    """A quiet terminal; what the wiring would give, and what the front adds to it."""
    out = {
        "outputs": outputs(),
        "trips": [],
        "alarms": [],
        "local_s": LOCAL_S,
        "utc_offset_s": 28800,
        "messages": [],
        "reminder": "",
        "code": "",
        "latest": {
            1: 2310,
            2: 2321,
            3: 2309,
            4: 2345,
            5: 2299,
            6: 2410,
            8: 28931,
            20: 985,
            24: 5001,
            320: 1176210000,
        },
        "multiplier": 80,
        "metering": [(1, 231456, 94096800000, 0)],
        "linked": 1,
        "heard_s": 42,
        "open": 0,
        "device": "T0000001",
        "version": "0.1.0",
        "board": "unix",
        "boot": 7,
    }
    out.update(changed)
    return out


def full():
    """Everything at once: every page there is."""
    return view(
        outputs=outputs(
            tripped=5,
            alarm=2,
            permitted=8,
            controls=((2, 2, 0, 1), (3, 4, 0, 1), (1, 4, 0, 0), (7, 1, 48, 1), (4, 0, 40, 1), (5, 0, 51, 2)),
            guarantee=1,
            guarantee_until_s=T_S + 3600,
            excluded=1,
            groups=(group(), group(group=2, remaining_wh=None, remaining_yuan_e4=-1234567, setpoint_w=None)),
        ),
        trips=[(1, 3, LOCAL_S - 60), (3, 1, None)],
        alarms=[(2, 2, 125)],
        messages=[
            (1, 1, "因线路检修，7月8日8:00至18:00停电，请提前安排生产。联系电话95598。"),
            (3, 0, "Dear customer, the tariff changes on July 1st; see the notice."),
        ],
        reminder="您的电费余额不足，请尽快缴费。",
        code="4821",
        metering=[(1, 231456, 94096800000, 0), (2, None, None, 75)],
        open=5,
    )


def every_page(language, cells=20):
    """Yield (page name and item, its lines as text)."""
    words = Words(language)
    found = pages.facts(full())
    for page in pages.visible(found):
        lines = [line.decode() for line in pages.lines(found, page, words, cells)]
        yield page[0] + " " + str(page[1]), lines


if __name__ == "__main__":
    for language in ("zh", "en"):
        for row in every_page(language):
            print(json.dumps(row))
