"""What is done with the cases of dlt645.json; tests/vectors/dlt645.json has those of what a terminal uses."""

from binascii import unhexlify

from protocols.lines import dlt645, dlt645_admin
from protocols.lines.dlt645_server import Server
from protocols.meters import dlt645_records
from protocols.meters.readers.dlt645 import Reader
from tests.vectors.run import plain

ADDRESS = "123456789012"


def frames(case) -> list:
    framer = dlt645.Framer()
    return framer.feed(unhexlify(case["hex"])) + framer.quiet()


def builder(name):
    return getattr(dlt645_admin, name, None) or getattr(dlt645, name)


def match(case) -> str:
    asked, answer = [dlt645.Framer().feed(unhexlify(case[key]))[0] for key in ("request", "answer")]
    return dlt645_admin.match(asked, answer)


def server(case, kind=Server):
    store = {key: unhexlify(text) for key, text in case["store"].items()}
    return kind(case.get("address", ADDRESS), store)


def serve(case, kind=Server) -> list:
    """The reply to each request, and what then stands in the store."""
    meter = server(case, kind)
    replies = [meter.feed(unhexlify(text)) for text in case["requests"]]
    return [replies, [[key, meter.store[key]] for key in sorted(meter.store)]]


def play(generator, reader, meter):
    """What a driver does, on a line that does nothing wrong."""
    answer = None
    while True:
        try:
            ask = generator.send(answer)
        except StopIteration as end:
            return end.value
        heard = [frame for frame in reader.FRAMER().feed(meter.feed(ask.data)) if not ask.judge(frame)]
        answer = heard[0] if heard else None


def read(case, reader=Reader, kind=Server):
    asker = reader(ADDRESS, {})
    return play(asker.read(case["request"]), asker, server(case, kind))


def control(case) -> list:
    """The answer, and the store after it."""
    asker, meter = Reader(ADDRESS, {}), server(case)
    answer = play(asker.control(case["control"], case["fields"]), asker, meter)
    return [answer, [[key, meter.store[key]] for key in sorted(meter.store)]]


DO = {
    "parse": lambda case: [[frame, dlt645_admin.errors_of(frame)] for frame in frames(case)],
    "build": lambda case: builder(case["builder"])(*plain(case["args"])),
    "match": match,
    "request": lambda case: dlt645_admin.request(case["text"]),
    "record": lambda case: dlt645_records.decode(case["di"], unhexlify(case["hex"])),
    "load": lambda case: dlt645_records.load_records(case["di"], unhexlify(case["hex"])),
    "freeze": lambda case: dlt645_records.freeze_block(case["di"], unhexlify(case["hex"])),
    "serve": serve,
    "read": read,
    "control": control,
}
