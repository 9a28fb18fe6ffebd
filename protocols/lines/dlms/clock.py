"""COSEM date-time (Blue Book 4.1.6.1): 12 bytes <-> text.

Wire: year 2, month, day, weekday 1-7, hour, minute, second, hundredths, deviation 2 (minutes from local time
to UTC, signed, 8000 unknown), status (80 summer time, 0F invalid or doubtful). FF = not given, also for the
year FFFF.
"""

from protocols.lines.refused import Refused

SIZE = 12
NO_DEVIATION = 0x8000
_DIGITS = "YYYYMMDDhhmmss"


def parse(text) -> bytes:
    """Local time in 8, 10, 12 or 14 digits YYYYMMDDhhmmss; deviation and weekday stay open; ValueError."""
    if not text.isdigit() or len(text) not in (8, 10, 12, 14):
        raise ValueError("a time is 8 to 14 digits " + _DIGITS)
    text += "0" * (14 - len(text))
    year, month, day = int(text[:4]), int(text[4:6]), int(text[6:8])
    hour, minute, second = int(text[8:10]), int(text[10:12]), int(text[12:])
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 60):
        raise ValueError("no such time: " + text)
    return year.to_bytes(2, "big") + bytes([month, day, 0xFF, hour, minute, second, 0, 0x80, 0, 0])


def show(data) -> str:
    """'2026-11-22 17:05:00 UTC+1 summer'; ? for what is not given; Refused bad_length."""
    if len(data) != SIZE:
        raise Refused("bad_length", "a date-time has 12 bytes, not %d" % len(data))
    year = "????" if data[:2] == b"\xff\xff" else "%04d" % int.from_bytes(data[:2], "big")
    month, day, _weekday, hour, minute, second = ["??" if b == 0xFF else "%02d" % b for b in data[2:8]]
    text = "%s-%s-%s %s:%s:%s" % (year, month, day, hour, minute, second)
    return text + _zone(int.from_bytes(data[9:11], "big")) + _state(data[11])


def _zone(deviation) -> str:
    if deviation == NO_DEVIATION:
        return ""
    ahead = -(deviation - 0x10000 if deviation & 0x8000 else deviation)
    hours, minutes = abs(ahead) // 60, abs(ahead) % 60
    return " UTC%s%d%s" % ("-" if ahead < 0 else "+", hours, ":%02d" % minutes if minutes else "")


def _state(status) -> str:
    if status == 0xFF:
        return ""
    return (" summer" if status & 0x80 else "") + (" doubtful" if status & 0x0F else "")
