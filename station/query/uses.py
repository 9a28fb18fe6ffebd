"""What a register counted from slot to slot. Pure; nothing is guessed over a hole.

A use has a number only where both ends are there and the step is one that a meter can make. Otherwise it is
named: a hole, a meter that was replaced, a register that fell, a step that no meter makes. A register that
went over its end (DL/T 645: eight digits, two behind the point) has a number and is named all the same.
"""

from collections.abc import Sequence
from typing import NamedTuple

GAP, REPLACED, FELL, JUMP, ROLLED, PLAIN = "gap", "replaced", "fell", "jump", "rolled", "plain"
WORDS = (GAP, REPLACED, FELL, JUMP, ROLLED)  # those that are said
END = 10**9  # one beyond 999999.99 kWh, Wh
MOST_W = 200_000  # secondary side: three phases of 100 A at 230 V, and much to spare


class Use(NamedTuple):
    value: int | None  # in the register's unit (Wh, varh), secondary side
    word: str


class Sum(NamedTuple):
    value: int | None  # of the uses that have a number; None without any
    count: int  # of those
    of: int  # steps that were asked for


def use(before: int | None, value: int | None, passed_s: int, replaced: bool) -> Use:
    """What was used between two slots `passed_s` apart; `replaced`: the meter was, in between."""
    if before is None or value is None:
        return Use(None, GAP)
    if replaced:
        return Use(None, REPLACED)
    most = max(1000, MOST_W * passed_s // 3600)
    step = value - before
    if 0 <= step <= most:
        return Use(step, PLAIN)
    if step > 0:
        return Use(None, JUMP)
    if before < END and 0 <= step + END <= most:
        return Use(step + END, ROLLED)
    return Use(None, FELL)


def uses(
    slots: Sequence[int], values: Sequence[int | None], changes: Sequence[int], since: int | None = None
) -> list[Use]:
    """The use up to each slot (UTC seconds, rising). `changes`: instants at which the meter was replaced;

    `since`: value one step before the first slot, if the question knows one.
    """
    out: list[Use] = []
    for n, (slot_s, value) in enumerate(zip(slots, values, strict=True)):
        if n == 0:
            step = slots[1] - slots[0] if len(slots) > 1 else 86_400
            before, from_s = since, slot_s - step
        else:
            before, from_s = values[n - 1], slots[n - 1]
        replaced = any(from_s < at <= slot_s for at in changes)
        out.append(use(before, value, slot_s - from_s, replaced))
    return out


def total(found: Sequence[Use]) -> Sum:
    """Of the steps between the slots: the first slot begins none."""
    steps = found[1:]
    there = [each.value for each in steps if each.value is not None]
    return Sum(sum(there) if there else None, len(there), len(steps))
