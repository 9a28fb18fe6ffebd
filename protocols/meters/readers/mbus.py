"""Read an M-Bus meter.

address   "5": primary, 0-250, or 254 with one meter on the line; "12345678.QDS.0A.07": secondary, from the
          right parts may be left out, F as a digit and * as a part stand for anything (lines.mbus.secondary)
options   none
request   "" or "ud2": all records of all telegrams, keys as in lines.mbus.records ("energy/0/1/0/inst";
          of a meter that counts joules "energy-j/0/1/0/inst"), and
          "header/address", "header/status" of the first telegram
value     (int, power of ten), text (dates as 2026-11-22T10:30), hex text of a manufacturer's bytes, or None
control   "application_reset" {"subcode": 0-255 or left out}, "set_address" {"address": 0-250},
          "set_baud" {"baud": 300..38400}: the meter changes after it has confirmed, the caller then the port
"""

from binascii import hexlify

from protocols.lines.mbus import link, records, secondary, telegram
from protocols.lines.refused import Refused
from protocols.meters.readers.ask import ask

TRIES = 3  # EN 13757-2 clause 5.7.2: a request without an answer is repeated twice
MAX_TELEGRAMS = 32
OPTIONS = {}
CONTROLS = {"application_reset": {"subcode": 0}, "set_baud": {"baud": 2400}, "set_address": {"address": 1}}


class Reader:
    FRAMER = link.Framer

    def __init__(self, address, options) -> None:
        self._secondary = secondary.pack(address) if len(address) > 3 else None
        self._primary = link.SELECTED if self._secondary else int(address)
        if not 0 <= self._primary <= link.ANY:
            raise ValueError("primary addresses are 0-250, or 254")
        self._before = None  # the telegram that came last

    def read(self, request):
        if request not in ("", "ud2"):
            raise Refused("unknown_item", request)
        yield from self._open()
        found, fcb, out = [], True, {}
        for _ in range(MAX_TELEGRAMS):
            got = telegram.decode((yield from self._exchange(link.request(self._primary, fcb))))
            if not out:
                out = {"header/address": got.header.address, "header/status": _plain(got.header.status, 0)}
            found += got.records
            fcb = not fcb
            if not got.more:
                break
        else:
            raise Refused("too_long", "more than %d telegrams" % MAX_TELEGRAMS)
        for key, value, scale, _unit in records.keyed(found):
            out[key] = _plain(value, scale)
        return out

    def control(self, name, fields):
        data = _controls(self._primary, fields).get(name)
        if data is None:
            raise Refused("unknown_function", name)
        yield from self._open()
        yield from self._exchange(data(), 1)

    def close(self):
        """Deselect, or the meter answers at 253 until another is selected."""
        if self._secondary:
            yield ask(
                link.reset_link(link.SELECTED), lambda frame: "" if frame == link.ACK else "foreign", 0, 250
            )

    def _open(self):
        """Select the meter (the one before is deselected by that), or reset its frame count bit."""
        known = self._secondary
        yield from self._exchange(link.select(known) if known else link.reset_link(self._primary))

    def _exchange(self, data, tries=TRIES):
        asked = link.Framer().feed(data)[0]
        for number in range(tries):
            frame = yield ask(data, lambda answer: self._judge(asked, answer))
            if frame is None:
                continue
            if number:  # the answer to an earlier try: that to this one must not count for the next request
                yield ask(b"", lambda answer: "late")
            self._before = frame
            return frame
        raise Refused("mute")

    def _judge(self, asked, answer) -> str:
        why = link.match(asked, answer)
        if not why and answer.data and answer == self._before:
            return "late"  # a telegram that comes twice: not even its access number has changed
        if not why and self._secondary and answer.ci in (link.CI_LONG, link.CI_LONG_MSB):
            found = telegram.identity(answer.data, answer.ci == link.CI_LONG_MSB)
            return "" if len(found) == 8 and secondary.fits(self._secondary, found) else "foreign"
        return why


def _controls(address, fields) -> dict:
    return {
        "application_reset": lambda: link.application_reset(address, fields.get("subcode")),
        "set_baud": lambda: link.set_baud(address, fields.get("baud")),
        "set_address": lambda: link.set_address(address, fields.get("address", -1)),
    }


def _plain(value, scale):
    if isinstance(value, int):
        return value, scale
    return hexlify(value).decode() if isinstance(value, bytes) else value
