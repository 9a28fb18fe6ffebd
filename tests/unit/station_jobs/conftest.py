"""An empty station, as the other rooms have it."""

from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
