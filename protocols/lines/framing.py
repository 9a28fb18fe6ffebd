"""Cuts frames out of a byte stream, as all protocols do whose frames tell their length. No I/O, no clock.

A protocol says how long the frame is that may start at a byte, and what it holds; a start that proves wrong
costs one byte, so a good frame hidden inside a broken one is found.
"""

# Instead of a size: more bytes are needed to tell, no frame starts here, one did and is damaged
UNKNOWN, NONE, BROKEN = 0, -1, -2


class Framer:
    """Frames out of noise, whole, split or merged.

    `bad`: damaged candidates; `skipped`: bytes of no frame, but for IDLE.
    Holds at most one unfinished frame (MOST bytes).
    """

    MARK = b"\x68"  # what a frame starts with; b"": anything
    IDLE = b""  # a byte that may stand between frames
    MOST = 0  # bytes of the longest frame
    SHARED = 0  # bytes at the end of a frame that may start the next

    def __init__(self) -> None:
        self.bad = 0
        self.skipped = 0
        self._held = b""

    def feed(self, data) -> list:
        """Return the frames that `data` (any split of the stream) completes."""
        frames, most = [], self.MOST
        for at in range(0, len(data), most):
            self._held = self._cut(self._held + bytes(data[at : at + most]), frames)
        return frames

    def quiet(self) -> list:
        """The line fell silent: give up the unfinished frame, return good ones that it hid."""
        frames = []
        while self._held:
            self._give_up(frames)
        return frames

    def _give_up(self, frames) -> None:
        """No frame starts what is held; append those behind."""
        self._skip(self._held, 0, 1)
        self._held = self._cut(self._held[1:], frames)

    def _skip(self, held, at, end) -> None:
        self.skipped += end - at - (held.count(self.IDLE, at, end) if self.IDLE else 0)

    def _cut(self, held, frames) -> bytes:
        """Append complete frames to `frames`; return the unfinished rest."""
        at = 0
        while at < len(held):
            start = held.find(self.MARK, at)
            if start != at:
                self._skip(held, at, start if start >= 0 else len(held))
            if start < 0:
                return b""
            size = self._size(held, start)
            if size == UNKNOWN or start + size > len(held):
                return held[start:]
            frame = self._parse(held, start, size) if size > 0 else None
            if frame is not None:
                frames.append(frame)
                at = start + size - self.SHARED
                continue
            self.bad += size != NONE
            self._skip(held, start, start + 1)
            at = start + 1
        return b""

    def _size(self, held, start) -> int:
        """Bytes of the frame that may start there, or UNKNOWN, NONE, BROKEN."""
        raise NotImplementedError

    def _parse(self, held, start, size):
        """The frame of `size` bytes at `start`, or None when it is damaged."""
        raise NotImplementedError
