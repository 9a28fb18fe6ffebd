"""The decoders by protocol, and which of them reads bytes of a meter line that nobody has named."""

from collections.abc import Callable, Iterable
from typing import Any

from station.decoding import (
    cjt188,
    dlms,
    dlt645,
    dlt645_1997,
    dlt698,
    gdw376,
    gdw3762,
    iec62056_21,
    mbus,
    modbus,
    sml,
    uplink,
)
from station.decoding.refused import Refused

DECODERS: dict[str, Callable[[bytes], list[dict[str, Any]]]] = {
    "cjt188": cjt188.decode,
    "dlms": dlms.decode,
    "dlt645": dlt645.decode,
    "dlt645-1997": dlt645_1997.decode,
    "dlt698": dlt698.decode,
    "gdw376": gdw376.decode,
    "gdw3762": gdw3762.decode,
    "iec62056-21": iec62056_21.decode,
    "mbus": mbus.decode,
    "modbus": modbus.decode,
    "sml": sml.decode,
    "uplink": uplink.decode,
}
_OF_LINK = {"dlt645-2007": "dlt645"}  # of protocols.meters.links; others have the decoder's name
WAKE, SHORTEST, LENGTH_AT = b"\xfe", 12, 9  # of a DL/T 645 frame
_LINE = ("dlt645", "dlt698", "cjt188", "gdw3762", "mbus", "sml", "iec62056-21")  # strictest framing first


def explain(data: bytes, links: Iterable[str] = ()) -> tuple[str, list[dict[str, Any]]]:
    """(protocol, what its decoder shows); ("", []) when no decoder finds a frame. `links` are tried first."""
    for name in dict.fromkeys([*(_OF_LINK.get(link, link) for link in links), *_LINE]):
        try:
            return name, DECODERS[name](data)
        except Refused:
            continue
    return "", []


def only_reads(data: bytes) -> bool:
    """Whether this is one whole frame, and nothing beside it, that asks a DL/T 645 meter for data.

    Of other protocols nobody says so here. Noise that a decoder passes over may be a frame of another one.
    """
    body = data.lstrip(WAKE)
    if len(body) < SHORTEST or len(body) != SHORTEST + body[LENGTH_AT]:
        return False
    try:
        shown = dlt645.decode(body)
    except Refused:
        return False
    return [each.get("frame", {}).get("function", "")[:4] for each in shown] == ["read"]
