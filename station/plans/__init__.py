"""Period control plans: built from what people enter, checked before anyone sends them."""

from station.plans.period import build, periods

__all__ = ["build", "periods"]
