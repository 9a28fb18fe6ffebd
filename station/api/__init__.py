"""The door for other systems: /api/v1, JSON, tokens, an OpenAPI description of itself.

A view parses, asks a room or the store, and answers. Rights are those of the token (station.access.tokens).
"""

from station.api.app import PREFIX, create_app

__all__ = ["PREFIX", "create_app"]
