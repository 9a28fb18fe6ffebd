"""What a command will most likely do, before anyone says yes. From the last NOW, so it carries its age."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from firmware.control import checks
from protocols.uplink import area, messages
from protocols.uplink.codes import GUARANTEE_OFF
from station import prepaid
from station.errors import FieldError, Invalid
from station.store import devices
from station.store.db import now_s


def preview(c: Connection, device: str, kind: int, params: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dict: device, name, kind, kind_name, params,
    online, age_s, guaranteed, power_w, tripped, effect, warnings.

    `effect` {key: value} are kind-specific facts: rounds_newly_tripped / rounds_released (masks),
    power_w / lowest_setpoint_w / over (plan), those of prepaid.preview (order).
    `warnings` are keys of WARNINGS. Raises Invalid for an unknown device.
    """
    found = devices.get(c, device)
    if found is None:
        raise Invalid(FieldError("device", "no_such_device"))
    effect = _EFFECTS.get(kind, _none)(c, found, params)
    guaranteed = found["guarantee"] not in (None, GUARANTEE_OFF)  # any doubt counts as guaranteed
    refused = guaranteed and checks.could_trip(kind, params)
    return {
        "device": device,
        "name": found["name"],
        "kind": kind,
        "kind_name": area.COMMAND_NAMES[kind],
        "params": dict(params),
        "online": found["online"],
        "age_s": None if found["live_s"] is None else max(0, now_s() - found["live_s"]),
        "guaranteed": guaranteed,
        "power_w": found["power_w"],
        "tripped": found["tripped"],
        "effect": effect,
        "warnings": [key for key, holds in _WARNINGS.items() if holds(found, kind, refused, effect)],
    }


def _trip(_c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return {"rounds_newly_tripped": params["rounds"] & ~(found["tripped"] or 0)}


def _permit(_c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return {"rounds_released": params["rounds"] & (found["tripped"] or 0)}


def _plan(_c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return _against(found, params, min(params["setpoints_w"]) * (100 + params["float_pct"]) // 100)


def _setpoint(_c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return _against(found, params, params["setpoint_w"])


def _against(found: dict[str, Any], params: Mapping[str, Any], lowest_w: int) -> dict[str, Any]:
    """The power of now beside the setpoint; that of another summation group than 1 is not known here."""
    power = found["power_w"] if params.get("group", 1) == 1 else None
    over = None if power is None else abs(power) >= max(lowest_w, params["safety_w"])
    return {"power_w": power, "lowest_setpoint_w": lowest_w, "over": over}


def _purchase(c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return prepaid.preview(c, found["device"], params)


def _guarantee(_c: Connection, found: dict[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    return {"rounds_released": (found["tripped"] or 0) if params["on"] else 0}


def _none(_c: Connection, _found: dict[str, Any], _params: Mapping[str, Any]) -> dict[str, Any]:
    return {}


_EFFECTS = {
    messages.TRIP: _trip,
    messages.PERMIT_CLOSE: _permit,
    messages.PERIOD_PLAN: _plan,
    messages.FACTORY_REST: _setpoint,
    messages.BUSINESS_STOP: _setpoint,
    messages.PURCHASE: _purchase,
    messages.GUARANTEE: _guarantee,
}

_WARNINGS = {  # key -> holds for (device row, kind, refused under guarantee, effect)
    "offline": lambda d, _k, _r, _e: not d["online"],
    "never_seen": lambda d, _k, _r, _e: d["last_seen_s"] is None,
    "guaranteed_refuses": lambda _d, _k, r, _e: r,
    "nothing_to_trip": lambda _d, k, _r, e: k == messages.TRIP and not e["rounds_newly_tripped"],
    "nothing_to_permit": lambda _d, k, _r, e: k == messages.PERMIT_CLOSE and not e["rounds_released"],
    "over_now": lambda _d, _k, _r, e: bool(e.get("over")),
    "will_trip": lambda _d, k, _r, e: k == messages.PURCHASE and e["will_trip"],
    "meter_silent": lambda d, _k, _r, _e: d["meter_ok"] == 0,
}
WARNINGS = tuple(_WARNINGS)
