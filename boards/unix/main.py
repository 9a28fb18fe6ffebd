"""Starts the terminal on the MicroPython unix port; boot.py has put the firmware image in its place."""

import sys

from firmware.device import run
from firmware.hal import unix
from firmware.terminal import Terminal

run(unix.Board(sys.argv[1]), Terminal)
