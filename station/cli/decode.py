"""`loadkeeper decode`: frames as JSON, one object a frame. A protocol is one row of DECODERS."""

import json
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

import click

from station.decoding.known import DECODERS
from station.decoding.refused import Refused

MAX_LINE = 65536  # characters of one line: the longest readout of IEC 62056-21, written with spaces
HEX = "0123456789abcdefABCDEF"


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


# ---- the command --------------------------------------------------------------------------------


def decode_text(protocol: str, text: str) -> list[dict[str, Any]]:
    """The JSON objects for one line of hex; what cannot be read is an object with a reason."""
    try:
        return DECODERS[protocol](_hex(text))
    except Refused as refused:
        return [{"ok": False, "reason": refused.args[0]}]


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
    """Decode frames of a meter line or messages of the uplink to JSON, one object a frame.

    HEX may hold blanks and several frames; a single - reads lines from standard input, each on its own.
    Exit code 1 when HEX could not be read; with - a bad line gives its reason and the next goes on.
    """
    if text == ("-",):
        for line in _lines(sys.stdin.buffer):
            _print(decode_text(protocol, line))
    elif not _print(decode_text(protocol, " ".join(text))):
        sys.exit(1)
