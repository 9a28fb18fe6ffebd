"""What is done with the cases of gdw3762.json."""

from binascii import unhexlify

from protocols.lines.dlt645_server import Server as Meter
from protocols.lines.gdw3762 import frame, items, module, nodes
from protocols.meters.readers.gdw3762 import Line, Module, Reader
from tests.vectors.run import plain


def parse(case):
    framer = frame.Framer()
    frames = framer.feed(unhexlify(case["hex"])) + framer.quiet()
    return [[frame.view(got), list(got)] for got in frames], framer.bad, framer.skipped


def rebuilt(case):
    """Whether the frame, and its data from their values, give the same bytes again."""
    data = unhexlify(case["hex"])
    (got,) = frame.Framer().feed(data)
    name, up = items.ITEMS[got.afn, frame.fns(got.dt)[0]][0], got.control & frame.UP
    return frame.encode(*got) == data and items.encode(name, up, items.decode(got)) == got.data


def decode(case):
    (got,) = frame.Framer().feed(unhexlify(case["hex"]))
    return items.decode(got)


def encode(case):
    return items.encode(case["item"], case["up"], plain(case["values"]))


def match(case):
    return frame.match(*frame.Framer().feed(unhexlify(case["request"] + case["answer"])))


METER = "123456789012"


def read(case):
    """[values or error, heard] of a meter behind a simulated module."""
    node = nodes.Node(
        Meter(METER, {"00010000": b"\x26\0\0\0"}), case["level"], case["phases"], case["signal"]
    )
    server = module.Server("1", {METER: node})
    line = Line("1")
    _drive(Module(line).ask("add_nodes", {"nodes": [{"address": METER, "protocol": 2}]}), server)
    reader = Reader(METER, {"line": line, "by": case["by"]})
    return [_drive(reader.read(case["request"]), server), list(reader.heard or ())]


def _drive(generator, server):
    """As tests/unit/protocols/drive.py, without what only CPython has."""
    answer = None
    while True:
        try:
            asked = generator.send(answer)
        except StopIteration as end:
            return end.value
        fits = [got for got in frame.Framer().feed(server.feed(asked.data)) if not asked.judge(got)]
        answer = fits[0] if fits else None


DO = {
    "parse": parse,
    "rebuilt": rebuilt,
    "decode": decode,
    "encode": encode,
    "match": match,
    "read": read,
}
