"""The answers of protocols in which a meter tells everything at once.

One readout serves every request of a round: the first request makes it, the others take from it what they ask
for. A request that was served already begins the next round, and so does whatever follows `forget`.
"""

from protocols.lines.iec62056_21_data import find
from protocols.lines.refused import Refused


def spelled(found, address) -> dict:
    """{address: value, address/1: second value ...} of `found`, which may spell the address otherwise."""
    key, out = find(found, address), {}
    if key:
        out[address] = found[key]
    while key and "%s/%d" % (key, len(out)) in found:
        out["%s/%d" % (address, len(out))] = found["%s/%d" % (key, len(out))]
    return out


class Readout:
    def __init__(self) -> None:
        self._values = {}
        self._given = None

    def forget(self) -> None:
        self._given = None

    def put(self, values) -> None:
        self._values, self._given = values, []

    def due(self, request) -> bool:
        """Whether the meter must be read to serve this request."""
        return self._given is None or request in self._given

    def take(self, request) -> dict:
        """All for "", else the values of one address; Refused unknown_item when the meter did not tell it."""
        if self._given is not None:
            self._given.append(request)
        found = spelled(self._values, request) if request else dict(self._values)
        if request and not found:
            raise Refused("unknown_item", request)
        return found
