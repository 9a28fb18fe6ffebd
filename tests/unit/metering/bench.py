"""One meter on a bus that answers from a table; time stands still until a test moves it."""

import asyncio

from firmware.hal import fake
from firmware.metering.meter import Meter
from firmware.metering.profile import Profile
from protocols.lines import dlt645, dlt645_meter
from protocols.meters import profile
from protocols.meters.readers.default import Reader

ADDRESS = "123456789012"
PROFILE = Profile(profile.dlt645())
MUTE = None
REFUSED = "refused"


class Bus:
    """`answers`: identifier -> data, [pieces], MUTE or REFUSED; `script`: what goes before, one a request.

    `asked`: (priority, identifier, sequence or None) of each request.
    """

    def __init__(self, answers):
        self.answers = answers
        self.script = {}
        self.asked = []
        self.trouble = {}

    async def exchange(self, priority, ask, _meter):
        (request,) = dlt645.Framer().feed(ask.data)
        di = dlt645.di_of(request)
        seq = request.data[4] if request.control == dlt645.READ_NEXT else None
        self.asked.append((priority, di, seq))
        answer = self.script[di].pop(0) if self.script.get(di) else self.answers.get(di, REFUSED)
        if answer is MUTE:
            return None
        if answer == REFUSED:
            return self._frame(dlt645_meter.error_reply(ADDRESS, request.control, "no_such_data"))
        pieces = answer if isinstance(answer, list) else [answer]
        more = (seq or 0) + 1 < len(pieces)
        body = {"di": di, "data": pieces[seq or 0], "more": more, "seq": seq}
        return self._frame(dlt645_meter.reply(ADDRESS, request.control, **body))

    @staticmethod
    def _frame(data):
        (frame,) = dlt645.Framer().feed(data)
        return frame

    def dis(self):
        return [di for _priority, di, _seq in self.asked]


class Rig:
    def __init__(self, **answers):
        self.clock = fake.Clock(before_wrap_ms=2500)
        self.bus = Bus({int(di, 16): answer for di, answer in answers.items()})
        self.meter = Meter(self.bus, ADDRESS, PROFILE, self.clock, Reader(ADDRESS, {}))

    def read(self, di):
        return asyncio.run(self.meter.read(2, di))

    def read_raw(self, di):
        return asyncio.run(self.meter.read_raw(2, di))
