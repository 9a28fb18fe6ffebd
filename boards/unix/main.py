"""Starts the terminal on the MicroPython unix port; boot.py has put the firmware image in its place."""

import sys

from firmware.hal import unix
from firmware.terminal import run

run(unix.Board(sys.argv[1]))
