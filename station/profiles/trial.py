"""Reads a profile from its own simulated meter, in memory and at once."""

from protocols.meters.points import BY_NO
from station.profiles.options import for_test
from station.profiles.reading import Reading, Session
from station.profiles.simulated import Line, Meter


def read(simulated: Meter) -> Reading:
    line = Line(simulated.server)
    options = for_test(simulated.profile.link, simulated.profile.options)
    return Session(simulated.profile, line, simulated.address, options, line.clock).read()


def differing(simulated: Meter, reading: Reading) -> list[str]:
    """Where what was read is not what the meter was given, in words."""
    profile = simulated.profile
    out = [f"{request}: {why}" for request, why in reading.failed.items()]
    present = [index for index in profile.fast + profile.slow if index not in profile.freeze]
    kinds = (
        ("", present, reading.values, simulated.values),
        (" of the freeze", profile.freeze, reading.frozen, simulated.frozen),
    )
    for when, indexes, found, given in kinds:
        for no in sorted({field[0] for index in indexes for field in profile.fields(index)}):
            got = found.get(no, "nothing")
            if got != given[no]:
                out.append(f"{BY_NO[no][2]}{when}: {got}, not {given[no]}")
    return out
