"""The truth of an area and its archive: what findings are scored with, and what a station begins with."""

from hil.world.area.area import Area
from hil.world.area.truth import archive, truth
from tests.unit.hil.area_bench import MIDNIGHT_S, TODAY, area_of, having, wh

FAULTS = {"thieves": 2, "strays": 2, "misfiled": 1, "unfiled": 2, "replaced": 1}


def told(days=1):
    area = area_of(0, meters=60, lines=2, history_days=1, **FAULTS)
    area.advance(MIDNIGHT_S + days * 86400 + 12 * 3600)
    return area, truth(area), archive(area)


def by_address(said):
    return {home["address"]: home for home in said["homes"]}


def test_the_archive_is_what_people_filed_not_what_is():
    _area, said, rows = told()
    filed = [row["address"] for row in rows if not row["gate"]]
    relations = said["relations"]
    assert set(relations["stray"]) <= set(filed)
    assert not set(relations["unfiled"] + relations["misfiled"]) & set(filed)
    assert {name: len(found) for name, found in relations.items()} == {
        "stray": 2,
        "misfiled": 1,
        "unfiled": 2,
    }
    (replaced,) = [home for home in said["homes"] if home["had"]]
    assert replaced["had"][0] in filed
    assert replaced["address"] not in filed
    assert [verb for _at_s, verb in replaced["happened"]] == ["replace"]
    assert [row["multiplier"] for row in rows if row["gate"]] == [60]
    assert len(rows) == 60 + 1 - 2


def test_it_says_who_steals_how_much_on_which_day():
    area, said, _rows = told(days=3)
    homes = {home.counter.address: home for home in area.homes}
    assert [day["day"] for day in said["days"]] == [TODAY + 1, TODAY + 2, TODAY + 3]
    for thief in said["thieves"]:
        home = homes[thief["address"]]
        for day in said["days"]:
            stolen = day["stolen_by_wh"][thief["address"]]
            drawn = stolen + wh(home.ledger[day["day"]][0])
            assert (stolen > 0) == (day["day"] >= thief["from_day"])
            assert day["day"] < thief["from_day"] or abs(stolen * 1000 - drawn * thief["share_e3"]) < 40_000
    for day in said["days"]:
        assert 0 <= day["stolen_wh"] - sum(day["stolen_by_wh"].values()) < len(said["thieves"])
    assert len(said["thieves"]) == 2


def test_it_says_who_hangs_on_which_phase_and_pole():
    area, said, _rows = told()
    phases = [home["phase"] for home in said["homes"]]
    assert {*phases} == {1, 2, 3, 4}
    assert by_address(said)[area.homes[0].counter.address]["pole"] == area.homes[0].pole
    for phase in (1, 2, 3):
        drawn = sum(
            home.phases_w(home.drawn_w(area.t_s))[phase - 1 if home.phase == 4 else 0]
            for home in having(area, lambda home, p=phase: home.fed_here and home.phase in (p, 4))
        )
        assert said["power_w"][phase - 1] == drawn


def test_days_before_the_first_are_not_invented():
    area = Area(7, MIDNIGHT_S + 3600, 30, 1, history_days=0)
    assert [day["day"] for day in truth(area)["days"]] == [TODAY]
