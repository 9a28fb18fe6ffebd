"""Who is in the archive of the demo's area, what energy costs them, and who has paid how much."""

from protocols.meters.points import BY_ALIAS
from protocols.uplink import archive_rows

TARIFF = 1
YUAN_E4 = 10_000
# by the first prepaid households: below 20 yuan is low, and what the last one paid is used up at once
PAID_YUAN_E4 = (200 * YUAN_E4, 60 * YUAN_E4, 15 * YUAN_E4, 500)
FLAT = "33" * 24  # rate 3 in every half hour, in hex
# what prepaid meters show, every five minutes: their balances follow it, and not the freeze of the day alone
_BALANCES = [16, BY_ALIAS["energy_import_wh"][0], 3, 300, 0, 86_400, 2, 300, archive_rows.PREPAID, 0, 0]
SECTIONS = {  # of the concentrator, by names as the shell takes them
    "prices": {"tariffs": [[TARIFF, 0, FLAT, [5469], 1, [230_000, 400_000], [500, 3000]]]},
    "prepaid": {"warn_yuan_e4": 20 * YUAN_E4, "trip_yuan_e4": 0},
    "tasks": {"tasks": [_BALANCES]},
}
_KINDS = {"shop": "小卖部", "workshop": "加工坊", "street light": "路灯"}
_UNITS = 12  # homes of a house


def table(archive, truth, slots) -> list:
    """Rows as the station takes them, of the area's own archive and truth. `slots`: names of profiles."""
    homes = {home["address"]: home for home in truth["homes"]}
    sold = set(_buyers(archive, homes))
    return [
        _row(n, row, homes.get(row["address"]), slots, row["address"] in sold)
        for n, row in enumerate([row for row in archive if row["line"]], 1)
    ]


def _row(n, row, home, slots, prepaid):
    bits = {archive_rows.KEY: row["key_user"], archive_rows.GATE: row["gate"], archive_rows.PREPAID: prepaid}
    return {
        "meter": n,
        "address": row["address"],
        "slot": slots.index(row["profile"]),
        "line": row["line"],
        "phase": home["phase"] if home else archive_rows.PHASES,
        "flags": sum(bit for bit, is_set in bits.items() if is_set),
        "multiplier": row["multiplier"],
        "tariff": TARIFF if prepaid else 0,
        "group": 0,
        "name": _name(n, home),
    }


def _name(n, home) -> str:
    if home is None:
        return "关口表"
    house, unit = divmod(n - 1, _UNITS)
    return _KINDS.get(home["kind"], f"{house + 1}幢{unit // 4 + 1}0{unit % 4 + 1}室")


def _buyers(archive, homes) -> list:
    """Addresses of households that pay before: nothing is wrong with their meters."""
    good = [
        row["address"]
        for row in archive
        if row["prepaid"] and row["line"] and _is_well(homes[row["address"]])
    ]
    return good[: len(PAID_YUAN_E4)]


def _is_well(home) -> bool:
    return not home["mute"] and not home["coming"] and home["clock_offset_s"] == 0
