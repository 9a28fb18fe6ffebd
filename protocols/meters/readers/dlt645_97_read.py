"""The master of one DL/T 645-1997 meter that is only read: what a terminal loads. `dlt645_97` has the rest.

Follow-up frames carry no number: one that equals the piece before it is taken for that piece come late.
"""

from protocols.lines import dlt645_97 as dlt645
from protocols.lines.dlt645 import _low_first
from protocols.meters.readers import dlt645_read
from protocols.meters.readers.ask import ask


class Reader(dlt645_read.Reader):
    def _parse(self, request):
        if len(request) != 4:
            raise ValueError("not a read request: " + request)
        return int.from_bytes(_low_first(request, 2), "little")

    def _first(self, asked) -> bytes:
        return dlt645.read(self.address, asked, self._wakeup)

    def _ask_next(self, asked, _seq, before):
        request = self._ask(dlt645.read_next(self.address, asked, self._wakeup))
        return ask(
            request.data, lambda frame: request.judge(frame) or ("late" if frame.data == before.data else "")
        )

    def _match(self, asked, frame) -> str:
        return dlt645.match(asked, frame)

    def _reply(self, frame) -> tuple:
        return dlt645.reply_data(frame)[1:]
