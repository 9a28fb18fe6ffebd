"""The master of one DL/T 645-2007 meter.

read(request) -> bytes: the data behind an identifier, follow-up frames joined. request: "0001FF00", of load
records "06000002/1" (blocks) or "06000001/3/2611221030" (blocks, from YYMMDDhhmm). `dlt645_items` and
`dlt645_records` say what they mean.

control(name, fields) -> data of the answer, mostly b"". Names of dlt645_admin.CONTROLS take level, password,
operator, valid_until (y, mo, d, h, mi, s of the meter's clock) and n2 (may be missing); other names take what
their builder in `BUILDERS` takes. After "speed" the caller changes the speed of the port.

options: "wakeup" FE bytes before a request (4); for `write` also "level", "password", "operator".
"""

from protocols.lines import dlt645
from protocols.lines import dlt645_admin as admin
from protocols.lines.refused import Refused
from protocols.meters.readers import dlt645_read
from protocols.meters.readers.ask import ask
from protocols.meters.readers.dlt645_read import PIECES_MAX  # noqa: F401

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from protocols.meters.readers.ask import Ask

ACTION_MS = 2000  # a relay or a clearing may hold the answer back so long


OPTIONS = {"wakeup": int, "level": int, "password": str, "operator": str}
_BY = {"level": 2, "password": "000000", "operator": "00000000"}
_TRIP = dict(_BY, n2=0, valid_until=(2026, 1, 1, 0, 0, 0))
# control -> {field: such a value}; what is for one meter, and for no profile, is left out
CONTROLS = {name: _TRIP for name in admin.CONTROLS}
CONTROLS.update({"clear_demand": _BY, "clear_meter": _BY, "clear_events": _BY, "freeze": {}})


def _time(address, moment, wakeup):
    return dlt645.broadcast_time(*moment, wakeup=wakeup)


# name -> (builder of the request, address if not the meter's own); nobody answers a broadcast
BUILDERS = {
    "time": (_time, dlt645.BROADCAST),  # moment: (y, mo, d, h, mi, s)
    "freeze": (dlt645.freeze, ""),
    "freeze_all": (dlt645.freeze, dlt645.BROADCAST),
    "address": (admin.write_address, dlt645.ANY_ADDRESS),
    "speed": (admin.set_speed, ""),
    "password": (admin.set_password, ""),
    "clear_demand": (admin.clear_demand, ""),
    "clear_meter": (admin.clear_meter, ""),
    "clear_events": (admin.clear_events, ""),
    "output": (admin.set_output, ""),
    "security": (admin.security, ""),
    "sealed": (admin.sealed_control, ""),
}


def _nobody(_frame) -> str:
    return "foreign"


class Reader(dlt645_read.Reader):
    _builders = BUILDERS  # another name: the build takes one of a class for its own
    CONTROLS = admin.CONTROLS

    def read_address(self) -> "Generator[Ask, Any, str]":
        """The address of the one meter on the line, as text."""
        frame = yield self._ask(dlt645.read_address(self._wakeup))
        return dlt645.address_text(self._answer(frame))

    def write(self, request, data) -> "Generator[Ask, Any, bytes]":
        """b""; never repeated, so that "mute" leaves open whether it was written."""
        frame = yield self._ask(self._write(request, data), ACTION_MS)
        return self._answer(frame)

    def control(self, name, fields) -> "Generator[Ask, Any, bytes]":
        """Never repeated: after "mute" only reading back tells what happened."""
        try:
            request = self._build(name, **fields)
        except TypeError:
            raise ValueError("wrong fields of " + name) from None
        if name in ("time", "freeze_all"):
            yield ask(request, _nobody)
            return b""
        frame = yield self._ask(request, ACTION_MS)
        return self._answer(frame)

    def close(self) -> "Generator[Ask, Any, None]":
        """There is no session."""
        return
        yield

    def _build(self, name, **fields) -> bytes:
        if name in self.CONTROLS:
            return dlt645.control(self.address, self.CONTROLS[name], wakeup=self._wakeup, **fields)
        if name not in self._builders:
            raise ValueError("no control " + name)
        builder, address = self._builders[name]
        return builder(address or self.address, wakeup=self._wakeup, **fields)

    def _authority(self, *keys) -> list:
        if any([key not in self._options for key in keys]):
            raise ValueError("writing needs the options " + ", ".join(keys))
        return [self._options[key] for key in keys]

    def _answer(self, frame) -> bytes:
        if frame is None:
            raise Refused("mute")
        data, _more, errors = self._reply(frame)
        if errors:
            raise Refused("refused", ",".join(errors))
        return data

    def _parse(self, request):
        return admin.request(request)

    def _write(self, request, data) -> bytes:
        level, password, operator = self._authority("level", "password", "operator")
        di = self._parse(request)[0]
        return dlt645.write(self.address, di, level, password, operator, data, self._wakeup)

    def _match(self, asked, frame) -> str:
        return admin.match(asked, frame)

    def _reply(self, frame) -> tuple:
        """(data, more, error names)"""
        _di, data, more, _errors = dlt645.reply_data(frame)
        return data, more, admin.errors_of(frame)
