"""Commands as people ask for them: checked, previewed, stored. The dispatcher sends them."""

from station.controls.byname import KINDS, build, release
from station.controls.preview import preview
from station.controls.requests import guarantee, permit, trip
from station.controls.submit import DEADLINE_S, submit

__all__ = [
    "DEADLINE_S",
    "KINDS",
    "build",
    "guarantee",
    "permit",
    "preview",
    "release",
    "submit",
    "trip",
]
