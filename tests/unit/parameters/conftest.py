import pytest

from firmware.store.kv import Kv


@pytest.fixture
def kv(tmp_path):
    made = Kv(str(tmp_path / "kv"))
    made.open()
    yield made
    made.close()
