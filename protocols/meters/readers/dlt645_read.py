"""The master of one DL/T 645-2007 meter that is only read: what a terminal holds. `dlt645` has the rest.

read(request) -> bytes: the data behind an identifier such as "0001FF00", follow-up frames joined.
options: "wakeup" FE bytes before a request (4).
"""

from protocols.lines import dlt645
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

PIECES_MAX = 64  # of one answer: 12 KB, more than any block or a day of load records


class Reader:
    FRAMER = dlt645.Framer

    def __init__(self, address, options) -> None:
        dlt645.address_bytes(address)
        self.address, self._options = address, options
        self._wakeup = options.get("wakeup", dlt645.WAKEUP)

    def read(self, request) -> "Generator[Ask, Any, bytes]":
        """A refusal carries no identifier, so a late one to another request looks the same: it counts when
        it comes twice. An answer of which a piece was lost is asked for once more.
        """
        asked = self._parse(request)
        refusals = restarts = 0
        while True:
            data, errors = yield from self._all(asked)
            if data is not None:
                return data
            refusals += errors != ()
            restarts += errors == ()
            if refusals == 2:
                raise Refused("refused", ",".join(errors))
            if restarts == 2:
                raise Refused("wrong_sequence", "a piece was lost twice")

    def _all(self, asked):
        """(data or None, error names); neither when a piece was lost."""
        frame = yield self._ask(self._first(asked))
        if frame is None:
            raise Refused("mute")
        out = b""
        for seq in range(1, PIECES_MAX + 1):
            if frame is None:
                return None, ()
            data, more, errors = self._reply(frame)
            if errors:
                return None, errors
            out += data
            if not more:
                return out, ()
            frame = yield self._ask_next(asked, seq, frame)
        raise Refused("too_long", "more than %d pieces" % PIECES_MAX)

    # ---- what others of the family do in another way

    def _parse(self, request):
        return int(request, 16), b""

    def _first(self, asked) -> bytes:
        return dlt645.read(self.address, asked[0], asked[1], self._wakeup)

    def _ask_next(self, asked, seq, _before):
        return self._ask(dlt645.read_next(self.address, asked[0], seq, self._wakeup))

    def _match(self, asked, frame) -> str:
        return dlt645.match(asked, frame)

    def _reply(self, frame) -> tuple:
        """(data, more, error names)"""
        return dlt645.reply_data(frame)[1:]

    # ----

    def _ask(self, request, wait_ms=0):
        asked = self.FRAMER().feed(request)[0]
        return ask(request, lambda frame: self._match(asked, frame), wait_ms=wait_ms)
