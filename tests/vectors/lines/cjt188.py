"""What is done with the cases of cjt188.json."""

from binascii import unhexlify

from protocols.lines import cjt188, cjt188_meter
from protocols.meters import cjt188_items


def parse(case):
    framer = cjt188.Framer()
    frames = framer.feed(unhexlify(case["hex"])) + framer.quiet()
    return [list(frame) for frame in frames], framer.bad, framer.skipped


def build(case):
    data = unhexlify(case["data"]) if "data" in case else None
    return cjt188.request(
        case["kind"],
        case["address"],
        case["di"],
        case["ser"],
        data,
        case.get("high_first", False),
        case["fe"],
    )


def match(case):
    asked, answered = cjt188.Framer().feed(unhexlify(case["request"] + case["answer"]))
    return cjt188.match(asked, answered)


def items(case):
    """The quantities of one reply frame; `di` as it stands in the reply."""
    (frame,) = cjt188.Framer().feed(unhexlify(case["hex"]))
    di = int.from_bytes(frame.data[:2], "big" if case.get("high_first") else "little")
    return cjt188_items.decode(frame.kind, di, cjt188.reply_data(frame)[0])


def serve(case):
    server = cjt188_meter.Server("78331505900569", {0x8106: b"\3"})
    return server.feed(unhexlify(case["hex"]))


DO = {"parse": parse, "build": build, "match": match, "items": items, "serve": serve}
