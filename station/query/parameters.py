"""Parameters wanted and reported: how a section of a device stands. Pure.

What was sent and executed is wanted; what the device says in NOW is reported: versions, 0 the defaults.
"""

from collections.abc import Mapping
from typing import NamedTuple

SAME, DIFFERS, NEVER_TOLD, SENDING, DEFAULTS = "same", "differs", "never_told", "sending", "defaults"
STATES = (DIFFERS, SENDING, NEVER_TOLD, SAME, DEFAULTS)  # in the order in which people should look at them


class Difference(NamedTuple):
    section: int
    wanted: int  # version that was executed last, 0 none from this station
    reported: int  # version that the device says it runs, 0 its defaults


def state(wanted: int, reported: int | None, sending: bool) -> str:
    """`reported`: None when the device never said; `sending`: on the way, or done but not reported since."""
    if sending:
        return SENDING
    if reported is None:
        return NEVER_TOLD
    if reported != wanted:
        return DIFFERS
    return SAME if wanted else DEFAULTS


def differences(
    wanted: Mapping[int, int], reported: Mapping[int, int], sending: set[int]
) -> list[Difference]:
    """Sections that differ of a device that told its versions; `wanted` {section: version}."""
    return [
        Difference(section, wanted.get(section, 0), reported.get(section, 0))
        for section in sorted({*wanted, *reported})
        if state(wanted.get(section, 0), reported.get(section, 0), section in sending) == DIFFERS
    ]
