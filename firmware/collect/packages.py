"""Meter profiles that come by command, in slots 1..4 of those the archive names: what slots.py of
firmware/metering, which has the law, asks of a concentrator.

A slot on trial has no profile for planner and controls: its meters are neither read nor switched meanwhile,
which cuts nobody off. Reads of the trial go to its meters in turn, behind all that is urgent on their line.
"""

import asyncio

from firmware.overlay import Overlay
from protocols.meters.interpret import Profile
from protocols.meters.trial import verdict

SLOTS = range(1, 5)
PAUSE_MS = 2000  # between two reads of a trial
AGAIN_S = 60  # a verdict that memory or flash refused


class Packages:
    points = ()  # for slots.py: nothing to wire anew, who reads a meter asks for its profile

    def __init__(self, board, kv, root, tell, collector):
        self.board, self.kv, self.path, self.tell = board, kv, root + "/meter-profiles", tell
        self._collector, self._archive = collector, collector.archive
        self.own = self.profiles = dict(collector.profiles)
        self.state, self.hashes, self.trials, self.modules = [], [], {}, {}
        self.store_errors = 0
        self.error, self.held = "", None
        self._wait_s = 0
        self._asked = [0, 0]  # meter and read of the last trial
        if kv.get("profiles"):
            with Overlay():
                self._slots().start(self)
            self._show()

    @property
    def wanted(self):
        """For slots.py: slots that are read by, as rows of section POINTS."""
        return [(0, 0, 0, 0, 0, slot) for slot in SLOTS if self._meters(slot)]

    def _slots(self):
        from firmware.metering import slots

        self.modules = _Lines()
        return slots

    def _meters(self, slot):
        return [meter for meter, row in self._archive.rows() if row.slot == slot]

    def _show(self):
        """Who reads meters reads by these."""
        shown = self._collector.profiles  # rooms hold it
        shown.clear()
        shown.update({slot: profile for slot, profile in self.profiles.items() if slot not in self.trials})

    # ---- a command

    def apply(self, _kind, params, _command_id, _scope=0):
        with Overlay():
            reason, entries, commit, self.error, self.held = self._slots().apply(self, params)

        def done():
            commit()
            self._show()

        return reason, entries, commit and done

    # ---- a trial

    def tick(self):
        """End the trial that has shown enough."""
        self._wait_s = max(0, self._wait_s - 1)
        for slot, trial in self.trials.items():
            meters = self._meters(slot)
            trial[2] += len(meters) > 0
            trial[3] = trial[3] or verdict(*trial[:3])
            if trial[3] and not self._wait_s:
                self._wait_s = AGAIN_S
                with Overlay():
                    self._slots().judged(self, slot)
                self._wait_s = 0
                self._show()
                self._collector.reload_rows(meters)  # what was asked for meanwhile had no value
                break

    def tasks(self):
        return [("trial", self.run)]

    async def run(self):
        while True:
            for slot in tuple(self.trials):
                if slot in self.trials:  # it may have ended meanwhile
                    await self._try(slot)
            await asyncio.sleep_ms(PAUSE_MS)  # pyright: ignore[reportAttributeAccessIssue]

    async def _try(self, slot):
        meters, trial, profile = self._meters(slot), self.trials[slot], self.profiles[slot]
        if not meters:
            return
        last, read = self._asked
        meter = min([each for each in meters if each > last] or meters)
        reads = profile.fast or profile.slow
        self._asked = [meter, read + 1]
        index = reads[read % len(reads)]
        values, heard = await self._collector.attempt(meter, profile, index)
        if self.trials.get(slot) is trial:
            profile.tried(trial, index, values, heard)


class _Lines:
    """What slots.py keeps loaded for profiles: lines load their Readers themselves."""

    def __contains__(self, _link):
        return True

    def __getitem__(self, link):
        return None if link else Profile
