"""Verbs of gdw376.json."""

from binascii import unhexlify

from protocols.gdw376 import formats, frame, items, message, schema, terminal
from tests.vectors.run import plain


def parse(case):
    framer = frame.Framer()
    frames = framer.feed(unhexlify(case["hex"]))
    return [list(f) for f in frames + framer.quiet()], framer.bad, framer.skipped


def read(case):
    """A capture: control, additions, units by name, what is left; and its bytes again where all was read."""
    wire = unhexlify(case["hex"])
    (got,) = frame.Framer().feed(wire)
    told = message.decode(got)
    up = got.control & frame.UP
    units = []
    for unit in told.units:
        name, layout, _ = items.find(got.afn, up, unit.fn)
        units.append([unit.p, unit.fn, name, schema.rows(layout, unit.values)])
    if told.refused:
        return got.control, list(told.additions), units, told.rest, told.refused.reason
    data = frame.add(message.encode_units(got.afn, up, told.units), told.additions)
    again = frame.encode(*got[:6], data, got.version)  # pyright: ignore[reportCallIssue]
    return got.control, list(told.additions), units, "same again" if again == wire else again


def match(case):
    asked, answer = frame.Framer().feed(unhexlify(case["request"] + case["answer"]))
    return frame.match(asked, answer)


def form(case):
    wire = unhexlify(case["hex"])
    value = formats.decode(case["format"], wire)
    return value, formats.encode(case["format"], value) == wire


def talk(case):
    """What one simulated terminal says to one request after the other."""
    values = {(afn, p, fn): [plain(one) for one in some] for afn, p, fn, some in case["values"]}
    forward = {unhexlify(case["telegram"]): unhexlify(case["reply"])}
    store = {"values": values, "pw": unhexlify(case["pw"]), "ec": case["ec"], "forward": forward}
    server = terminal.Server(case["region"], case["terminal"], store)
    said = [server.login(), server.heartbeat()]
    return said + [server.feed(unhexlify(request)) for request in case["requests"]]


DO = {"parse": parse, "read": read, "match": match, "format": form, "talk": talk}
