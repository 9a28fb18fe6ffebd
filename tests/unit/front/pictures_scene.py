"""Leaf through the display of one terminal, key by key: `pictures_scene.py LANGUAGE FOLDER`, for MicroPython.

The real Front, Screen and Display; only what they show is made up: one moment with every page in it.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import asyncio
import sys

from firmware.device import VERSION
from firmware.front import pages
from firmware.front.panel import Front
from firmware.front.screen import Screen
from firmware.front.words import Words
from firmware.hal import fake
from firmware.hal.unix_display import Display
from tests.unit.front.views import LOCAL_S, full, group, outputs

EXAMPLE = {  # of each language: messages [(slot, important, text)], reminder
    "zh": (
        [(1, 1, "因线路检修，7月8日8:00至18:00停电，请提前安排生产。联系电话95598。")],
        "您的电费余额不足，请尽快缴费。",
    ),
    "en": (
        [(1, 1, "Work on the line: no supply on July 8 from 8:00 to 18:00. Please plan for it. Tel. 95598")],
        "Your balance is low. Please pay soon.",
    ),
}


def moment(language):
    """The dict that the wiring would give."""
    view = full()
    view["messages"], view["reminder"] = EXAMPLE[language]
    first = group(remaining_wh=-820)
    second = group(group=2, power_w=40250, setpoint_w=None, remaining_wh=None, month_wh=1250000, last_order=0)
    view["outputs"] = acting(5, 2, 8, groups=(first, second))
    view["version"] = VERSION
    return view


def acting(tripped, alarm, permitted, **changed):
    """Outputs of a terminal whose period control and purchase control have rounds."""
    rows = ((2, 2 if alarm else 1, 0, 1), (3, 4 if tripped else 1, 0, 1), (7, 1, 45, 1))
    return outputs(tripped=tripped, alarm=alarm, permitted=permitted, controls=rows, **changed)


async def leaf(language, folder):
    board = fake.Board("unused")
    display = board.display = Display("")
    front = Front(board, lambda: moment(language), language)
    front.watch(acting(0, 0, 0), 0, LOCAL_S - 90)
    front.watch(acting(5, 0, 0), 30, LOCAL_S - 60)
    front.note("power_control_alarm", {"rounds": 2, "control": 2, "alarm_s": 180})
    front.watch(acting(5, 2, 8), 90, LOCAL_S)
    front.code = "4821"
    screen, words = Screen(display), Words(language)
    for number in range(len(pages.visible(pages.facts(front.view())))):
        display._path = f"{folder}/{number:02d}.png"
        await front._draw(pages, screen, words, ["down" if number else "up"])  # the test page shows by itself
    if display.errors:
        raise OSError("pictures were not written")


asyncio.run(leaf(sys.argv[1], sys.argv[2]))
