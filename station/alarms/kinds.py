"""Which event opens which alarm, how grave it is, what clears it. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from protocols.meters.rules import RULES
from station.store.events import rule

SEVERITIES = (1, 2, 3, 4)  # critical, major, minor, notice
CLASSES = ("system", "device", "data")
OFFLINE, UNIT_DOWN, NO_MESSAGES = "offline", "unit_down", "no_messages"  # of no event
RESTART = "power_up"  # a terminal tells its open anomalies again after it

# event|severity|class|cleared by|muted by outages. An event with `ended` clears what it opened; without
# either way a person closes it. A sign of interference is never muted: who opens a meter does it in the dark.
_TABLE = """\
parameters_lost|2|device||0
power_control_alarm|3|device|power_control_end close_permitted|0
power_control_trip|2|device|power_control_end close_permitted switch_closed|0
energy_control_alarm|3|device|purchase_applied|0
energy_control_trip|2|device|purchase_applied close_permitted switch_closed|0
current_loop_abnormal|2|data||1
voltage_loop_abnormal|2|data||1
phase_sequence_abnormal|3|data||1
meter_clock_off|4|data|meter_clock_set|1
meter_fault|2|device||1
harmonics_over|4|data||1
unbalance_over|4|data||1
authentication_failed|1|system||0
terminal_fault|2|device||0
energy_difference_over|3|data||1
voltage_limit|3|data||1
current_limit|3|data||1
apparent_power_limit|3|data||1
register_decrease|2|data||0
energy_deviation|2|data||1
meter_fly_away|2|data||1
meter_stop|2|data||1
meter_read_failed|2|device|meter_read_recovered|1
traffic_over|4|system||0
output_mismatch|1|device||1
meter_cover_open|1|device||0
meter_terminal_cover_open|1|device||0
magnetic_field|1|device||0
reverse_power|3|data||1
overload|2|data||1
power_factor_low|4|data||1
demand_over|3|data||1
neutral_current_off|3|data||1
contract_power_over|3|data||1
profile_rolled_back|3|device||0
power_down|3|device|power_up|1
balance_lost|2|data||0
carrier_gone|2|device|carrier_back|1
phase_differs|4|data||0
"""
Told = Mapping[str, Any]


class Kind(NamedTuple):
    severity: int
    cls: str
    mutable: bool  # by a planned outage


def _read() -> tuple[dict[str, Kind], dict[str, tuple[str, ...]]]:
    kinds = {
        OFFLINE: Kind(3, "device", True),
        UNIT_DOWN: Kind(1, "system", True),
        NO_MESSAGES: Kind(1, "system", False),
    }
    ends: dict[str, tuple[str, ...]] = {}
    for line in _TABLE.splitlines():
        name, severity, cls, by, mutable = line.split("|")
        kinds[name] = Kind(int(severity), cls, mutable == "1")
        for end in by.split():
            ends[end] = (*ends.get(end, ()), name)
    return kinds, ends


BY_EVENT, ENDS = _read()  # event -> what it is; event -> kinds that it clears
OF_RULES = frozenset(each.alias for each in RULES.values() if each.by != "moment")


class Sign(NamedTuple):
    """What an event says about one kind of alarm of its device."""

    kind: str
    spot: str  # where on the device: an alarm clears when all its places have
    t_s: int
    begins: bool
    what: Kind | None = None  # of a begin
    times: int = 1


def signs(event: Told) -> Iterator[Sign]:
    """`event` as store.events has it, with `name`. Of an event that is in no table: nothing."""
    name, data, t_s = event["name"], event["data"], when(event)
    spot = ".".join(str(data.get(field, "")) for field in ("metering_point", "phase", "line")).strip(".")
    found = rule(name, data)
    kind = found.alias if found else name
    for end in ENDS.get(name, ()):
        yield Sign(found.alias if found and end == "meter_read_failed" else end, spot, t_s, False)
    what = BY_EVENT.get(name)
    if what is not None:
        yield Sign(kind, spot, t_s, not data.get("ended"), what, 1 + _count(data.get("repeats")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 < value < 1 << 32 else 0


def when(event: Told) -> int:
    """By the device's clock; by the station's where that is not set, and never after it came."""
    return min(event["t_s"], event["received_s"]) if event["t_ok"] else event["received_s"]
