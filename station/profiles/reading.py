"""Reads one meter from a laptop: runs the protocol's Reader over a port, paced by the profile's time-outs.

A block that the meter refuses is read by its singles. A read that got no answer is repeated, a control never:
what it did is unknown until it is read back, and that is what is done. What was frozen stands apart from what
is present: both show the same points.
"""

import contextlib
import time
from collections.abc import Callable, Generator, Iterable
from typing import Any, NamedTuple

from protocols.lines import cjt188, dlt645, iec62056_21, modbus
from protocols.lines.dlms import hdlc, wrapper
from protocols.lines.dlt698 import link as dlt698
from protocols.lines.mbus import link as mbus
from protocols.lines.refused import Refused
from protocols.lines.sml import transport as sml
from protocols.meters import links
from protocols.meters.interpret import Profile
from protocols.meters.points import BY_NO
from station.profiles.options import OptionError
from station.profiles.ports import Port, PortError, bits_of

# Bytes of the longest frame that is taken: who has not ended after their time never will
LONGEST = {
    "dlt645-2007": dlt645.MAX_FRAME,
    "dlt645-1997": dlt645.MAX_FRAME,
    "dlt698": dlt698.MAX_FRAME,
    "modbus": modbus.MAX_FRAME,
    "iec62056-21": iec62056_21.MAX_BLOCK,
    "dlms": hdlc.MAX_FRAME,
    "cjt188": cjt188.MAX_FRAME,
    "mbus": mbus.MAX_FRAME,
    "sml": sml.MAX_FILE,
}
PROGRESS = Callable[[int, int, str], None]  # reads done, reads in all, what is read next


class Reading(NamedTuple):
    values: dict[int, Any]  # point -> integer at its scale, text, or None where the meter has none
    frozen: dict[int, Any]  # the same of the last daily freeze
    failed: dict[str, str]  # request -> why
    broken: str  # "" read to the end, else how it was broken off
    exchanges: int
    spent_s: float


class Control(NamedTuple):
    done: bool  # as read back, whatever the answer to the control was
    answer: str  # "" confirmed, else why not
    shown: Any  # of the point that verifies it


class StateUnknown(Exception):
    """The line was lost after a control was sent, and before it could be read back; args[0] says how."""


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
        self._sent = False  # something, since the control began
        self._longest = LONGEST[profile.link]
        if getattr(self.reader, "FRAMER", None) is wrapper.Framer:
            self._longest = wrapper.MAX_FRAME

    # ---- reading

    def read(self, points: Iterable[int] = (), progress: PROGRESS | None = None) -> Reading:
        """All that the profile reads, or only what shows these points; what was read until then when the line
        is lost or Ctrl-C is pressed. PortError where that is nothing.
        """
        start = self._clock()
        values: dict[int, Any] = {}
        frozen: dict[int, Any] = {}
        failed: dict[str, str] = {}
        dropped: dict[int, str] = {}
        points = set(points)
        wanted = self.wanted(points)
        broken, done = "", 0
        try:
            for done, index in enumerate(wanted):
                if progress:
                    progress(done, len(wanted), self.profile.request(index))
                found = frozen if index in self.profile.freeze else values
                self._read_or_singles(index, found, failed, dropped)
            if progress:
                progress(len(wanted), len(wanted), "")
        except (PortError, OptionError, KeyboardInterrupt) as error:  # OptionError: of a counter's file
            if not (values or frozen or failed):
                raise
            broken = str(error) or "interrupted"
            failed |= {self.profile.request(index): "not read" for index in wanted[done:]}
        finally:
            self.close()
        for index, why in dropped.items():
            self._tell_dropped(index, why, points, frozen if index in self.profile.freeze else values, failed)
        return Reading(values, frozen, failed, broken, self.exchanges, self._clock() - start)

    def wanted(self, points: Iterable[int]) -> list[int]:
        """Reads that are needed, in the profile's order, each once; frozen values only where no other are."""
        profile = self.profile
        freeze = list(dict.fromkeys(profile.freeze))
        order = [n for n in dict.fromkeys(profile.fast + profile.slow) if n not in freeze]
        missing = set(points)
        if not missing:
            return order + freeze
        chosen: list[int] = []
        others = [n for n in range(profile.size) if n not in order + freeze]
        for index in order + others + freeze:
            shown = {no for no in missing if index in profile.reads_of(no)}
            if shown:
                chosen.append(index)
                missing -= shown
        return chosen

    def _read_or_singles(
        self, index: int, found: dict[int, Any], failed: dict[str, str], dropped: dict[int, str]
    ) -> None:
        """Into `found`. `dropped`: {a refused block: why} that was read by its singles."""
        values, why = self._read(index)
        _add(found, values)
        if why == "refused" and self.profile.singles(index):
            dropped[index] = self._why
            for single in self.profile.singles(index):
                values, why = self._read(single)
                _add(found, values)
                if why:
                    failed[self.profile.request(single)] = self._why
        elif why:
            failed[self.profile.request(index)] = self._why

    def _tell_dropped(
        self, index: int, why: str, points: set[int], values: dict[int, Any], failed: dict[str, str]
    ) -> None:
        """Name the points of a refused block that no single shows and no other read brought."""
        profile = self.profile
        covered = {row[0] for single in profile.singles(index) for row in profile.fields(single)}
        lost = [row[0] for row in profile.fields(index) if row[0] not in covered | {*values}]
        names = [BY_NO[no][2] for no in lost if not points or no in points]
        if names:
            failed[profile.request(index)] = f"{why}; no single read shows {', '.join(names)}"

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
        StateUnknown where that was broken off; PortError, ValueError only while nothing has been sent.
        """
        self._sent = False
        try:
            return self._controlled(name, fields, valid_until)
        except (OSError, ValueError, LookupError, TypeError, KeyboardInterrupt) as error:
            if not self._sent:
                raise
            raise StateUnknown(str(error) or "interrupted") from error

    def _controlled(
        self, name: str, fields: dict[str, Any], valid_until: Callable[[int], Any] | None
    ) -> Control:
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
        """End the reader's session, if it has one that must be ended; a mute meter, a lost line are left."""
        ending = getattr(self.reader, "close", None)
        if ending:
            with contextlib.suppress(Refused, PortError):
                self.run(ending())

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
            self._sent = True  # also when `write` fails: nobody knows after how many bytes
            self._port.write(ask.data)
        byte_s = bits_of(form) / self._port.baud
        wire_s = len(ask.data) * byte_s
        if ask.baud:
            time.sleep(wire_s)  # what was sent must be out before the speed changes
            self._port.set_baud(ask.baud)
            byte_s, wire_s = bits_of(form) / ask.baud, 0.0
        first_s = wire_s + (ask.wait_ms or timeout_ms) / 1000
        gap_s = max(gap_ms / 1000, 16 * byte_s)
        return self._heard(ask, framer, first_s, gap_s, self._longest * byte_s)

    def _heard(self, ask: Any, framer: Any, first_s: float, gap_s: float, frame_s: float) -> Any:
        """The frame that answers; None when none comes. Noise and echo prolong nothing but their own time.

        A peer that drips has the time of the longest frame, `frame_s`.
        """
        start = self._clock()
        heard = False
        while self._clock() - start < first_s + frame_s + gap_s:
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


def _add(values: dict[int, Any], more: dict[int, Any]) -> None:
    """What was read first stays, unless the meter had nothing there."""
    for no, value in more.items():
        if values.get(no) is None:
            values[no] = value
