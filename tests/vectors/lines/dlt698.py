"""Verbs of dlt698.json."""

from binascii import unhexlify

from protocols.lines.dlt698 import apdu, axdr, floats, link, meter, segments, values


def _hex(text):
    return unhexlify(text.replace(" ", ""))


def parse(case):
    framer = link.Framer()
    frames = framer.feed(_hex(case["hex"])) + framer.quiet()
    return [list(f) for f in frames], framer.bad, framer.skipped


def read(case):
    """A whole frame: link fields, then the APDU; both must be built back to the same bytes."""
    data = _hex(case["hex"])
    (frame,) = link.Framer().feed(data)
    got = apdu.decode(frame.data)
    if link.encode(frame, 0) != data or (apdu.encode(got) != frame.data and not case.get("loose")):
        return "encodes differently"
    return list(frame[:5]), list(got)


def service(case):
    data = _hex(case["hex"])
    got = apdu.decode(data)
    return list(got) if apdu.encode(got) == data else "encodes differently"


def flat(case):
    data = axdr.decode("data", _hex(case["hex"]))
    if axdr.encode("data", data) != _hex(case["hex"]):
        return "encodes differently"
    return sorted(values.flat(data).items())


def match(case):
    asked, answer = link.Framer().feed(_hex(case["request"] + case["answer"]))
    return link.match(asked, answer) or apdu.match(apdu.decode(asked.data), apdu.decode(answer.data))


def real(case):
    width = floats.SINGLE if len(case["bits"]) == 8 else floats.DOUBLE
    got = floats.decode(int(case["bits"], 16), width)
    return got if floats.encode(got, width) == int(case["bits"], 16) else "encodes differently"


def cut(case):
    """Segments of the APDU, and what a joiner makes of them."""
    pieces, joiner = segments.cut(_hex(case["hex"]), case["size"]), segments.Joiner()
    return pieces, [joiner.take(piece) for piece in pieces]


def talk(case):
    """What a simulated meter with a fixed store says to one frame after the other."""
    row = [(0x1C, (2016, 1, 20, 0, 0, 0)), (1, [(6, 0)] * 5)]
    server = meter.Server(
        case["address"],
        {0x40010200: (9, _hex("123456789012")), 0x20000200: (1, [(0x12, 2413)] * 3), 0x40000200: row[0]},
        {0x50040200: ([(0, 0x20210200), (0, 0x00100200)], [row])},
        {0x00100100: lambda _server, _parameter: (0, None)},
        [0x40000200],
    )
    return [server.feed(_hex(request)) for request in case["requests"]]


DO = {
    "parse": parse,
    "read": read,
    "apdu": service,
    "data": flat,
    "match": match,
    "real": real,
    "cut": cut,
    "talk": talk,
}
