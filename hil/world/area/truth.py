"""What is true of an area, as plain JSON, so that findings can be scored. Only tests and demos may ask."""

from hil.world.area.counter import MWS_PER_WH
from hil.world.area.served import PROFILES, THREE_PHASE


def archive(area) -> list:
    """What the station's archive says of this area: one row a meter, the gate's last; no phases."""
    rows = [
        {
            "address": home.counters[0].address,
            "profile": profile_of(home),
            "line": home.line if home.on_line else 0,
            "key_user": home.key_user,
            "prepaid": home.prepaid,
            "gate": False,
            "multiplier": 1,
        }
        for home in area.homes
        if home.filed_here
    ]
    gate = {"address": area.gate.address, "profile": THREE_PHASE, "line": 1, "key_user": True}
    return [*rows, gate | {"prepaid": False, "gate": True, "multiplier": area.gate.multiplier}]


def profile_of(home) -> str:
    """Name in the catalogue."""
    protocol = home.counters[0].protocol
    if protocol != "dlt645-2007":
        return PROFILES[protocol]
    return THREE_PHASE if home.phase == 4 else PROFILES[protocol]


def truth(area, days=3) -> dict:
    """Homes as they are, and of the last `days` local days, the present one last, energies in Wh."""
    for home in area.homes:
        area.seen(home)
    today = (area.t_s + area.utc_offset_s) // 86400
    first = (area.start_s + area.utc_offset_s) // 86400
    power_w = area.power_w()
    return {
        "t_s": area.t_s,
        "seed": area.seed,
        "kva": area.grid.kva,
        "gate": area.gate.address,
        "power_w": list(power_w),
        "loading_e3": area.loading_e3(),
        "relations": {
            "stray": _addresses(area, lambda home: not home.fed_here),
            "misfiled": _addresses(area, lambda home: not home.on_line),
            "unfiled": _addresses(area, lambda home: home.on_line and not home.filed_here),
        },
        "thieves": [
            {"address": home.counter.address, "share_e3": home.stolen_e3, "from_day": home.thief_day}
            for home in area.homes
            if home.thief_day is not None
        ],
        "homes": [_home(home) for home in area.homes],
        "days": [_day(area, day) for day in range(max(first, today - days + 1), today + 1)],
    }


def _addresses(area, which) -> list:
    return [home.counter.address for home in area.homes if which(home)]


def _home(home) -> dict:
    counter = home.counter
    return {
        "address": counter.address,
        "kind": home.kind.name,
        "protocol": counter.protocol,
        "phase": home.phase,
        "pole": home.pole,
        "line": home.line if home.on_line else 0,
        "pv_w": home.pv_w,
        "ev_day": home.ev_day,
        "clock_offset_s": counter.clock_offset_s,
        "curve_min": counter.curve_s // 60,
        "mute": counter.mute,
        "relay": "permitted" if home.permitted else "open" if home.open else "closed",
        "had": [old.address for old in home.counters[: home.counters.index(counter)]],
        "coming": [[at_s, verb] for at_s, verb, _value in home.events],
        "happened": [[at_s, verb] for at_s, verb in home.happened],
        "edges": [[at_s, "open" if is_open else "closed"] for at_s, is_open in home.edges],
    }


def _day(area, day) -> dict:
    sums = area.day(day)
    stolen = {
        home.counter.address: area.stolen_wh(home, day) for home in area.homes if home.thief_day is not None
    }
    whole = {f"{name}_wh": mws // MWS_PER_WH for name, mws in sums._asdict().items()}
    return {"day": day, **whole, "stolen_by_wh": stolen}
