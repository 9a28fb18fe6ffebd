"""What the checklist asks of a device, read from the store."""

from sqlalchemy import Connection

from protocols.meters.points import BY_ALIAS
from station.fieldwork.checklist import PROVEN, Facts
from station.store import area, commands, devices, live

VOLTAGES = tuple(BY_ALIAS[f"voltage_{phase}_dv"][0] for phase in "abc")
LOOKED_BACK = 50  # newest commands of a device among which a test of the relays is looked for


def of(c: Connection, device: str, t_s: int) -> Facts | None:
    """None for a device that does not exist."""
    found = devices.get(c, device, t_s)
    if found is None:
        return None
    told = live.latest(c, device)
    points = told["points"] if told else {}
    now = area.now(c, device) if found["area"] is not None else None
    return Facts(
        found,
        tuple(points.get(no) for no in VOLTAGES) if points else None,
        told["received_s"] if told else None,
        _proven_s(c, device),
        now,
        len(area.archive(c, device)) if found["area"] is not None else 0,
    )


def _proven_s(c: Connection, device: str) -> int | None:
    done = [
        each["done_s"]
        for each in commands.recent(c, device, LOOKED_BACK)
        if each["kind_name"] in PROVEN and each["state"] == "executed" and each["done_s"] is not None
    ]
    return max(done, default=None)
