"""The largest and the worst that a protocol takes, in a small memory: prints what became of it.

MICROPYPATH=<repo root>:.frozen micropython -X heapsize=192K tests/vectors/lines/small.py NAME
"""

import sys
from binascii import unhexlify

from protocols.lines.refused import Refused


def readout(lines):
    """Values of a readout of so many lines."""
    from protocols.lines import iec62056_21_data

    data = bytearray()
    for i in range(lines):
        data.extend(b"1-0:%d.8.%d*255(%08d.5*kWh)\r\n" % (i // 10, i % 10, i))
    return len(iec62056_21_data.values(bytes(data)))


def past(months):
    """How many values of so many lines, four with a unit, have one in the end."""
    from protocols.lines import iec62056_21_data

    data = bytearray()
    for i in range(months):
        data.extend(b"1.8.%d*%02d(%08d.5)\r\n" % (i % 4, i // 4, i))
    data.extend(b"1.8.0(9*kWh)\r\n1.8.1(9*kWh)\r\n1.8.2(9*kWh)\r\n1.8.3(9*kWh)\r\n")
    found = iec62056_21_data.values(bytes(data))
    return len([key for key in found if found[key][1] >= 2])


def longest_readout(more):
    from protocols.lines import iec62056_21_data

    return readout(iec62056_21_data.MAX_GROUPS + more)


def a_xdr(text):
    from protocols.lines.dlt698 import axdr

    return len(axdr.decode("data", _wire(text))[1])


def bits(count):
    """Whether all of so many bits that are set come as such."""
    from protocols.lines.dlt698 import axdr, values

    wire = b"\x04\x82" + count.to_bytes(2, "big") + b"\xff" * (count // 8)
    return values.plain(*axdr.decode("data", wire)) == (1 << count) - 1


def sml(text):
    from protocols.lines.sml import tlv

    return len(tlv.decode(_wire(text))[0])


def _wire(text):
    """HEX or HEX*HOW MANY TIMES, joined by +."""
    out = b""
    for part in text.split("+"):
        piece, _, times = part.partition("*")
        out += unhexlify(piece) * int(times or 1)
    return out


def run(call, argument):
    try:
        return call(argument)
    except Refused as refused:
        return refused.reason


CASES = {  # name: (what is done, of what, what becomes of it)
    "a readout of 150 lines": (readout, 150, 150),
    "many values of the past": (past, 396, 400),
    "the longest readout": (longest_readout, 0, 400),
    "a longer readout": (longest_readout, 1, "too_long"),
    "999 nulls": (a_xdr, "018203e7+00*999", 999),
    "999 times": (a_xdr, "018203e7+1c07ea0101010101*999", 999),
    "4000 nulls": (a_xdr, "01820fa0+00*4000", "too_long"),
    "4000 columns": (a_xdr, "60820fa0+0000100200*4000", "too_long"),
    "a bit-string of 100 bytes": (bits, 800, True),
    "a bit-string of 4000 bytes": (bits, 32000, True),
    "a list of 1000": (sml, "f38e08+01*1000", 1000),
    "a list of 4000": (sml, "ff8a00+01*4000", "too_long"),
    "lists in a list": (sml, "f38308+7101*900", "too_long"),
}

if __name__ == "__main__":
    done, argument, _want = CASES[sys.argv[1]]
    print(run(done, argument))
