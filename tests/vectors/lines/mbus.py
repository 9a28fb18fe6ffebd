"""Verbs of mbus.json."""

from binascii import unhexlify

from protocols.lines.mbus import link, meter, records, secondary, telegram, values
from tests.vectors.run import plain


def parse(case):
    framer = link.Framer()
    frames = framer.feed(unhexlify(case["hex"]))
    return [list(f) for f in frames + framer.quiet()], framer.bad, framer.skipped


def decode(case):
    """Captures come alone in their bytes."""
    got = telegram.decode(link.Framer().feed(unhexlify(case["hex"]))[0])
    return [list(got.header), got.more, records.keyed(got.records)]


def match(case):
    asked, answer = link.Framer().feed(unhexlify(case["request"] + case["answer"]))
    return link.match(asked, answer)


def talk(case):
    """What one simulated meter says to one request after the other."""
    telegrams = [unhexlify(t) for t in case["telegrams"]]
    server = meter.Server(
        case["address"], {"secondary": case["secondary"], "status": 0, "telegrams": telegrams}
    )
    return [server.feed(unhexlify(request)) for request in case["requests"]]


DO = {
    "parse": parse,
    "telegram": decode,
    "match": match,
    "build": lambda case: getattr(link, case["builder"])(*plain(case["args"])),
    "secondary": lambda case: [secondary.pack(case["text"]), secondary.unpack(secondary.pack(case["text"]))],
    "real": lambda case: values.real(int(case["bits"], 16)),
    "talk": talk,
}
