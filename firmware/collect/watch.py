"""Events of the area: meters silent, changed, opened, standing; the transformer's load; the last gasp.

A shell: what decides stands in silence.py, registers.py and supply.py; what is kept of a meter in rows.py.
Numbers of rules are those of a terminal (protocols/meters/rules.py), so the station has the words. Clocks of
meters: clocks.py. Switches of meters: prepaid.py.

The supply: `board.power_failing()` says that the mains are gone and a reserve still feeds the board. Then the
rows go to flash and `power_down` is told, at once. The start tells `power_up` with the hours without power.
"""

from firmware.area.archive import GATE
from firmware.area.plan_duties import DAY_FREEZE
from firmware.collect import registers
from firmware.collect.beat import Beat
from firmware.collect.burst import Burst
from firmware.collect.rows import COVER, FLIES, SAVE_S, STANDS, STORM, UNREAD, Rows
from firmware.collect.silence import Silence
from firmware.collect.supply import Supply
from firmware.metering.measures import (
    COUNTS,
    COVER_COUNT,
    FLY_AWAY,
    IMPORT,
    STATUS_WORD,
    STOP,
    VOLTAGE,
    WORDS,
)
from protocols.uplink import area

COVER_OPEN = COUNTS + 5  # rule
# status words that are compared, by place: number, and what moves by itself (directions, tables of time)
STATUS = ((1, 0x30), (3, 0x21), (7, 0))
RELAY_PLACE, RELAY_OPEN = 1, 0x10  # in status word 3
THREE_PHASE = (0, 4)  # phases of the archive; one not known may be a meter of three
AC_GAP_S, GATE_GAP_S = 60, 2000  # readings further apart do not belong together
_BEGUN = {"meter_stop": STANDS, "meter_fly_away": FLIES}


