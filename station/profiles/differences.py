"""What changed between two profiles, by point and read, for the person who must approve it."""

from collections.abc import Iterator
from typing import Any

from protocols.meters import compile as compiling
from station.profiles.show import decimal

_ROLES = ("fast", "slow", "freeze", "power", "energy", "curve", "daily")
_HEAD = ("id", "rev", "link", "serial", "options", "absent", "limits")


def lines(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """`~ what: old -> new`, `+ what`, `- what`; [] when a device would notice nothing."""
    return [*_fields(old, new, _HEAD), *_reads(old, new), *_fields(old, new, _ROLES), *_controls(old, new)]


def _fields(old: dict[str, Any], new: dict[str, Any], names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        if isinstance(before, dict) and isinstance(after, dict):
            changed = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
            for key in changed:
                yield f"~ {name} {key}: {_text(before.get(key))} -> {_text(after.get(key))}"
        elif isinstance(before, list) and isinstance(after, list):
            yield from (f"- {name}: {_text(item)}" for item in before if item not in after)
            yield from (f"+ {name}: {_text(item)}" for item in after if item not in before)
            if sorted(before) == sorted(after):
                yield f"~ {name}: other order"
        else:
            yield f"~ {name}: {_text(before)} -> {_text(after)}"


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_text(item)}" for key, item in value.items())
    if isinstance(value, list):
        return " ".join(_text(item) for item in value)
    return "nothing" if value is None else str(value)


def _reads(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before = {read["req"]: read for read in old["reads"]}
    after = {read["req"]: read for read in new["reads"]}
    for req in before:
        if req not in after:
            shown = [part["point"] for part in compiling.fields(before[req], old["link"])]
            yield f"- read {req}: {_text(shown)}"
    for req, read in after.items():
        if req not in before:
            shown = [part["point"] for part in compiling.fields(read, new["link"])]
            yield f"+ read {req}: {_text(shown)}"
            continue
        yield from _points(req, _shown(before[req], old), _shown(read, new))
        for name in ("fallback", "step", "end"):
            if before[req].get(name) != read.get(name):
                yield f"~ read {req} {name}: {_text(before[req].get(name))} -> {_text(read.get(name))}"


def _shown(read: dict[str, Any], profile: dict[str, Any]) -> dict[str, str]:
    """{point: how it is read, in words}."""
    return {compiling.point(part["point"])[2]: _how(part) for part in compiling.fields(read, profile["link"])}


def _how(part: dict[str, Any]) -> str:
    _kind, width, order = compiling.type_of(part)
    place = f"key {part['key']}" if "key" in part else f"bytes {part['at']}..{part['at'] + width - 1}"
    factor = decimal(1, part.get("scale", 0)) if part.get("scale") else "1"
    words = [place, part["type"], order, f"x {factor} {part.get('unit', '')}".strip()]
    words += [f"{name} {_text(part[name])}" for name in ("bit", "bits", "map", "absent") if name in part]
    return " ".join(word for word in words if word)


def _points(req: str, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
    yield from (f"- read {req} {point}: {how}" for point, how in before.items() if point not in after)
    for point, how in after.items():
        if point not in before:
            yield f"+ read {req} {point}: {how}"
        elif before[point] != how:
            yield f"~ read {req} {point}: {before[point]} -> {how}"


def _controls(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    before, after = old.get("controls", {}), new.get("controls", {})
    for name in sorted({*before, *after}):
        if name not in after:
            yield f"- control {name}"
        elif name not in before:
            yield f"+ control {name}: {_text(after[name])}"
        elif before[name] != after[name]:
            yield f"~ control {name}: {_text(before[name])} -> {_text(after[name])}"
