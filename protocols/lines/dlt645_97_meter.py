"""The meter's side of DL/T 645-1997: function names for people, and `Server`, a strict simulated meter."""

from protocols.lines import dlt645_97 as dlt645
from protocols.lines import dlt645_meter, dlt645_server
from protocols.lines.dlt645 import BROADCAST, FROM_METER, MORE, encode
from protocols.lines.dlt645_server import PIECE, WRITE_LEVEL, Refusal, _digits

FUNCTIONS = {
    dlt645.READ: "read",
    dlt645.READ_NEXT: "read_next",
    dlt645.READ_AGAIN: "read_again",
    dlt645.WRITE: "write",
    dlt645.BROADCAST_TIME: "broadcast_time",
    dlt645.WRITE_ADDRESS: "write_address",
    dlt645.SET_SPEED: "set_speed",
    dlt645.SET_PASSWORD: "set_password",
    dlt645.CLEAR_DEMAND: "clear_demand",
}


def function_name(control) -> str:
    return dlt645_meter.function_name(control, FUNCTIONS)


class Server(dlt645_server.Server):
    """As the one of 2007; `store`: {"9010": data}. `block_end`: blocks end with AA, as not all meters do."""

    ACTIONS = {code: "_" + name for code, name in FUNCTIONS.items()}
    TO_ALL = tuple(
        [code for code in FUNCTIONS if code != dlt645.BROADCAST_TIME]
    )  # 999999999999 is any one meter
    SPEEDS = dlt645.SPEEDS
    block_end = True

    def _mine(self, frame) -> bool:
        if frame.address == BROADCAST:
            return frame.control == dlt645.BROADCAST_TIME or frame.control in self.TO_ALL
        return frame.address == self.address

    def _reply(self, frame, data=b"", more=False) -> bytes:
        return encode(self.address, frame.control | FROM_METER | (MORE if more else 0), data)

    def _read(self, frame) -> bytes:
        self._size(frame, 2)
        key = _digits(frame.data).upper()
        if key not in self.store:
            raise Refusal("no_such_data")
        data = self.store[key] + (b"\xaa" if self.block_end and key[3] == "F" else b"")
        self._pieces = [frame.data + data[at : at + PIECE] for at in range(0, len(data), PIECE)]
        return self._read_again(frame)

    def _read_next(self, frame) -> bytes:
        if len(self._pieces) < 2 or self._pieces[1][:2] != frame.data:
            raise Refusal("no_such_data")
        self._pieces = self._pieces[1:]
        return self._read_again(frame)

    def _read_again(self, frame) -> bytes:
        """The piece that was sent last."""
        if not self._pieces:
            raise Refusal("no_such_data")
        return self._reply(frame, self._pieces[0], len(self._pieces) > 1)

    def _write(self, frame) -> bytes:
        if len(frame.data) < 7:
            raise Refusal("other")
        self._store(_digits(frame.data[:2]).upper(), frame.data[2:6], frame.data[6:])
        return self._reply(frame)

    def _set_password(self, frame) -> bytes:
        self._size(frame, 8)
        self._new_password(frame.data[:4], frame.data[4:])
        return self._reply(frame, frame.data[4:])

    def _clear_demand(self, frame) -> bytes:
        self._size(frame, 4)
        return self._clear(frame, WRITE_LEVEL, "A", "B0", "B1")
