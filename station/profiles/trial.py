"""Reads a profile from its own simulated meter, in memory and at once."""

from protocols.meters.points import BY_NO
from station.profiles.reading import Reading, Session
from station.profiles.simulated import Line, Meter


def read(simulated: Meter) -> Reading:
    line = Line(simulated.server)
    return Session(simulated.profile, line, simulated.address, clock=line.clock).read()


def differing(simulated: Meter, reading: Reading) -> list[str]:
    """Where what was read is not what the meter was given, in words."""
    profile = simulated.profile
    out = [f"{request}: {why}" for request, why in reading.failed.items()]
    shown = {
        field[0] for index in profile.fast + profile.slow + profile.freeze for field in profile.fields(index)
    }
    for no in sorted(shown):
        got = reading.values.get(no, "nothing")
        if got != simulated.values[no]:
            out.append(f"{BY_NO[no][2]}: {got}, not {simulated.values[no]}")
    return out
