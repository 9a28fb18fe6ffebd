"""A unit with the terminal T1; T2 stands at the root."""

from tests.unit.station_imports.conftest import east, engine, settings, template, writing

__all__ = ["east", "engine", "settings", "template", "writing"]
