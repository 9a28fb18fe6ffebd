"""What the station is told of a carrier module: its state in NOW, and a ROUTE record of each meter behind it.

A meter is told when it was first asked, when its phase becomes sure or another, and once a day.
"""

from protocols.uplink import area, topics

SAY_S, SAY_MOST = 10, 16  # records at a time: a thousand meters take ten minutes


class Routes:
    """`heard`: firmware.collect.heard.Heard; `add` is that of the outbox."""

    def __init__(self, board, heard, archive, add):
        self._clock, self._offset_s = board.clock, board.identity["utc_offset_s"]
        self._heard, self._archive, self._add = heard, archive, add
        self._day = 0

    def tick(self, run_s):
        """Each second."""
        if run_s % SAY_S:
            return
        day = (self._clock.now_s() + self._offset_s) // 86400
        if self._clock.ok and day != self._day:
            self._day = day
            self._heard.unsay_all()
        if self._heard.news:
            for meter in self._heard.unsaid(SAY_MOST):
                if self._archive.line(meter):
                    self._say(meter)

    def _say(self, meter):
        hops, share, signal = self._heard.row(meter)
        body = {"meter": meter, "phase": self._heard.phase(meter), "hops": hops, "signal": signal}
        body["success_e3"] = share * 1000 // 255
        self._add(topics.DA, area.ROUTE, self._clock.now_s(), int(self._clock.ok), body)

    def state(self, module) -> dict:
        """area.MODULE_NOW of firmware.collect.module.Module."""
        roster = module.roster
        wanted = roster.wanted()
        missing = len(roster.missing(wanted)) if wanted else 0
        asked, answering, shares = self._heard.sums()
        return {
            "state": module.phase,
            "maker": module.maker,
            "wanted": wanted,
            "told": wanted - missing - roster.refused,
            "refused": roster.refused,
            "answering": answering,
            "success_e3": shares * 1000 // (255 * asked) if asked else 0,
            "reports": module.reports,
        }


def maker_of(vendor) -> str:
    """Maker, chip and version of the answer to AFN 03 F1; "?" where it was denied ({}), "" for no answer."""
    if not vendor:
        return "" if vendor is None else "?"
    text = "%s %s %s" % (vendor["vendor"], vendor["chip"], vendor["version"])
    return "".join([letter if " " <= letter <= "~" else "?" for letter in text])
