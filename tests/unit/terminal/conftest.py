import pytest

from tests.unit.terminal.flash import Flash
from tests.unit.terminal.site import Site
from tests.unit.terminal.virtual import names_of_micropython


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A customer with a terminal that has no power yet."""
    names_of_micropython(monkeypatch)
    made = Site(tmp_path, Flash(tmp_path, monkeypatch))
    yield made
    made.stop()
