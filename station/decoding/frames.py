"""What most decoders do alike with bytes that hold frames."""

from collections.abc import Callable
from typing import Any

from station.decoding.refused import Refused


def frames_of(
    data: bytes, framer: Any, show: Callable[[Any], dict[str, Any]], why_none: Callable[[bytes], str]
) -> list[dict[str, Any]]:
    """show(frame) of each, then what stands beside them. Refused(why_none(data)) when there is no frame."""
    frames = framer.feed(data) + framer.quiet()
    if not frames:
        raise Refused(why_none(data))
    out = [show(frame) for frame in frames]
    if framer.skipped:
        out.append(failed(f"{framer.skipped} bytes of no good frame beside the good ones"))
    return out


def frames_counted(
    data: bytes, framer: Any, show: Callable[[Any], dict[str, Any]], why_none: Callable[[bytes], str]
) -> list[dict[str, Any]]:
    """As `frames_of`, of links with wake-up bytes: noise before a frame is usual there, what broke is not."""
    frames = framer.feed(data)
    noise = framer.skipped
    frames += framer.quiet()
    if not frames:
        raise Refused(why_none(data))
    out = [show(frame) for frame in frames]
    if framer.bad:
        out.append(failed(f"{framer.bad} with wrong checksum or end byte beside the good frames"))
    if framer.skipped > noise:
        out.append(failed(f"truncated frame of {framer.skipped - noise} bytes beside the good ones"))
    return out


def failed(reason: str) -> dict[str, Any]:
    return {"ok": False, "reason": reason}
