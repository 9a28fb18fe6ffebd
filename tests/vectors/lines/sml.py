"""What is done with a vector of SML."""

from binascii import hexlify, unhexlify

from protocols.lines.sml import messages, tlv, transport
from protocols.lines.sml.meter import Server
from protocols.meters.readers.sml import Reader


def shown(values):
    return [[key, values[key]] for key in sorted(values)]


def file(case):
    """(server, values) of each list of each file; bad; skipped."""
    framer = transport.Framer()
    found = framer.feed(unhexlify(case["hex"])) + framer.quiet()
    lists = [m for frame in found for m in messages.decode(frame.data) if messages.entries(m)]
    out = [[hexlify(messages.fields(m)["server_id"]).decode(), shown(messages.values(m))] for m in lists]
    return out, framer.bad, framer.skipped


def kinds(case):
    return [messages.KINDS[m.kind][0] for m in messages.decode(unhexlify(case["hex"]))]


def tlv_of(case):
    value, end = tlv.decode(unhexlify(case["hex"]))
    return value, end


def read(case):
    """A Reader hears a Server, or a recorded file."""
    server = Server(case["address"], {name: tuple(value) for name, value in case.get("store", {}).items()})
    reader = Reader(case["address"], case.get("options", {}))
    generator = reader.read(case["request"])
    asked = next(generator)
    framer = reader.FRAMER()
    wire = unhexlify(case["hex"]) if "hex" in case else server.feed(asked.data)
    good = [frame for frame in framer.feed(wire) if not asked.judge(frame)]
    try:
        generator.send(good[0] if good else None)
    except StopIteration as end:
        return shown(end.value)
    return None


DO = {
    "file": file,
    "kinds": kinds,
    "tlv": tlv_of,
    "wrap": lambda case: transport.encode(unhexlify(case["hex"])),
    "read": read,
}
