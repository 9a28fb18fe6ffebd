"""First code of a concentrator whose day hurries, before that of the board: UTC of the host runs FACTOR times
as fast from here on, ticks as ever. Run by boards/unix/power_on.py in the place of boards/unix/boot.py."""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import sys
import time

FACTOR = 20


class Time:
    """In the place of the module."""


def _hurried():
    return _began_ns + FACTOR * (time.time_ns() - _began_ns)


_began_ns = time.time_ns()
made = Time()
for name in dir(time):
    setattr(made, name, getattr(time, name))
made.time_ns = _hurried
sys.modules["time"] = made  # pyright: ignore[reportArgumentType]
with open(sys.argv[0].rsplit("/tests/", 1)[0] + "/boards/unix/boot.py") as boot:
    exec(boot.read())
