"""Buys, changes parameters and freezes on the unix board's flash image until it is killed. For MicroPython.

found <name> <steps> <complaint>    what stands after the last kill, a line for each work
<name> <steps>                      acknowledged
"""

import sys

from works import WORKS

from firmware.hal.unix_flash import Flash

root = Flash(sys.argv[1], 1024 * 1024).mount()
works = []
for name in sorted(WORKS):
    work = WORKS[name](root)
    work.open()
    work.acked, complaint = work.found()
    if work.store.damaged:
        complaint += repr(work.store.damaged)
    print("found", name, work.acked, complaint)
    work.close()
    work.open()  # a purchase is asked for again now
    works.append(work)
while True:
    for work in works:
        work.step(0)
        print(work.name, work.acked)
