"""Run the golden vectors beside this file on CPython or MicroPython; exit code 1 when one differs.

MICROPYPATH=<repo root>:.frozen micropython tests/vectors/run.py
In the JSON {"b": hex} stands for bytes and {"m": [[key, value], ...]} for a map.
"""

import json
import sys
from binascii import hexlify, unhexlify

from protocols import cbor
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items
from protocols.uplink import envelope, messages

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

FILES = ("cbor", "uplink", "dlt645")


def plain(value) -> "Any":
    """JSON form -> value."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if "b" in value:
        return unhexlify(value["b"])
    return {plain(key): plain(item) for key, item in value["m"]}


def shown(value):
    """Value -> JSON form, map entries in the order of their encoded keys."""
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    if isinstance(value, (bytes, bytearray)):
        return {"b": hexlify(value).decode()}
    if isinstance(value, dict):
        return {"m": [[key, shown(value[key])] for key in sorted(value, key=cbor.encode)]}
    return value


def decode_cbor(case):
    data = unhexlify(case["hex"])
    value = cbor.decode(data)
    return value if cbor.encode(value) == data else "encodes differently"


def unpack(case):
    wire = cbor.decode(unhexlify(case["hex"]))
    if case["schema"] in ("HELLO", "BATCH", "NOW"):
        messages.check_version(wire)
    return messages.unpack(getattr(messages, case["schema"]), wire)


def pack(case):
    return cbor.encode(messages.pack(getattr(messages, case["schema"]), plain(case["values"])))


def seal(case):
    key, second = unhexlify(case["key"]), unhexlify(case["second_key"]) or None
    return envelope.seal(key, case["leaf"], case["device"], plain(case["body"]), second)


def unseal(case):
    key, second = unhexlify(case["key"]), unhexlify(case["second_key"]) or None
    return envelope.unseal(key, case["leaf"], case["device"], unhexlify(case["hex"]), second)


def parse(case):
    framer = dlt645.Framer()
    frames = framer.feed(unhexlify(case["hex"])) + framer.quiet()
    return [list(f) + list(dlt645.reply_data(f)) for f in frames], framer.bad, framer.skipped


def match(case):
    frames = dlt645.Framer().feed(unhexlify(case["request"] + case["answer"]))
    return dlt645.match(frames[0], frames[1])


def items(case):
    data = unhexlify(case["hex"])
    rows = dlt645_items.decode(case["di"], data)
    if case.get("fill") or dlt645_items.encode(case["di"], {row[0]: row[1] for row in rows}) == data:
        return rows
    return "encodes differently"


def builder(name):
    """Master's and meter's side have a module each."""
    return getattr(dlt645, name, None) or getattr(dlt645_meter, name)


DO = {
    "cbor": decode_cbor,
    "unpack": unpack,
    "record": lambda case: messages.unpack_record(cbor.decode(unhexlify(case["hex"]))),
    "pack": pack,
    "seal": seal,
    "unseal": unseal,
    "parse": parse,
    "match": match,
    "items": items,
    "build": lambda case: builder(case["builder"])(*plain(case["args"])),
}


def run(case):
    """'' when the case holds, else what came instead."""
    try:
        got = {"want": shown(DO[case["do"]](case))}
    except (cbor.CborError, messages.MessageError, dlt645_items.ItemError) as error:
        got = {"error": error.args[0]}
    return "" if all(case.get(key) == value for key, value in got.items()) else str(got)


def main(folder):
    failed = 0
    for name in FILES:
        with open(folder + "/" + name + ".json") as file:
            cases = json.load(file)
        for case in cases:
            trouble = run(case)
            failed += trouble != ""
            if trouble:
                print(name, case["name"], "gave", trouble)
        print(name, len(cases), "vectors")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(__file__.rpartition("/")[0] or "."))
