"""The terminal's side of Q/GDW 376.1, for tests and simulated terminals.

store: {"values": {(AFN, p, F): [values, ..]}, "pw": 16 bytes or None (any is good), "ec": counters
(important, ordinary) or None (no events wait), "forward": {telegram: answer of the meter}}.
Parameters set are kept under AFN 0A, controls under 05, the last file segment under 0F. A parameter is
answered whole, whatever part was asked for; of class 2 data and events the list element that has all fields
of the request.
"""

from protocols.gdw376 import commands, frame, items, message
from protocols.lines.refused import Refused

_READS = (0x09, 0x0A, 0x0C, 0x0D, 0x0E)
_TAGGED = (0x0D, 0x0E)


class Server:
    def __init__(self, region, terminal, store) -> None:
        self.region, self.terminal, self.store = region, terminal, store
        self._framer = frame.Framer()
        self._number = 0

    def login(self) -> bytes:
        return self._start(commands.LOGIN)

    def heartbeat(self) -> bytes:
        return self._start(commands.HEARTBEAT)

    def _start(self, number) -> bytes:
        seq = frame.SINGLE | frame.CONFIRM | self._number
        self._number = (self._number + 1) & 15
        data = message.encode_units(0x02, items.UP, [(0, number, {})])
        control = frame.UP | frame.STARTED | frame.LINK_TEST
        return frame.encode(control, self.region, self.terminal, 0, 0x02, seq, data)

    def feed(self, data) -> bytes:
        """All replies to what arrived; b"" for what is not for this terminal alone, and for confirmations."""
        return b"".join([self._one(got) for got in self._framer.feed(data)])

    def _one(self, got) -> bytes:
        everyone = got.terminal == frame.ALL_TERMINALS or got.a3 & 1
        if got.control & frame.UP or not (
            everyone or (got.region, got.terminal) == (self.region, self.terminal)
        ):
            return b""
        try:
            asked = message.decode(got)
        except Refused:
            return b""
        if got.afn == 0 or everyone:
            self._obey(got.afn, asked)
            return b""
        if got.afn in _READS:
            return self._answer(got, asked, got.afn, self._read(got.afn, asked))
        if not self._obey(got.afn, asked):
            return self._verdict(got, asked, commands.DENIED)
        if got.afn == 0x0F:
            segment = asked.units[0].values["segment"]
            return self._answer(got, asked, 0x0F, [(0, 1, {"segment": segment})])
        if got.afn == 0x10:
            return self._answer(got, asked, 0x10, self._forward(asked.units[0].values))
        return self._verdict(got, asked, commands.ACCEPTED)

    def _obey(self, afn, asked) -> bool:
        """All units or none."""
        wanted = self.store["pw"]
        if asked.refused or not asked.units or (wanted is not None and asked.additions.pw != wanted):
            return False
        if afn not in (0x01, 0x04, 0x05, 0x0F, 0x10):
            return False
        for unit in asked.units:
            self._keep(afn, unit)
        return True

    def _keep(self, afn, unit) -> None:
        values = self.store["values"]
        if afn in (0x04, 0x05, 0x0F):
            values[(0x0A if afn == 0x04 else afn, unit.p, unit.fn)] = [unit.values]
        if (afn, unit.fn) == (0x05, commands.SET_CLOCK):
            values[(0x0C, 0, 2)] = [unit.values]

    def _read(self, afn, asked) -> list:
        found = []
        for p, fn, wanted in asked.units:
            for values in self.store["values"].get((afn, p, fn), ()):
                if afn not in _TAGGED or all(values[name] == wanted[name] for name in wanted):
                    found.append((p, fn, values))
                    break
        return found

    def _forward(self, values) -> list:
        reply = self.store["forward"].get(values["data"])
        return [] if reply is None else [(0, 1, {"port": values["port"], "data": reply})]

    def _verdict(self, got, asked, verdict) -> bytes:
        return self._reply(
            got, asked, frame.OK, 0x00, message.encode_units(0x00, items.UP, [(0, verdict, {})])
        )

    def _answer(self, got, asked, afn, some) -> bytes:
        data = message.encode_units(afn, items.UP, some)
        if not data or len(data) > frame.MAX_LENGTH - 64:
            return self._verdict(got, asked, commands.DENIED)
        return self._reply(got, asked, frame.DATA, afn, data)

    def _reply(self, got, asked, function, afn, data) -> bytes:
        ec, tp = self.store["ec"], asked.additions.tp
        control = frame.UP | function | (frame.ACD if ec else 0)
        seq = frame.SINGLE | got.seq & 15 | (frame.TAGGED if tp else 0)
        data = frame.add(data, frame.Additions(None, ec, tp))
        return frame.encode(control, got.region, got.terminal, got.a3, afn, seq, data, got.version)
