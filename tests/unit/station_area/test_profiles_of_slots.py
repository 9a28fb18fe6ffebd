"""Which meters of an area read by a slot, as the pages and the shell of profiles show it."""

from sqlalchemy import Engine

from station.profiles import life, show
from station.store import area as store
from station.store import db
from tests.unit.station_area.conftest import DEVICE, row


def test_the_archive_says_who_reads_by_a_slot(engine: Engine) -> None:
    with db.writing(engine) as c:
        store.replace(c, DEVICE, [row(n, slot=2 if n in (2, 3, 4, 9) else 0) for n in range(1, 11)])
        found = life.points_of_slots(c, DEVICE)
    assert found is not None
    assert found[2] == [2, 3, 4, 9]
    assert show.spans(found[2]) == "2-4, 9"
    assert show.spans([]) == ""