class Watch:
    """`root`: the flash folder. `collector.archive` is the archive that runs."""

    def __init__(self, board, root, tell, settings, collector):
        self._board, self._tell, self._collector = board, tell, collector
        self._beat = Beat(board.clock)
        self._burst = Burst(tell)
        self._rows = Rows(root + "/watch")
        self._limits = settings.get(area.AREA)
        self._roll_wh = settings.get(area.PREPAID)["roll_kwh"] * 1000
        self._silence = Silence(collector.archive, self._rows, tell, self._limits["unread_s"])
        self._supply = Supply(tell, self._rows.supply)
        self._gate = self._find_gate()
        self._dark_s = None  # the mains went
        settings.listen(area.AREA, self._take)
        settings.listen(area.PREPAID, self._take_prepaid)

    def _take(self, values):
        self._limits, self._silence.limit_s = values, values["unread_s"]

    def _take_prepaid(self, values):
        self._roll_wh = values["roll_kwh"] * 1000

    @property
    def faults(self):
        """Saves that the flash refused."""
        return self._rows.faults

    def unread(self):
        """Meters that answer no more, as they were told."""
        return self._silence.unread()

    def tasks(self):
        """None of its own."""
        return []

    # ---- each second

    def tick(self):
        self._beat.tick()
        run_s = self._beat.run_s
        self._power(self._board.power_failing(), run_s)
        if self._dark_s is None:
            self._silence.step(run_s)
            sample = self._board.ac()
            if sample is not None:
                multiplier = self._board.identity["multiplier"]
                self._judge_supply(sample, multiplier, AC_GAP_S, self._gate)
        self._burst.tick(run_s)
        self._rows.tick(run_s)

    def _power(self, is_failing, run_s):
        if is_failing and self._dark_s is None:
            self._dark_s = run_s
            self._tell("power_down", {})
            self._rows.save()
        elif not is_failing and self._dark_s is not None:
            self._tell("power_down", {"ended": 1, "lasted_s": run_s - self._dark_s})
            self._dark_s = None

    def _find_gate(self):
        """Row of the gate meter, 0 none."""
        archive = self._collector.archive
        for meter in range(1, archive.size + 1):
            if archive.flags(meter) & GATE:
                return meter
        return 0

    def _judge_supply(self, sample, multiplier, gap_s, point):
        run_s = self._beat.run_s
        if self._supply.judge(run_s, sample, multiplier, self._limits, gap_s, point):
            self._rows.supply = self._supply.told
            self._rows.touch(run_s, SAVE_S)

    # ---- what the lines bring

    def seen(self, meter, read, values, t_s, duty, slot_s):
        """As Collector.heard."""
        row = self._collector.archive.get(meter)
        if row is None:
            return
        self._silence.heard(meter, self._beat.run_s)
        for place, (number, _own) in enumerate(STATUS):
            word = values.get(WORDS + number - 1)
            if isinstance(word, int):
                self._word(meter, place, word)
        self._covers(meter, values.get(COVER_COUNT))
        if read == DAY_FREEZE and isinstance(values.get(IMPORT), int):
            self._total(meter, row, values[IMPORT], slot_s // 86400)
        if row.flags & GATE and VOLTAGE in values and self._board.ac() is None:
            self._judge_supply(values, row.multiplier, GATE_GAP_S, meter)

    def _word(self, meter, place, value):
        number, own = STATUS[place]
        before = self._rows.word(meter, place)
        if value == before:
            return
        self._rows.put_word(meter, place, value)
        self._rows.touch(self._beat.run_s)
        if before is None or not (value ^ before) & ~own:
            return
        fields = {"metering_point": meter, "kind": STATUS_WORD, "slot": number, "value": value}
        fields["before"], fields["changed"] = before, value ^ before
        self._moment("status_word_changed", fields)

    def _covers(self, meter, count):
        if not isinstance(count, int):
            return
        rows = self._rows
        more = (count - rows.covers(meter)) & 255
        known = rows.has(meter, COVER)
        if known and not more:
            return
        rows.put_covers(meter, count)
        rows.mark(meter, COVER)
        rows.touch(self._beat.run_s)
        if known:
            fields = {"metering_point": meter, "kind": COVER_OPEN, "value": count, "before": count - more}
            self._moment("meter_cover_open", fields)

    def _moment(self, name, fields):
        self._burst.tell(name, fields)
        self._rows.touch(self._beat.run_s, SAVE_S)

    def _total(self, meter, row, wh, day):
        rows = self._rows
        word = rows.word(meter, RELAY_PLACE)
        is_cut = word is not None and word & RELAY_OPEN
        limits = registers.Limits(self._roll_wh, self._limits["fly_away_e1"], self._limits["stop_days"])
        last_wh, last_day, stands = rows.total(meter)
        before = registers.Seen(last_wh, last_day, stands, rows.has(meter, 255))
        phases = 3 if row.phase in THREE_PHASE else 1
        after, events = registers.judge(before, wh, day, phases, is_cut, limits)
        if after is before:
            return
        flags = after.flags
        for name, fields in events:
            fields["metering_point"] = meter
            if not self._burst.tell(name, fields):
                flags &= ~_BEGUN.get(name, 0)
        rows.put_total(meter, after.wh, after.day, after.stands)
        rows.mark(meter, 255, False)
        rows.mark(meter, flags)
        rows.touch(self._beat.run_s, SAVE_S if events else 3600)

    # ---- changes of the archive

    def reload(self, first, count):
        """Rows first.. of the archive have other meters now, or none: what was told of the old ones ends."""
        run_s = self._beat.run_s
        for meter in range(first, first + count):
            self._close(meter, run_s)
            self._rows.forget(meter, run_s)
        self._rows.touch(run_s, SAVE_S)
        self._silence.recount()
        self._gate = self._find_gate()

    def _close(self, meter, run_s):
        has = self._rows.has
        for flag, name, kind in ((STANDS, "meter_stop", STOP), (FLIES, "meter_fly_away", FLY_AWAY)):
            if has(meter, flag):
                self._tell(name, {"metering_point": meter, "kind": kind, "ended": 1})
        if has(meter, UNREAD) and not has(meter, STORM):
            self._silence.heard(meter, run_s)
