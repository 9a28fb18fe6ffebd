"""What sections PRICES and PREPAID and the archive tell the ledger of a meter."""

from firmware.area import tariffs
from firmware.area.archive import GUARANTEED
from firmware.area.ledger_state import FEE, Config
from firmware.collect import prepaid_rows
from firmware.metering.measures import IMPORT
from protocols.uplink import area

RATE_BYTES = 24


def prices_wrong(values) -> str:
    """Guard of section PRICES: "" or what is wrong."""
    try:
        sets = versions(values)
    except (TypeError, ValueError):
        return "tariffs is not [number, from_s, codes, prices, months, limits, adds]"
    for number in sets:
        if not 1 <= number <= 255 or not tariffs.sound(sets[number]):
            return "tariff %d is not sound" % number
    return ""


def prepaid_wrong(values) -> str:
    """Guard of section PREPAID."""
    for unit in ("_yuan_e4", "_wh"):
        if values["warn" + unit] < values["trip" + unit]:
            return "warn%s is below trip%s" % (unit, unit)
    return ""


def versions(values) -> dict:
    """{tariff number: its tariffs.Tariff in the order they stand}."""
    sets = {}
    for number, from_s, codes, prices, months, limits, adds in values["tariffs"]:
        if type(number) is not int or len(codes) != RATE_BYTES or not isinstance(codes, bytes):
            raise ValueError(number)
        tariff = tariffs.Tariff(from_s, codes, tuple(prices), months, tuple(limits), tuple(adds))
        sets[number] = sets.get(number, ()) + (tariff,)
    return sets


class Terms:
    """Of all meters. `offset_s`: local time less UTC."""

    def __init__(self, settings, archive, profiles, offset_s):
        self._archive, self._profiles = archive, profiles
        self.offset_s = offset_s
        self._shows = {}  # slot: (profile, whether it shows tariff registers)
        settings.guard(area.PRICES, prices_wrong)
        settings.guard(area.PREPAID, prepaid_wrong)
        self._take_prices(settings.get(area.PRICES))
        self._take(settings.get(area.PREPAID))
        settings.listen(area.PRICES, self._take_prices)
        settings.listen(area.PREPAID, self._take)

    def _take_prices(self, values):
        self._tariffs = versions(values)

    def _take(self, values):
        self._values = values

    def profile(self, meter):
        return self._profiles.get(self._archive.slot(meter))

    def _rates(self, meter):
        """Whether the profile of the meter shows tariff registers: looked through once a profile."""
        slot, profile = self._archive.slot(meter), self.profile(meter)
        if profile is None:
            return 0
        if slot not in self._shows or self._shows[slot][0] is not profile:
            self._shows[slot] = profile, 1 if profile.reads_of(IMPORT + 1) else 0
        return self._shows[slot][1]

    def guaranteed(self, meter, marks):
        """As ledger_state.Config: None while the row of the meter is in doubt."""
        if marks & prepaid_rows.DOUBT:
            return None
        return 1 if marks & prepaid_rows.GUARANTEED or self._archive.flags(meter) & GUARANTEED else 0

    def of(self, meter, flags, marks):
        """Config of a meter whose ledger has these flags."""
        row, values, profile = self._archive.get(meter), self._values, self.profile(meter)
        unit = "_yuan_e4" if flags & FEE else "_wh"
        return Config(
            self._tariffs.get(row.tariff, ()),
            values["warn" + unit],
            values["trip" + unit],
            values["blocked_hours"],
            values["holidays"],
            self.guaranteed(meter, marks),
            1 if marks & prepaid_rows.STATION else 0,
            row.multiplier,
            1 if values["by_rate"] and self._rates(meter) else 0,
            values["roll_kwh"] * 1000,
            values["wait_s"] if profile and profile.freeze else 0,
            self.offset_s,
        )
