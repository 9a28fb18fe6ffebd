"""The price of energy at this moment, by the half-hour rates of section TARIFF (376.1 F21, F22)."""

from protocols.uplink import parameters


class Tariff:
    """`settings` is a firmware.parameters.Parameters."""

    def __init__(self, settings):
        settings.listen(parameters.TARIFF, self._take)
        self._take(settings.get(parameters.TARIFF))

    def _take(self, values):
        self._codes, self._prices = values["codes"], values["prices_yuan_e4"]

    def price_e4(self, local_s):
        """10^-4 yuan a kWh; None without prices, and of several rates while the time is not known."""
        if not self._prices:
            return None
        if local_s is None:
            return self._prices[0] if len(self._prices) == 1 else None
        half_hour = local_s // 1800 % 48
        rate = self._codes[half_hour >> 1] >> (half_hour & 1) * 4 & 15
        return self._prices[min(rate, len(self._prices)) - 1]
