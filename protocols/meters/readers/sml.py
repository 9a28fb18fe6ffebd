"""Reader of meters that push SML files: it listens and never asks.

read(request): "1-0:1.8.0*255", an OBIS code in full or reduced: {request: value}; "": {OBIS in full: value}.
Values: (int, power of ten) in the unit of the code (Wh, W, V, A ...), bytes, or None. One file serves all
requests of a round (see `readout`).

address: server identification in hex, as on the label; "" takes any meter. options:
    unsigned  OBIS codes in full whose signed numbers are to be read as unsigned: some DZG DVS74 send positive
              powers without the leading zero byte that a signed number needs (libsml commit 81c4026)
"""

from binascii import hexlify

from protocols.lines.refused import Refused
from protocols.lines.sml import messages
from protocols.lines.sml.transport import Framer
from protocols.meters.readers.ask import ask
from protocols.meters.readers.readout import Readout

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

OPTIONS = {"unsigned": list}
CONTROLS = {}
WAIT_MS = 5000  # meters push every 1 to 4 s
LISTENS = 3  # the first file may have begun before us


class Reader:
    FRAMER = Framer

    def __init__(self, address, options) -> None:
        self._address = address.lower()
        self._unsigned = options.get("unsigned", ())
        self._readout = Readout()

    def read(self, request) -> "Generator[Ask, Any, dict]":
        if self._readout.due(request):
            yield from self._listen()
        return self._readout.take(request)

    def close(self) -> "Generator[Ask, Any, None]":
        """Nothing is open; the next read listens anew."""
        self._readout.forget()
        yield from ()

    def _listen(self):
        found = {}
        for _ in range(LISTENS):
            yield ask(b"", lambda frame: self._judge(frame, found), 0, WAIT_MS)
            if found:
                return self._readout.put(found)
        raise Refused("mute")

    def _judge(self, frame, found) -> str:
        """Put the values of a file into `found`, or say why it is passed over."""
        try:
            lists = [m for m in messages.decode(frame.data) if messages.entries(m)]
            if not lists:
                return "wrong_function"
            if self._address and self._address not in [_server(message) for message in lists]:
                return "foreign"
            for message in lists:
                found.update(messages.values(message))
            if self._unsigned:
                for message in messages.decode(frame.data, False):
                    again = messages.values(message)
                    found.update({name: again[name] for name in self._unsigned if name in again})
        except Refused as error:
            return error.reason
        return ""


def _server(message) -> str:
    server = messages.fields(message).get("server_id")
    return hexlify(server).decode() if isinstance(server, bytes) else ""
