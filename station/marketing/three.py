"""Last agreed, ours, theirs: what is taken without a person, and what a person must settle. Pure.

A field that they do not tell is not compared. What a rule may take was agreed once, stands here as it was
agreed, is other there now, and is one of `free`; all else that differs stays on both sides and is shown.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

Values = Mapping[str, Any]
WHOLE = "record"  # in `kept` and `differs`: that one side has it and the other not
STATES = ("agree", "differ", "theirs", "ours")
OUTCOMES = ("new", "same", "taken", "kept", "conflict")


class Met(NamedTuple):
    take: dict[str, Any]  # theirs, to be written here
    differ: tuple[str, ...]
    agreed: dict[str, Any]  # after `take` was written


def meet(agreed: Values, ours: Values, theirs: Values, free: Collection[str]) -> Met:
    take, differ, after = dict[str, Any](), list[str](), dict(agreed)
    for name, said in theirs.items():
        here = ours.get(name)
        if here == said:
            after[name] = said
        elif name in free and name in agreed and agreed[name] == here:
            take[name] = after[name] = said
        else:
            differ.append(name)
    return Met(take, tuple(differ), after)


class Held(NamedTuple):
    """How a record stands: one of STATES, what waits for a person, how many fields agree of how many."""

    state: str
    differs: dict[str, list[Any]]  # {name: [theirs, ours]}
    same: int
    compared: int


def hold(ours: Values | None, theirs: Values | None, kept: Mapping[str, Any]) -> Held:
    """`kept`: {name: [theirs, ours]} that a person let differ; it counts while both are as they were."""
    if ours is None or theirs is None:
        return _one_sided(ours, theirs, kept)
    found = {name: [said, ours.get(name)] for name, said in theirs.items() if ours.get(name) != said}
    waits = {name: both for name, both in found.items() if kept.get(name) != both}
    return Held("differ" if found else "agree", waits, len(theirs) - len(found), len(theirs))


def _one_sided(ours: Values | None, theirs: Values | None, kept: Mapping[str, Any]) -> Held:
    both = [None if theirs is None else dict(theirs), None if ours is None else dict(ours)]
    state = "agree" if both == [None, None] else "ours" if theirs is None else "theirs"
    waits = {} if state == "agree" or kept.get(WHOLE) == both else {WHOLE: both}
    return Held(state, waits, 0, 0)
