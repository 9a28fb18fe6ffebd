"""Starts the concentrator on the unix port; boot.py of boards/unix has put the image there."""

import sys

from firmware.concentrator import Concentrator
from firmware.device import run
from firmware.hal import unix

run(unix.Board(sys.argv[1]), Concentrator)
