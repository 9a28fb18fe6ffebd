"""What a meter's page says was used on a day."""

import pytest

from station.web.area_panels import _used


@pytest.mark.parametrize(
    ("before", "total", "exchanges", "used"),
    [
        (1000, 1700, [], 700),
        (1000, 1700, [(900, 0)], 700),  # of another day
        (8000, 250, [], None),
        (8000, 250, [(8100, 50)], 300),
        (8000, 250, [(90_000, 0), (8100, 50)], 300),
        (8000, 250, [(7000, 0)], None),
    ],
)
def test_use_goes_on_over_a_meter_that_was_replaced(before, total, exchanges, used):
    assert _used(before, total, exchanges) == used
