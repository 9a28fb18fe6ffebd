"""Reads one meter from a laptop: runs the protocol's Reader over a port, paced by the profile's time-outs.

A block that the meter refuses is read by its singles. A read that got no answer is repeated, a control never:
what it did is unknown until it is read back, and that is what is done.
"""

import time
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

from protocols.lines.refused import Refused
from protocols.meters import links
from protocols.meters.interpret import Profile
from station.profiles.ports import Port, bits_of

REPLY_MAX_S = 120.0  # a readout at 300 Bd may take so long
PROGRESS = Callable[[int, int, str], None]  # reads done, reads in all, what is read next


class Reading(NamedTuple):
    values: dict[int, Any]  # point -> integer at its scale, text, or None where the meter has none
    failed: dict[str, str]  # request -> why
    exchanges: int
    spent_s: float


class Control(NamedTuple):
    done: bool  # as read back, whatever the answer to the control was
    answer: str  # "" confirmed, else why not
    shown: Any  # of the point that verifies it


class Session:
    """One meter at `address` on an open port. `clock` as time.monotonic, for tests."""

    def __init__(
        self,
        profile: Profile,
        port: Port,
        address: str,
        options: dict[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.profile = profile
        self.reader = links.reader(profile.link).Reader(address, {**profile.options, **(options or {})})
        self._port = port
        self._clock = clock
        self.exchanges = 0

    # ---- reading

    def read(self, points: Iterable[int] = (), progress: PROGRESS | None = None) -> Reading:
        """All that the profile reads, or only what shows these points."""
        start = self._clock()
        values: dict[int, Any] = {}
        failed: dict[str, str] = {}
        wanted = self.wanted(points)
        try:
            for done, index in enumerate(wanted):
                if progress:
                    progress(done, len(wanted), self.profile.request(index))
                values |= self._read_or_singles(index, failed)
            if progress:
                progress(len(wanted), len(wanted), "")
        finally:
            self.close()
        return Reading(values, failed, self.exchanges, self._clock() - start)

    def wanted(self, points: Iterable[int]) -> list[int]:
        """Reads that are needed, in the profile's order, each once."""
        profile = self.profile
        order = list(dict.fromkeys(profile.fast + profile.slow + profile.freeze))
        points = set(points)
        if not points:
            return order
        chosen: list[int] = []
        missing = set(points)
        for index in order + [n for n in range(profile.size) if n not in order]:
            shown = {no for no in missing if index in profile.reads_of(no)}
            if shown:
                chosen.append(index)
                missing -= shown
        return chosen

    def _read_or_singles(self, index: int, failed: dict[str, str]) -> dict[int, Any]:
        values, why = self._read(index)
        if why == "refused" and self.profile.singles(index):
            for single in self.profile.singles(index):
                more, why = self._read(single)
                values |= more
                if why:
                    failed[self.profile.request(single)] = self._why
        elif why:
            failed[self.profile.request(index)] = self._why
        return values

    def _read(self, index: int) -> tuple[dict[int, Any], str]:
        """(values, "" or the reason of Refused); `_why` has it in full."""
        request = self.profile.request(index)
        for attempt in range(self.profile.serial[4]):
            try:
                answer = self.run(self.reader.read(request))
            except Refused as error:
                self._why = f"{error.reason} {error.detail}".strip()
                if error.reason == "mute" and attempt + 1 < self.profile.serial[4]:
                    continue
                return {}, error.reason
            values = self.profile.decode(index, answer)
            self._why = "" if values else "the answer is not what the profile describes"
            return values, "" if values else "unfit"
        return {}, "mute"

    _why = ""

    # ---- controls

    def control(
        self, name: str, fields: dict[str, Any], valid_until: Callable[[int], Any] | None = None
    ) -> Control:
        """Send it once, then look until it has happened or its time is over. KeyError for no such control.

        `fields`: what the profile leaves to people (passwords); `valid_until(minutes)`: how long it is valid.
        """
        request, data, minutes, index, no, wanted, within_s = self.profile.controls[name]
        answer = ""
        try:
            if isinstance(data, bytes):
                generator = self.reader.write(request, data)
            else:
                more = {"valid_until": valid_until(minutes)} if minutes and valid_until else {}
                generator = self.reader.control(name, {**data, **more, **fields})
            try:
                self.run(generator)
            except Refused as error:
                answer = f"{error.reason} {error.detail}".strip()
            return self._verified(answer, index, no, wanted, within_s)
        finally:
            self.close()

    def _verified(self, answer: str, index: int, no: int, wanted: int, within_s: int) -> Control:
        until = self._clock() + within_s
        while True:
            values, _why = self._read(index)
            shown = values.get(no)
            if shown == wanted or self._clock() >= until:
                return Control(shown == wanted, answer, shown)
            self._port.read(1.0)  # a breaker takes its time; what comes unasked is dropped

    # ---- one exchange

    def close(self) -> None:
        """End the reader's session, if it has one that must be ended; a mute meter is left as it is."""
        ending = getattr(self.reader, "close", None)
        if ending:
            try:
                self.run(ending())
            except Refused:
                return

    def run(self, generator: Generator[Any, Any, Any]) -> Any:
        """What a generator of the Reader returns. Refused, PortError."""
        frame = None
        while True:
            try:
                ask = generator.send(frame)
            except StopIteration as end:
                return end.value
            frame = self._exchange(ask)

    def _exchange(self, ask: Any) -> Any:
        self.exchanges += 1
        _baud, form, timeout_ms, gap_ms, _tries = self.profile.serial
        framer = self.reader.FRAMER()
        if ask.data:
            self._port.drop_input()
            self._port.write(ask.data)
        byte_s = bits_of(form) / self._port.baud
        wire_s = len(ask.data) * byte_s
        if ask.baud:
            time.sleep(wire_s)  # what was sent must be out before the speed changes
            self._port.set_baud(ask.baud)
            byte_s, wire_s = bits_of(form) / ask.baud, 0.0
        first_s = wire_s + (ask.wait_ms or timeout_ms) / 1000
        gap_s = max(gap_ms / 1000, 16 * byte_s)
        return self._heard(ask, framer, first_s, gap_s)

    def _heard(self, ask: Any, framer: Any, first_s: float, gap_s: float) -> Any:
        """The frame that answers; None when none comes. Noise and echo prolong nothing but their own time."""
        start = self._clock()
        heard = False
        while self._clock() - start < REPLY_MAX_S:
            left_s = first_s - (self._clock() - start)
            data = self._port.read(max(gap_s, left_s) if heard else max(left_s, 0.0))
            frames = framer.feed(data) if data else framer.quiet()
            for frame in frames:
                if not ask.judge(frame):
                    return frame
            if not data:
                if not heard or self._clock() - start >= first_s:
                    return None
            heard = heard or bool(data)
        return None
