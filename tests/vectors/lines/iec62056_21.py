"""What is done with a vector of IEC 62056-21 or P1."""

from binascii import unhexlify

from protocols.lines import iec62056_21, iec62056_21_data, p1
from protocols.lines.iec62056_21_meter import Server
from protocols.meters.readers.iec62056_21 import Reader


def wire(case):
    return unhexlify(case["hex"]) if "hex" in case else case["text"].encode()


def pairs(values):
    return [[key, values[key]] for key in sorted(values)]


def frames(case):
    framer = iec62056_21.Framer(True)
    data = wire(case)
    if case.get("parity"):
        data = iec62056_21.strip_parity(data)
    found = framer.feed(data) + framer.quiet()
    return [[f.kind, f.head, "".join([chr(b) for b in f.data])] for f in found], framer.bad, framer.skipped


def encode(case):
    kind, head, data = case["frame"]
    out = iec62056_21.encode(kind, head, data.encode())
    return iec62056_21.add_parity(out) if case.get("parity") else out


def telegram(case):
    framer = p1.Framer()
    found = framer.feed(wire(case)) + framer.quiet()
    return [[t.ident, t.crc, pairs(p1.values(t))] for t in found], framer.bad


def read(case):
    """A Reader and a Server in memory, without faults."""
    server = Server(case["address"], dict(case["store"]), case["head"])
    server.block = case["block"]
    reader = Reader(case["address"], {})
    generator = reader.read(case["request"])
    speeds, frame = [], None
    while True:
        try:
            asked = generator.send(frame)
        except StopIteration as end:
            return pairs(end.value), speeds
        speeds.append(asked.baud)
        framer = reader.FRAMER()
        said = framer.feed(server.feed(asked.data)) + framer.quiet()
        good = [frame for frame in said if not asked.judge(frame)]
        frame = good[0] if good else None


DO = {
    "frames": frames,
    "encode": encode,
    "values": lambda case: pairs(iec62056_21_data.values(wire(case))),
    "telegram": telegram,
    "read": read,
}
