"""Simulated meters by a table of data, for the fake board's lines and for PTYs. Runs on both interpreters."""

from protocols.lines import dlt645, dlt645_meter

DAY_S = 86400
BITS = 11


def bcd(value, size):
    """Low byte first."""
    digits = f"{value:0{2 * size}d}"
    return bytes([int(digits[at : at + 2], 16) for at in range(2 * size - 2, -1, -2)])


DATA = {
    0x00010000: bcd(12345, 4),
    0x0001FF00: bcd(12345, 4) + bcd(1, 4) + bcd(2, 4) + bcd(3, 4) + bcd(4, 4),
    0x0201FF00: bcd(2301, 2) * 3,
    0x0202FF00: bcd(5020, 3) * 3,
    0x0203FF00: bcd(11000, 3) * 4,
    0x01010000: bcd(12340, 3) + bytes.fromhex("3013210926"),
    0x02010100: bcd(2301, 2),
    0x02020100: bcd(5020, 3),
    0x02030000: bcd(11000, 3),
    0x02060000: bcd(990, 2),
    0x04000501: b"\x00\x00",
    0x04000503: b"\x00\x00",
    0x04000504: b"\x00\x00",
    0x04000507: b"\x00\x00",
}


class Rack:
    """`reply(frame)` of whoever is addressed. `dead`, `twice`, `garbled`: addresses. `refused`: (address,
    identifier). `frozen`: {days back: ((y, mo, d), Wh / 10)}. `heard`: [(address, control, identifier)].
    """

    def __init__(self, addresses):
        self.addresses = set(addresses)
        self.dead, self.twice, self.garbled, self.refused = set(), set(), set(), set()
        self.frozen = {}
        self.heard = []
        self.open = set()

    def replies(self, frame):
        """[bytes]"""
        di = dlt645.di_of(frame) if len(frame.data) >= 4 and frame.control == dlt645.READ else 0
        self.heard.append((frame.address, frame.control, di))
        if frame.address not in self.addresses or frame.address in self.dead:
            return []
        if frame.control == dlt645.CONTROL:
            self.open.add(frame.address)
            return [dlt645_meter.reply(frame.address, frame.control)]
        data = self._data(frame.address, di)
        if data is None:
            return [dlt645_meter.error_reply(frame.address, frame.control, "no_such_data")]
        out = [dlt645_meter.reply(frame.address, frame.control, di=di, data=data)]
        if frame.address in self.garbled:
            return [out[0][:-3] + b"\x00\x00\x16"]
        if frame.address in self.twice:
            out.append(dlt645_meter.reply(frame.address, frame.control, di=di, data=bytes(len(data))))
        return out

    def _data(self, address, di):
        if (address, di) in self.refused:
            return None
        back, kind = di & 0xFF, di & 0xFFFFFF00
        if kind in (0x05060000, 0x05060100):
            label, wh = self.frozen.get(back, (None, 0))
            if label is None:
                return None
            if kind == 0x05060100:
                return bcd(wh, 4) + bytes(16)
            return b"\x00\x00" + bytes([int(str(each), 16) for each in reversed(label)])
        if di == 0x04000503 and address in self.open:
            return b"\x10\x00"
        return DATA.get(di)
