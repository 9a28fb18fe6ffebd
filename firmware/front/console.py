"""Service console: what a person with a terminal program sees and may do on the spot.

Shows; the only thing it moves are relays, in the test of firmware.front.service, after a code was typed that
stands on the display (or here, where there is none). Keys and passwords are not within its reach. Bytes from
outside are cut to LINE_MAX; a flood of them is thrown away in firmware.front.serve.
"""

from firmware.front import pages
from firmware.front.words import Words
from protocols.uplink import parameters
from protocols.uplink.codes import REASONS

LINE_MAX = 72
WIDTH = 76
CODE_MS, TRIES = 60_000, 3
PROMPT = b"lk> "
ONE_PAGE = "overview alarm tripped controls energy guarantee readings points link about".split()
MANY_PAGES = {
    "status": "overview alarm permitted tripped controls guarantee link about",
    "messages": "reminder message",
}


class Console:
    """`test_relay(mask) -> reason` begins a relay test, mask 0 ends it (0); both through the controller."""

    def __init__(self, front, board, settings, test_relay):
        self._front, self._board, self._settings = front, board, settings
        self._test_relay = test_relay
        self._words = Words("en")
        self._line = bytearray()
        self._last = 0  # byte before this one
        self._escape = 0  # 1: inside what a cursor key sends
        self._asked, self._asked_at, self._tries = 0, 0, 0

    # ---- bytes

    def feed(self, data):
        """Take bytes; yield what is to be written. A generator: a long answer is made line by line."""
        for c in data:
            if self._escape:
                self._escape = 2 if c == 91 or c < 64 else 0
            elif c == 13 or (c == 10 and self._last != 13):
                yield b"\r\n"
                yield from self._enter()
            else:
                yield self._edit(c)
            self._last = c

    def _edit(self, c):
        """Take one byte that ends no line; what to echo."""
        line = self._line
        if c == 27:
            self._escape = 1
        elif c in (8, 127) and line:
            line[-1:] = b""
            return b"\b \b"
        elif c in (3, 21):  # ctrl-C, ctrl-U
            line[:] = b""
            return b"\r\n" + PROMPT
        elif 32 <= c < 127:
            if len(line) >= LINE_MAX:
                return b"\a"
            line.append(c)
            return bytes((c,))
        return b""

    def _enter(self):
        words = bytes(self._line).decode().lower().split()
        self._line[:] = b""
        if words:
            for line in self.answer(words[0], words[1:]):
                yield (line if isinstance(line, bytes) else line.encode()) + b"\r\n"
        yield PROMPT

    # ---- commands

    def answer(self, command, words):
        """The lines that answer a command, texts or UTF-8."""
        if command in ONE_PAGE:
            return self._pages((command,))
        if command in MANY_PAGES:
            return self._pages(MANY_PAGES[command].split())
        act = {
            "help": self._help,
            "inputs": self._inputs,
            "parameters": self._parameters,
            "log": self._log,
            "test": self._ask,
            "confirm": self._confirm,
            "stop": self._stop,
            "language": self._language,
        }.get(command)
        return act(words) if act else ("unknown: help shows what there is",)

    def _help(self, _words):
        return self._words.section("help")

    def _language(self, words):
        if words and words[0] in ("zh", "en"):
            self._words = Words(words[0])
        return ("language zh|en",)

    def _pages(self, names):
        found = pages.facts(self._front.view())
        for page in pages.visible(found):
            if page[0] in names:
                lines = pages.lines(found, page, self._words, WIDTH)
                yield b"-- " + lines[0]
                for line in lines[1:]:
                    yield b"  " + line

    def _log(self, _words):
        for local_s, text in self._front.recent:
            yield (pages.show(local_s, "t", self._words) if local_s else "--") + " " + text

    def _inputs(self, _words):
        board = self._board
        contacts, levels, sample = board.relays.open(), board.inputs.levels(), board.ac()
        yield "outputs tripped    " + _bits(board.relays.tripped())
        yield "switches open      " + _bits(contacts)
        yield "status inputs      " + _bits(levels)
        yield "pulse edges lost   %d" % board.inputs.lost
        if sample is None:
            yield "AC sampling        none"
        else:
            for no in sorted(sample):
                yield "AC point %d = %d" % (no, sample[no])

    def _parameters(self, words):
        for section, name in parameters.SECTIONS.items():
            if not words:
                yield "%-10s version %d" % (name, self._settings.versions().get(section, 0))
            elif words[0] == name:
                values = self._settings.get(section)
                for field in sorted(values):
                    value = values[field]
                    yield field + " = " + (value.hex() if isinstance(value, bytes) else str(value))

    # ---- relay test

    def _ask(self, words):
        mask = 0
        for word in words:
            if word not in "1 2 3 4 5 6 7 8".split():
                return ("rounds are numbers, as: test 1 3",)
            mask |= 1 << int(word) - 1
        if not mask:
            return ("which rounds? as: test 1 3",)
        number = self._board.random(2)
        self._front.code = "%04d" % ((number[0] << 8 | number[1]) % 10000)
        self._asked, self._asked_at, self._tries = mask, self._board.clock.ticks_ms(), TRIES
        where = "on the display" if self._board.display else self._front.code
        return (
            "THIS OPENS THE SWITCHES of rounds %s for 60 s. 注意：开关将断开。" % _bits(mask),
            "Type within 60 s: confirm CODE. The code: " + where,
        )

    def _stop(self, _words):
        self._asked, self._front.code = 0, ""
        self._test_relay(0)
        return ("relay test off",)

    def _confirm(self, words):
        late = self._board.clock.ticks_diff(self._board.clock.ticks_ms(), self._asked_at) > CODE_MS
        mask, code = self._asked, self._front.code
        if not mask or late:
            self._asked, self._front.code = 0, ""
            return ("nothing to confirm",)
        self._tries -= 1
        right = words == [code]
        if right or self._tries <= 0:
            self._asked, self._front.code = 0, ""
        if not right:
            return ("wrong code",)
        reason = self._test_relay(mask)
        if reason:
            return ("refused: " + REASONS[reason],)
        return ("relays %s tripped for 60 s; `stop` ends it. Close the switches by hand." % _bits(mask),)


def _bits(mask):
    """Numbers of the bits that are set, from 1."""
    if mask is None:
        return "not readable"
    return " ".join([str(i + 1) for i in range(16) if mask >> i & 1]) or "none"
