"""Units of the token's part of the organisation."""

from typing import Any

from station.api import gate, shapes
from station.api.door import Blueprint
from station.store import org

blueprint = Blueprint("units", __name__, description="The organisation")


@blueprint.get("/units")
@gate.needs("view")
@blueprint.response(200, shapes.Units)
def listed() -> dict[str, Any]:
    """Units that the token may see, by id; a parent may lie outside of it."""
    with gate.reading() as c:
        return {"items": org.units(c, gate.scope("view"))}
