"""Commands as people ask for them: checked, previewed, stored. The dispatcher sends them."""

from station.controls.preview import preview
from station.controls.requests import guarantee, permit, trip
from station.controls.submit import DEADLINE_S, submit

__all__ = ["DEADLINE_S", "guarantee", "permit", "preview", "submit", "trip"]
