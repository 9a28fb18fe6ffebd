"""DL/T 645-1997 frames for people. The link layer is that of 2007, functions and identifiers are not."""

from typing import Any

from protocols.lines import dlt645_97, dlt645_97_meter
from protocols.meters import dlt645_97_items
from protocols.meters.dlt645_items import ItemError
from station.decoding.dlt645 import frame_of, point, why_none
from station.decoding.frames import failed, frames_counted


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_counted(data, dlt645_97.Framer(), _show, why_none)


def _show(frame: dlt645_97.Frame) -> dict[str, Any]:
    di = dlt645_97.di_of(frame)
    _di, data, more, errors = dlt645_97.reply_data(frame)
    function = dlt645_97_meter.function_name(frame.control)
    out = frame_of(frame, function, None if di is None else f"{di:04X}", more, errors)
    if di is None or function not in ("read-reply", "read_next-reply"):
        return out
    if more or function != "read-reply":
        return out | {"note": "part of a longer answer: nothing in it says which"}
    if di not in dlt645_97_items.ITEMS:
        return out | {"note": f"identifier {di:04X} is not in the table"}
    try:
        return out | {"points": [point(row) for row in dlt645_97_items.decode(di, data)]}
    except ItemError as error:
        return failed(error.args[0]) | {"frame": out["frame"]}
