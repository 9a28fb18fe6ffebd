"""Draw every page in both languages: `screen_scene.py FOLDER`, for MicroPython. Prints what it cost."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import asyncio
import gc
import sys
import time

from firmware.front import pages
from firmware.front.screen import Screen
from firmware.front.words import Words
from firmware.hal.unix_display import Display
from tests.unit.front.views import full

ODD = ["字龘\x7f→é", "Aé电", ""]


async def main(folder):
    display = Display(folder + "/odd.png")
    screen = Screen(display)
    await screen.draw([line.encode() for line in ODD], b"1/1", 0)
    worst_us = most_lines = most_draw = 0
    for language in ("zh", "en"):
        words = Words(language)
        found = pages.facts(full())
        for page in pages.visible(found):
            gc.collect()
            before = gc.mem_alloc()
            lines = pages.lines(found, page, words, screen.cells)
            most_lines = max(most_lines, gc.mem_alloc() - before)
            for part in range(max(1, (len(lines) - 2) // screen.rows + 1)):
                shown = lines[1 + part * screen.rows :][: screen.rows]
                shown.insert(0, lines[0])
                name = "-".join((language, page[0], str(page[1]), str(part)))
                display._path = folder + "/" + name + ".png"
                keep(display._path + ".txt", shown)
                gc.collect()
                before, start = gc.mem_alloc(), time.ticks_us()
                await screen.draw(shown, b"3/12 14:05", 1)
                worst_us = max(worst_us, time.ticks_us() - start)
                most_draw = max(most_draw, gc.mem_alloc() - before)
    print("worst_us", worst_us, "draw", most_draw, "lines", most_lines, "errors", display.errors)


def keep(path, lines):
    with open(path, "w") as f:
        f.write("\n".join([line.decode() for line in lines]))


asyncio.run(main(sys.argv[1]))
