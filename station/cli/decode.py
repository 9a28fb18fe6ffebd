"""`loadkeeper decode`: line frames as JSON, one object a frame. A protocol is one row of DECODERS."""

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, BinaryIO

import click

from protocols.lines import dlt645, dlt645_meter
from protocols.meters import dlt645_items, dlt645_status, points

MAX_LINE = 8192  # characters of one line: 30 of the longest frames, written with spaces
HEX = "0123456789abcdefABCDEF"


class Refused(ValueError):
    """The input holds no frame; args[0] says why."""


def _failed(reason: str) -> dict[str, Any]:
    return {"ok": False, "reason": reason}


def _hex(text: str) -> bytes:
    if len(text) > MAX_LINE:
        raise Refused(f"line longer than {MAX_LINE} characters")
    digits = "".join(text.split())
    if not digits:
        raise Refused("empty line")
    for at, c in enumerate(digits, 1):
        if c not in HEX:
            raise Refused(f"{c!r} (character {at}, blanks not counted) is not a hex digit")
    if len(digits) % 2:
        raise Refused(f"odd number of hex digits: {len(digits)}")
    return bytes.fromhex(digits)


# ---- DL/T 645 -----------------------------------------------------------------------------------


def _dlt645(data: bytes) -> list[dict[str, Any]]:
    framer = dlt645.Framer()
    frames = framer.feed(data)
    noise = framer.skipped
    frames += framer.quiet()
    if not frames:
        raise Refused(_why_none(data))
    out = [_dlt645_frame(frame) for frame in frames]
    if framer.bad:
        out.append(_failed(f"{framer.bad} with wrong checksum or end byte beside the good frames"))
    if framer.skipped > noise:
        out.append(_failed(f"truncated frame of {framer.skipped - noise} bytes beside the good ones"))
    return out


def _why_none(data: bytes) -> str:
    """What is wrong with the first thing that looks like a frame."""
    start = data.find(dlt645.START)
    if start < 0:
        return "no start byte 68"
    body = data[start:]
    if len(body) < dlt645.HEADER:
        return f"truncated: {len(body)} bytes from the first 68, a frame has at least {dlt645.HEADER + 2}"
    if body[7] != dlt645.START:
        return f"no second 68 seven bytes after the first, but {body[7]:02X}"
    stop = dlt645.HEADER + body[9]
    if len(body) < stop + 2:
        return f"truncated: length {body[9]} asks for {stop + 2} bytes, {len(body)} are here"
    if body[stop + 1] != dlt645.END:
        return f"end byte is {body[stop + 1]:02X}, not 16"
    checksum = sum(body[:stop]) & 0xFF
    if body[stop] != checksum:
        return f"checksum is {body[stop]:02X}, computed {checksum:02X}"
    return f"address {body[6:0:-1].hex().upper()} has digits other than 0-9 and A"


def _dlt645_frame(frame: dlt645.Frame) -> dict[str, Any]:
    identifier = dlt645.di_of(frame)
    _di, data, more, errors = dlt645.reply_data(frame)
    function = dlt645_meter.function_name(frame.control)
    out: dict[str, Any] = {
        "ok": True,
        "frame": {
            "address": frame.address,
            "control": f"{frame.control:02X}",
            "function": function,
            "di": None if identifier is None else f"{identifier:08X}",
            "more": more,
            "errors": list(errors),
        },
        "points": [],
    }
    if function == "read_address-reply":
        identifier = 0x04000401
    elif function == "read_next-reply" or (function == "read-reply" and more):
        out["note"] = "part of a longer answer: join the data of its frames to read the points"
        return out
    elif function != "read-reply" or identifier is None:
        return out
    try:
        out["points"] = [_point(*item) for item in dlt645_items.decode(identifier, data)]
    except dlt645_items.ItemError as error:
        if identifier in dlt645_items.ITEMS:
            return _failed(error.args[0]) | {"frame": out["frame"]}
        out["note"] = error.args[0]
    return out


def _point(obis: str, value: Any, scale: int, unit: str) -> dict[str, Any]:
    out = {"point": obis, "value": value, "scale": scale, "unit": unit}
    row = points.BY_OBIS[obis]
    if value is None:
        out["quality"] = "absent"
    elif row[5] == "time":
        out["text"] = datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d %H:%M:%S")
    elif row[2].startswith("status_word_"):
        out["flags"] = dlt645_status.flags(int(row[2][-1]), value)
    return out


# ---- the command --------------------------------------------------------------------------------

DECODERS = {"dlt645": _dlt645}


def decode_text(protocol: str, text: str) -> list[dict[str, Any]]:
    """The JSON objects for one line of hex; what cannot be read is an object with a reason."""
    try:
        return DECODERS[protocol](_hex(text))
    except Refused as refused:
        return [_failed(refused.args[0])]


def _lines(stream: BinaryIO) -> Iterator[str]:
    """Lines of any bytes; of an over-long one only as much as shows that it is."""
    while line := stream.readline(MAX_LINE + 2):
        if len(line) > MAX_LINE and not line.endswith(b"\n"):
            rest = line
            while rest and not rest.endswith(b"\n"):
                rest = stream.readline(MAX_LINE)
        yield line.decode("ascii", "backslashreplace").rstrip("\r\n")


def _print(objects: list[dict[str, Any]]) -> bool:
    for item in objects:
        click.echo(json.dumps(item, ensure_ascii=False))
    return all(item["ok"] for item in objects)


@click.command()
@click.argument("protocol", type=click.Choice(sorted(DECODERS)))
@click.argument("text", nargs=-1, required=True, metavar="HEX...")
def decode(protocol: str, text: tuple[str, ...]) -> None:
    """Decode meter-line frames to JSON, one object a frame.

    HEX may hold blanks and several frames; a single - reads lines from standard input, each on its own.
    Exit code 1 when HEX could not be read; with - a bad line gives its reason and the next goes on.
    """
    if text == ("-",):
        for line in _lines(sys.stdin.buffer):
            _print(decode_text(protocol, line))
    elif not _print(decode_text(protocol, " ".join(text))):
        sys.exit(1)
