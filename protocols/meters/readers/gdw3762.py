"""Reads any meter through a carrier or radio module of Q/GDW 376.2, and asks the module itself.

`Reader(address, options)` wraps the frames of the meter's own Reader into AFN 13 F1 and unwraps its answers,
so that read, write, control and close are those of that Reader, and so is what they return. Options:
    "line"     a `Line`: what all Readers on one module share
    "link"     of protocols/meters/links.py, "dlt645-2007"
    "reader"   its class, where modules are not found by their names (a device's image), else that of the link
    "options"  those of that link's Reader, {}
    "node"     up to 12 digits under which the module knows the meter, its address
    "by"       "forward" (AFN 13 F1), "pass_on" (AFN 02 F1), "concurrent" (AFN F1 F1: several meters at once,
               each with its own Reader, that passes over the frames of the others)
`heard` says how the last answer came. What the module denies is Refused("refused", name of items.ERRORS).
That a meter did not answer is the same as a lost answer, Refused("mute"). The speed of a meter cannot change
and nobody can listen for one: Refused("unsupported").

`Module(line).ask(name, values)` is an exchange about the module itself, with names and values of items.py.
What the module starts by itself is judged "report": whoever drives the line answers it with `Line.reply`.
"""

from collections import namedtuple

from protocols.lines.gdw3762 import frame, items
from protocols.lines.refused import Refused
from protocols.meters import links
from protocols.meters.readers.ask import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

WAIT_MS = 60000  # when a module gives a node up it tells in AFN 03 F7; an open test bench waits 59 s
PROTOCOLS = {
    "dlt645-1997": items.DLT645_1997,
    "dlt645-2007": items.DLT645_2007,
    "dlt698": items.DLT698,
}  # all others: TRANSPARENT
CARRIERS = {  # by -> values beside protocol and data
    "forward": {"delay_related": 0, "attached": []},
    "pass_on": {},
    "concurrent": {"reserved": 0},
}
_SILENT = ("timeout", "meter_silent", "node_silent")  # the request may have reached the meter

# level: relays between; phase: 1 to 3, 0 unknown; signals: 1 the worst to 15, 0 unknown; duration_s: of the
# way up, 0 where it is not told; event: the node has one to tell
Heard = namedtuple("Heard", ("level", "phase", "command_signal", "answer_signal", "duration_s", "event"))


class Line:
    """The concentrator's side of one module. `address`: its own, up to 12 digits; `mode`: of frame.MODES;
    `number`: that of the last request of whoever asked before, or an answer to that looks like one of ours.
    """

    def __init__(self, address, mode=frame.BROADBAND, wait_ms=WAIT_MS, number=0) -> None:
        self.address = frame.address_text(frame.address_bytes(address))
        self.mode, self.wait_ms, self.number = mode, wait_ms, number

    def exchange(self, name, values, node="", wait_ms=0) -> "Generator[Ask, Any, tuple]":
        """(frame, its values); a number of its own for each."""
        self.number = self.number + 1 & 0xFF
        afn, fn = items.BY_NAME[name]
        ends = (self.address, node) if node else ()
        wire = frame.request(afn, fn, items.encode(name, False, values), self.number, ends, self.mode)
        sent = frame.Framer().feed(wire)[0]
        got = yield ask(wire, lambda answer: frame.match(sent, answer), wait_ms=self.wait_ms + wait_ms)
        if got is None:
            raise Refused("mute")
        told = items.decode(got)
        if (got.afn, got.dt) == (frame.CONFIRM, frame.F2):
            raise Refused("refused", items.error_name(told["error"]))
        return got, told

    def reply(self, report, name, values) -> bytes:
        """The answer to what the module started: "confirm", or the item it asks for (AFN 14)."""
        afn, fn = items.BY_NAME[name]
        data = items.encode(name, False, values)
        return frame.request(afn, fn, data, frame.number(report), mode=self.mode, started=False)

    def confirm(self, report) -> bytes:
        return self.reply(report, "confirm", {"state": items.DONE, "wait_s": 0})


class Module:
    FRAMER = frame.Framer

    def __init__(self, line) -> None:
        self._line = line

    def ask(self, name, values=None) -> "Generator[Ask, Any, dict]":
        """The values of the answer; a setting or control is never repeated here."""
        _frame, told = yield from self._line.exchange(name, values or {})
        return told


class Reader:
    FRAMER = frame.Framer

    def __init__(self, address, options) -> None:
        link = options.get("link", "dlt645-2007")
        inner = options.get("reader") or links.reader(link).Reader
        self._inner = inner(address, options.get("options", {}))
        self._line = options["line"]
        self._node = frame.address_text(frame.address_bytes(options.get("node", address)))
        self._by = options.get("by", "forward")
        self._values = dict(CARRIERS[self._by], protocol=PROTOCOLS.get(link, items.TRANSPARENT))
        self.heard = None

    def read(self, request) -> "Generator[Ask, Any, Any]":
        return self._through(self._inner.read(request))

    def write(self, request, data) -> "Generator[Ask, Any, Any]":
        return self._through(self._inner.write(request, data))

    def control(self, name, fields) -> "Generator[Ask, Any, Any]":
        return self._through(self._inner.control(name, fields))

    def close(self) -> "Generator[Ask, Any, None]":
        if hasattr(self._inner, "close"):  # protocols without a session have none
            yield from self._through(self._inner.close())

    def _through(self, inner):
        """Each `ask` of the meter's Reader becomes an exchange with the module."""
        answer = None
        while True:
            try:
                asked = inner.send(answer)
            except StopIteration as end:
                return end.value
            answer = yield from self._carried(asked)

    def _carried(self, asked):
        """The meter's frame that answers, None when none came."""
        if not asked.data or asked.baud:
            raise Refused("unsupported", "no listening and no other speed behind a module")
        data = asked.data
        if self._values["protocol"] != items.TRANSPARENT:
            data = data.lstrip(b"\xfe")  # what wakes a meter on a wire
        if self._by != "concurrent" and len(data) > 255:
            raise Refused("too_long", "%d bytes; AFN F1 carries them" % len(data))
        values = dict(self._values, data=data)
        try:
            got, told = yield from self._line.exchange(self._by, values, self._node, asked.wait_ms)
        except Refused as refused:
            if refused.reason == "mute" or (refused.reason == "refused" and refused.detail in _SILENT):
                return None
            raise
        framer = self._inner.FRAMER()
        for found in framer.feed(told["data"]) + framer.quiet():
            if not asked.judge(found):
                self._hear(frame.view(got), told)
                return found
        return None

    def _hear(self, info, told) -> None:
        event = bool(info["flags"] & frame.EVENT)
        took_s = told.get("duration_s", 0)
        signals = info["command_signal"], info["answer_signal"]
        self.heard = Heard(info["level"], info["phase"], signals[0], signals[1], took_s, event)
