"""Small checks that every form shares: they note a problem and go on, so that a person sees all at once."""

from collections.abc import Sequence
from typing import Any

from station.errors import FieldError, Invalid

MAX_ROUNDS = 8


def whole(value: Any, field: str, least: int, most: int, problems: list[FieldError]) -> int:
    """`value` if it is an int from least to most; else the problem is noted and `least` stands in."""
    if not isinstance(value, int) or isinstance(value, bool):
        problems.append(FieldError(field, "needed" if value is None else "not_a_number"))
    elif not least <= value <= most:
        problems.append(FieldError(field, "out_of_range", {"least": least, "most": most}))
    else:
        return value
    return least


def refuse(problems: list[FieldError]) -> None:
    """Raise Invalid if there is any problem."""
    if problems:
        raise Invalid(*problems)


def round_mask(rounds: Sequence[int], have: int, problems: list[FieldError], field: str = "rounds") -> int:
    """[1, 3] -> 0b101. `have` is the number of rounds of the terminal."""
    mask = 0
    for number in rounds:
        if not isinstance(number, int) or not 1 <= number <= min(have, MAX_ROUNDS):
            problems.append(FieldError(field, "no_such_round", {"rounds": have}))
            return 0
        mask |= 1 << (number - 1)
    if not mask:
        problems.append(FieldError(field, "no_rounds"))
    return mask
