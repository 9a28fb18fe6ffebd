"""Runs the tests that a profile brings along, on the station and, before it is activated, on the device.

A test is [read, address, exchanges or answer, {point: value}]. Exchanges [[request, answer], ...] are bytes
on the line and go through the protocol's Reader; an answer, bytes or {key: value}, is what it would give.
"""

from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MAX_ASKS = 64
# What a Reader raises at a request, an address or options that are none; other than Refused
FAULTS = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError)


def answer_of(generator, reader, exchanges) -> "Any":
    """What the Reader's generator returns when the line brings the recorded answers; ValueError says where it
    asks for something else. Refused as from the Reader."""
    frame = None
    for number in range(MAX_ASKS):
        try:
            ask = generator.send(frame)
        except StopIteration as end:
            return end.value
        if number >= len(exchanges):
            raise ValueError("exchange %d is not recorded" % (number + 1))
        request, reply = exchanges[number]
        if bytes(ask.data) != bytes(request):
            raise ValueError("exchange %d sends other bytes than recorded" % (number + 1))
        frame = _first(reader.FRAMER(), ask, reply)
    raise ValueError("the exchange does not end")


def _first(framer, ask, reply):
    for frame in framer.feed(reply) + framer.quiet():
        if not ask.judge(frame):
            return frame
    return None


def cannot_ask(profile, reader, address, index) -> str:
    """Why the link's reader cannot ask this request, "" when it can."""
    try:
        next(reader.Reader(address, profile.options).read(profile.request(index)))
    except StopIteration:
        return "asks nothing"
    except Refused as refused:
        return "%s %s" % (refused.reason, refused.detail)
    except FAULTS as error:
        return str(error) or "refused by the reader"
    return ""


def run(profile, reader, test) -> str:
    """'' when the test holds, else why not. `reader`: the module of the link, needed for exchanges only."""
    index, address, given, wanted = test
    try:
        if isinstance(given, list):
            master = reader.Reader(address, profile.options)
            given = answer_of(master.read(profile.request(index)), master, given)
    except Refused as refused:
        return "refused: %s %s" % (refused.reason, refused.detail)
    except FAULTS as error:
        return str(error) or "refused by the reader"
    got = profile.decode(index, given)
    if got == wanted:
        return ""
    for no in sorted(set(list(got) + list(wanted))):
        if no not in got or no not in wanted or got[no] != wanted[no]:
            return "point %d is %s, not %s" % (no, got.get(no, "missing"), wanted.get(no, "wanted"))
    return ""
