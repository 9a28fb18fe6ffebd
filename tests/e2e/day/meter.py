"""The meter of the long day: a HAL port on whose other end a DL/T 645-2007 meter shows the plant.

Written from the standard without the project's codecs. A reply is due when it would be on a line of BAUD with
a meter of TURN_MS, in virtual time; the slow meter leaves room for three exchanges a second.
"""

# MicroPython's own names
# pyright: reportAttributeAccessIssue=false

import asyncio

import plant

ADDRESS = "000000000088"
BAUD, TURN_MS = 9600, 240
FACTOR_E3 = 950
READ, READ_REPLY, REFUSAL = 0x11, 0x91, 0xD1
NO_SUCH_DATA = b"\x02"
HEAD = b"\xfe\xfe\xfe\xfe\x68\x88\x00\x00\x00\x00\x00\x68"


def bcd(value, size):
    """Low byte first."""
    out = bytearray(size)
    for i in range(size):
        value, two = divmod(value, 100)
        out[i] = two // 10 << 4 | two % 10
    return bytes(out)


def frame(control, data):
    out = bytearray(HEAD)
    out.extend(bytes((control, len(data))))
    out.extend(bytes([b + 0x33 & 255 for b in data]))
    out.extend(bytes((sum(out[4:]) & 255, 0x16)))
    return bytes(out)


def registers_10wh(energy_ws):
    """What it counts of so much energy, a rate: 0.01 kWh, secondary side."""
    return [ws // (3600 * plant.MULTIPLIER * 10) for ws in energy_ws]


def total_10wh(energy_ws):
    return sum(energy_ws) // (3600 * plant.MULTIPLIER * 10)


def value_of(customer, di):
    """Data behind an identifier, None when this meter does not have it."""
    power_dw = customer.power_w() * 10 // plant.MULTIPLIER
    volt_dv = plant.voltage_dv((customer.t_s + plant.OFFSET_S) // 60)
    if di == 0x02030000:
        return bcd(power_dw, 3)
    if di == 0x00010000:
        return bcd(total_10wh(customer.energy_ws), 4)
    if di == 0x0001FF00:
        rates = [bcd(each, 4) for each in registers_10wh(customer.energy_ws)]
        return bcd(total_10wh(customer.energy_ws), 4) + b"".join(rates)
    if di == 0x0201FF00:
        return bcd(volt_dv, 2) * 3
    if di == 0x0202FF00:
        return bcd(power_dw * 1000 * 1000 // (3 * volt_dv * FACTOR_E3), 3) * 3
    if di == 0x0203FF00:
        return bcd(power_dw, 3) + bcd(power_dw // 3, 3) * 3
    if di == 0x0206FF00:
        return bcd(FACTOR_E3, 2) * 4
    if di == 0x02800002:
        return bcd(5000, 2)
    if di >> 8 == 0x040005:
        return bytes(2)
    return None


class Port:
    """`now()` gives UTC seconds, `clock` the ticks."""

    def __init__(self, customer, clock):
        self._customer, self._clock = customer, clock
        self._reply, self._due = b"", 0
        self.lost = False
        self.discards = 0

    def write(self, data):
        at = bytes(data).find(b"\x68")
        asked = bytes([b - 0x33 & 255 for b in data[at + 10 : -2]])
        if data[at : at + 7] == HEAD[4:11] and data[at + 8] == READ:
            self._customer.advance(self._clock.now_s())
            value = value_of(self._customer, int.from_bytes(asked[:4], "little"))
            if value is None:
                self._reply = frame(REFUSAL, NO_SUCH_DATA)
            else:
                self._reply = frame(READ_REPLY, asked[:4] + value)
            wire_ms = (len(data) + len(self._reply)) * 11 * 1000 // BAUD
            self._due = self._clock.ticks_ms() + wire_ms + TURN_MS
        return len(data)

    async def read(self, timeout_ms):
        left = self._due - self._clock.ticks_ms()
        if not self._reply or left > timeout_ms:
            await asyncio.sleep_ms(timeout_ms)
            return b""
        await asyncio.sleep_ms(max(0, left))
        reply, self._reply = self._reply, b""
        return reply

    def configure(self, baud, form):
        pass

    def drop_input(self):
        self._reply = b""
