"""On MicroPython: a tree in a file -> its plain values under their keys; prints "fits" or the refusal."""

import sys

from protocols.lines.dlms import axdr
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms_values import flat

with open(sys.argv[1], "rb") as file:
    data = file.read()
try:
    out = {}
    flat("0", axdr.plain(axdr.decode(data)), out)
    print("fits")
except Refused as refused:
    print(refused.reason)
