"""Which nodes a carrier module must know: the meters of line 9, compared with its list part by part. Pure."""

from firmware.area.archive import MODULE, MOST
from protocols.lines.gdw3762.frame import address_bytes, address_text

STRANGERS_MOST = 32  # kept from one walk; a list with more of them is cleared


class Roster:
    """`protocol_of(meter)`: how the module shall carry its frames, items.TRANSPARENT.."""

    def __init__(self, archive, protocol_of):
        self._archive, self._protocol_of = archive, protocol_of
        self.begin()

    def begin(self):
        """A walk over the module's list."""
        self._known = bytearray((MOST + 7) // 8)
        self.place = 1  # of the first node that was not seen
        self.strangers = []  # 12 digits each: no meters of line 9, or carried in another way
        self.refused = 0  # meters that the module does not take

    def take(self, total, nodes) -> bool:
        """A part of the list, as items.py reads it. Whether it was the last, or the list has no end."""
        for node in nodes:
            self._see(node["address"], node["protocol"])
        self.place += len(nodes)
        return not nodes or self.place > total or self.place > 4 * MOST

    def _see(self, text, protocol):
        meter = self._archive.find(address_bytes(text), MODULE)
        if meter and self._protocol_of(meter) == protocol:
            self.mark(meter)
        elif len(self.strangers) < STRANGERS_MOST and text not in self.strangers:
            self.strangers.append(text)

    def mark(self, meter):
        """The module knows it."""
        self._known[meter - 1 >> 3] |= 1 << (meter - 1 & 7)

    def wanted(self) -> int:
        return sum([self._archive.line(meter) == MODULE for meter in range(1, MOST + 1)])

    def missing(self, most) -> list:
        """Meters of line 9 that the module was not told."""
        found = []
        for meter in range(1, self._archive.size + 1):
            known = self._known[meter - 1 >> 3] >> (meter - 1 & 7) & 1
            if not known and self._archive.line(meter) == MODULE:
                found.append(meter)
                if len(found) == most:
                    break
        return found

    def node(self, meter) -> dict:
        """As `add_nodes` takes it."""
        address = address_text(self._archive.get(meter).address)
        return {"address": address, "protocol": self._protocol_of(meter)}
