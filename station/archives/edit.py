"""Changes to a device's facts. Id and shard are for life; the rest may be put right."""

from typing import Any

from sqlalchemy import Connection

from station.checks import MAX_ROUNDS, refuse, whole
from station.errors import FieldError
from station.provisioning.devices import MAX_MULTIPLIER, NAME_CHARS
from station.store import audit, devices


def edit(
    c: Connection,
    device: str,
    author: str,
    *,
    name: str | None = None,
    multiplier: int | None = None,
    rounds: int | None = None,
) -> None:
    """Change what is not None; Invalid lists what is wrong."""
    problems: list[FieldError] = []
    changes: dict[str, Any] = {}
    if devices.shard_of(c, device) is None:
        problems.append(FieldError("device", "no_such_device"))
    if name is not None:
        changes["name"] = name
        if not name.strip() or len(name) > NAME_CHARS:
            problems.append(
                FieldError("name", "too_long" if name.strip() else "needed", {"most": NAME_CHARS})
            )
    if multiplier is not None:
        changes["multiplier"] = whole(multiplier, "multiplier", 1, MAX_MULTIPLIER, problems)
    if rounds is not None:
        changes["rounds"] = whole(rounds, "rounds", 1, MAX_ROUNDS, problems)
    refuse(problems)
    if changes:
        devices.change(c, device, **changes)
        audit.add(c, author, "device_changed", device, **changes)
