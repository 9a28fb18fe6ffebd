"""What meter profiles cost on a device: `cost.py FILE` on MicroPython with build/unix; prints JSON.

FILE: JSON {"documents": {name: hex}, "package": hex, "key": hex, "key_id": hex, "compact": text}. Figures are
bytes in use after a collection; `verify_us`: microseconds to open the package.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import gc
import json
import sys
import time
from binascii import unhexlify

from protocols import cbor
from protocols.lines import dlt645  # noqa: F401  what every terminal has
from protocols.meters import dlt645_types, reading  # noqa: F401

LINKS = ("dlt645-1997", "modbus", "iec62056-21", "sml", "cjt188", "dlt698", "mbus", "dlms")
CHECKING = ("protocols.meters.sound", "protocols.meters.replay", "protocols.meters.package")
SIGNATURE = ("protocols.meters.package", "protocols.ed25519")


def held(make):
    """(bytes that what `make` returns holds, what it returns)."""
    gc.collect()
    before = gc.mem_alloc()
    made = make()
    gc.collect()
    return gc.mem_alloc() - before, made


def visit(make):
    """The same bytes of modules, which leave again."""
    known = tuple(sys.modules)
    size = held(make)[0]
    for name in tuple(sys.modules):
        if name not in known:
            del sys.modules[name]
            above, _dot, last = name.rpartition(".")
            if hasattr(sys.modules.get(above), last):
                delattr(sys.modules[above], last)
    return size


def verify_us(data, keys):
    from protocols.meters import package

    package.opened(data, keys)  # what it needs is loaded
    start = time.ticks_us()
    package.opened(data, keys)
    return time.ticks_diff(time.ticks_us(), start)


def main(told):
    out = {"heap checking": visit(lambda: [__import__(name) for name in CHECKING])}
    out["heap signature"] = visit(lambda: [__import__(name) for name in SIGNATURE])
    out["heap interpreter"], _ = held(lambda: __import__("protocols.meters.interpret"))
    for link in LINKS:
        out["heap Reader " + link] = visit(lambda name=link: reading.reader_of(name))
    from firmware.metering import profile
    from protocols.meters import interpret

    for name, document in told["documents"].items():
        data = unhexlify(document)
        out["document " + name] = held(lambda data=data: interpret.Profile(cbor.decode(data)))[0]
    out["compact"] = held(lambda: profile.Profile(json.loads(told["compact"])))[0]
    out["verify_us"] = verify_us(
        unhexlify(told["package"]), {unhexlify(told["key_id"]): unhexlify(told["key"])}
    )
    print(json.dumps(out))


with open(sys.argv[1]) as file:
    main(json.load(file))
