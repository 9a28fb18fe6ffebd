"""All that can be imported and exported by the same means. A room adds its own by a line here."""

from station.imports.area_meters import AREA_METERS
from station.imports.devices import DEVICES
from station.imports.sim_months import SIM_MONTHS
from station.imports.targets import Target

TARGETS: dict[str, Target] = {each.name: each for each in (DEVICES, AREA_METERS, SIM_MONTHS)}
