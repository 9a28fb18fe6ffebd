import pytest

from tests.unit.collect_watch.area_rig import Rig


@pytest.fixture
def rig(tmp_path):
    """`rig(meters, **limits of section AREA)`."""
    return lambda *args, **limits: Rig(tmp_path, *args, **limits)
