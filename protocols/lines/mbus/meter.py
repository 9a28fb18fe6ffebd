"""The meter's side of M-Bus, for simulated meters and tests."""

from protocols.lines.mbus import link, records, secondary, telegram

_SELECT, _RESET, _SEND = link.CI_SELECT, link.CI_RESET, link.CI_SEND


class Server:
    """One meter. `feed` returns all reply bytes to what arrived.

    `address`: primary, 0-250; `store`: {"secondary": text, "status": int, "telegrams": [bytes of records,
    made with records.encode, without the closing 0F or 1F]}. Changed by the master: `address`, `baud`.
    """

    def __init__(self, address, store) -> None:
        self.address, self.store, self.baud = address, store, 2400
        self._framer = link.Framer()
        self._selected = False
        self._restart()

    def _restart(self) -> None:
        self._fcb, self._next, self._access, self._error = None, 0, 0, None

    @property
    def identity(self) -> bytes:
        return secondary.pack(self.store["secondary"])

    def feed(self, data: bytes) -> bytes:
        return b"".join(self._answer(frame) for frame in self._framer.feed(data))

    def _answer(self, frame) -> bytes:
        if frame.control is None or not frame.control & link.FROM_MASTER:
            return b""
        kind = frame.control & ~(link.FCB | link.FCV)
        if frame.address == link.SELECTED and frame.ci == _SELECT and kind == link.FROM_MASTER | 3:
            return self._select(frame.data)
        if frame.address not in (self.address, link.ANY, link.BROADCAST) and not (
            frame.address == link.SELECTED and self._selected
        ):
            return b""
        reply = self._act(kind, frame)
        return b"" if frame.address == link.BROADCAST else reply

    def _act(self, kind, frame) -> bytes:
        if kind == link.SND_NKE and frame.ci is None:
            self._restart()
            self._selected = self._selected and frame.address != link.SELECTED
            return link.encode(None)
        if kind == link.FROM_MASTER | 3 and frame.ci is not None:
            return self._take(frame.ci, frame.data)
        if kind == link.FROM_MASTER | 0x0B and frame.ci is None:
            return self._send(frame.control & link.FCB)
        if kind == link.FROM_MASTER | 0x0A and frame.ci is None:
            return link.encode(None)  # no alarm
        return b""

    def _select(self, wanted) -> bytes:
        self._selected = len(wanted) == 8 and secondary.fits(wanted, self.identity)
        if not self._selected:
            return b""
        self._restart()
        return link.encode(None)

    def _take(self, ci, data) -> bytes:
        if ci == _RESET:
            self._restart()
        elif ci == _SEND and data[:2] == b"\x01\x7a" and len(data) == 3 and data[2] <= 250:
            self.address = data[2]
        elif 0xB8 <= ci <= 0xBF:
            self.baud = link.BAUDS[ci - 0xB8]
        else:
            self._error = 1
        return link.encode(None)

    def _send(self, fcb) -> bytes:
        """The next telegram, or the last once more when the FCB did not toggle."""
        if self._error is not None:
            code, self._error = self._error, None
            return link.encode(link.RSP_UD, self.address, link.CI_ERROR, bytes([code]))
        telegrams = self.store["telegrams"]
        if self._fcb is not None and fcb != self._fcb:
            self._next = (self._next + 1) % len(telegrams)
        self._fcb, self._access = fcb, self._access + 1 & 0xFF
        more = bytes([records.MORE]) if self._next + 1 < len(telegrams) else b""
        body = telegrams[self._next] + more
        return telegram.encode(self.address, self.identity, self._access, self.store["status"], body)
