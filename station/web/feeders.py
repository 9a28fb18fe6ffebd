"""The single-line picture: feeder, transformer, customer, and how each stands now."""

from flask import Blueprint, Flask, render_template, request

from station.web import feeder_panels, fleet, single_line
from station.web.db import view
from station.web.rights import needs, scope

blueprint = Blueprint("feeders", __name__)


@blueprint.get("/picture")
@needs("view")
def page() -> str:
    unit = feeder_panels.asked(view(), scope(), request.args.get("unit"))
    context = feeder_panels.context(view(), scope(), unit)
    return render_template("picture.html", units=fleet.units(view(), scope()), **context)


def init_app(app: Flask) -> None:
    app.jinja_env.globals.update(line_states=single_line.STATES, line_size=single_line)
