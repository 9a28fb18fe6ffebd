"""Areas on a flash of their own."""

import pytest

from tests.unit.collect_prepaid.rig import Area


@pytest.fixture
def areas(tmp_path):
    made = []

    def make(*args, **kwargs):
        made.append(Area(str(tmp_path), *args, **kwargs))
        return made[-1]

    yield make
    for each in made:
        each.close()
