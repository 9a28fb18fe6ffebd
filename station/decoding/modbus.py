"""Modbus RTU for people: one object a frame. What a register means, no frame tells."""

from typing import Any

from protocols import crc
from protocols.lines import modbus, modbus_meter
from protocols.lines import refused as line
from station.decoding.frames import frames_of

_BIT_READS = (modbus.READ_COILS, modbus.READ_INPUTS)
_REGISTER_READS = (modbus.READ_HOLDING, modbus.READ_INPUT_REGISTERS)
_SINGLE = (modbus.WRITE_COIL, modbus.WRITE_REGISTER)


def decode(data: bytes) -> list[dict[str, Any]]:
    return frames_of(data, modbus.Framer(), _frame, _why_none)


def _why_none(data: bytes) -> str:
    """What is wrong with the first byte taken as the start of a frame."""
    if len(data) < 4:
        return f"truncated: {len(data)} bytes, a frame has at least 4"
    if data[0] > modbus.MAX_UNIT:
        return f"{data[0]} is no unit: 0 to {modbus.MAX_UNIT} are"
    sizes = [size for size in modbus.frame_sizes(data, 0) if size >= 0]
    if not sizes:
        return f"function {data[1]:02X} is not known, or its byte count cannot be"
    return " or ".join(dict.fromkeys(_fault(data, size) for size in sizes))


def _fault(data: bytes, size: int) -> str:
    """Why it is no frame of this size, as request or as reply."""
    if not size:
        return f"truncated: {len(data)} bytes of more"
    if size > len(data):
        return f"truncated: {len(data)} bytes of {size}"
    computed = crc.modbus(data[: size - 2]).to_bytes(2, "little").hex().upper()
    return f"CRC is {data[size - 2 : size].hex().upper()}, computed {computed}"


def _frame(frame: modbus.Frame) -> dict[str, Any]:
    way, content = _content(frame)
    about = {
        "unit": frame.unit,
        "function": f"{frame.function & 0x7F:02X}",
        "name": modbus_meter.function_name(frame.function),
        "direction": way,
    }
    return {"ok": True, "frame": about} | content


def _content(frame: modbus.Frame) -> tuple[str, dict[str, Any]]:
    """Direction and what there is to say. Some requests and replies have the same bytes."""
    function, data = frame.function, frame.data
    if function & modbus.EXCEPTION:
        return "reply", {"exception": modbus.EXCEPTIONS.get(data[0], f"exception_{data[0]:02X}")}
    if function in _SINGLE:
        return "either", {"address": _word(data, 0), "value": _word(data, 2)}
    if function == modbus.IDENTIFY:
        return _identification(data)
    if function in _REGISTER_READS and len(data) != 4:
        return "reply", {
            "registers": [_word(data, at) for at in range(1, len(data) - 1, 2)],
            "data": data[1:].hex(),
        }
    if function in _BIT_READS and (len(data) != 4 or data[0] == 3):
        return ("either" if len(data) == 4 else "reply"), {"data": data[1:].hex()}
    if function not in modbus.REPLIES:
        return "request", {"data": data.hex()}
    if len(data) == 4:
        way = "request" if function in _BIT_READS + _REGISTER_READS else "reply"
        return way, {"address": _word(data, 0), "count": _word(data, 2)}
    return "request", {"address": _word(data, 0), "count": _word(data, 2), "data": data[5:].hex()}


def _identification(data: bytes) -> tuple[str, dict[str, Any]]:
    if len(data) == 3:
        return "request", {"code": data[1], "object": data[2]}
    try:
        following, objects = modbus.identification(data)
    except line.Refused as refused:
        return "reply", {"note": f"{refused.reason}: {refused.detail}"}
    texts = {str(number): text.decode("ascii", "backslashreplace") for number, text in objects.items()}
    return "reply", {"code": data[1], "objects": texts, "more_from": following}


def _word(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 2], "big")
