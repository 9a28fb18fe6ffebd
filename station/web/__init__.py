"""The operators' pages. Views parse, call a room or the store, render; SQL and MQTT live elsewhere."""

from station.web.app import create_app

__all__ = ["create_app"]
