"""A patrol over a concentrator and a terminal: chosen, begun once, carried on, stopped, repeated."""

from typing import Any

import pytest
from sqlalchemy import Engine

from protocols.uplink import area, messages
from protocols.uplink.codes import REASON_NO
from station.collection import patrol_choice, patrols
from station.errors import Invalid
from station.store import area as areas
from station.store import audit, commands, db, devices, events, org, streams
from station.store import patrols as store
from station.store.patrols_schema import patrol_points
from station.store.readings import Reading, SqliteReadingStore
from station.store.scope import EVERYWHERE, NOWHERE, ROOT, Scope
from tests.browser.seed import put_now
from tests.unit.station_collection.conftest import furnished

ITEM = 256
WITHIN_S = 3600
FILTER = {"way": "filter", "kind": "meters", "q": "", "first": 1, "last": 1000, "state": "all"}
FACTS: dict[str, Any] = {"unit": ROOT, "items": [ITEM], "within_s": WITHIN_S} | FILTER


def pasted(text: str, **more: Any) -> dict[str, Any]:
    return {"unit": ROOT, "items": [ITEM], "within_s": WITHIN_S, "way": "list", "list": text} | more


@pytest.fixture
def here(engine: Engine) -> Engine:
    """The small organisation, everybody online."""
    with db.writing(engine) as c:
        furnished(c)
    online(engine)
    return engine


def online(engine: Engine, *names: str, t_s: int | None = None) -> None:
    with db.writing(engine) as c:
        for device in names or ("T1", "T2"):
            devices.set_link(c, device, last_seen_s=t_s or db.now_s())


def begun(engine: Engine, facts: dict[str, Any] = FACTS, once: str = "a", t_s: int | None = None) -> int:
    with db.writing(engine) as c:
        return patrols.begin(c, "li", EVERYWHERE, facts, once, t_s)


def points(engine: Engine, number: int = 1) -> list[tuple[str, int, str, str]]:
    with db.reading(engine) as c:
        found = store.page(c, number, EVERYWHERE, None, 0, None)
    return sorted((row["device"], row["meter"], row["state"], row["reason"]) for row in found)


def patrol(engine: Engine, number: int = 1) -> dict[str, Any]:
    with db.reading(engine) as c:
        found = store.get(c, number, EVERYWHERE)
    assert found
    return found


def sent(engine: Engine) -> list[dict[str, Any]]:
    with db.reading(engine) as c:
        return commands.of_kinds(c, ["T1"], [area.PATROL])


def answered(engine: Engine, command: int, state: str = "executed", reason: int = 0) -> None:
    with db.writing(engine) as c:
        commands.move(c, "T1", command, "sent")
        assert commands.move(c, "T1", command, state, reason=reason)


def told(
    engine: Engine, command: int, meter: int, reason: int = 0, t_s: int | None = None, **values: int
) -> None:
    """A READ of the concentrator."""
    with db.writing(engine) as c:
        stream = streams.opened(c, "T1", b"epoch-01", 2, 1)
        place = {
            "stream_id": stream.id,
            "seq": 100 * command + meter,
            "device": "T1",
            "t_s": t_s or db.now_s(),
        }
        body = {
            "command": command,
            "meter": meter,
            "reason": reason,
            "values": {} if reason else {ITEM: 5000 + meter},
        }
        areas.put(c, {area.READ: [place | body]})


def ended(engine: Engine, command: int, error: str = "") -> None:
    with db.writing(engine) as c:
        stream = streams.opened(c, "T1", b"epoch-01", 1, 1)
        at, data = db.now_s(), {"command": command} | ({"error": error} if error else {})
        event = {"device": "T1", "t_s": at, "t_ok": 1, "received_s": at, "important": 1, "data": data}
        place = {"stream_id": stream.id, "seq": 7000 + command, "code": area.EVENT_CODE["patrol_ended"]}
        events.put(c, [event | place])


def now(engine: Engine, received_s: int, **values: Any) -> None:
    """A NOW of the terminal T2."""
    with db.writing(engine) as c:
        put_now(c, "T2", received_s, **values)


def test_a_form_that_comes_twice_begins_one_patrol(here: Engine) -> None:
    assert begun(here) == begun(here) == 1
    assert points(here) == [("T1", n, "waiting", "") for n in (1, 2, 3)]
    with db.reading(here) as c:
        assert [row["action"] for row in audit.recent(c, 1)] == ["patrol_begun"]


def test_all_is_read_by_one_command_and_the_patrol_is_done(here: Engine) -> None:
    begun(here)
    at = db.now_s()
    patrols.work(here, at)
    patrols.work(here, at)
    (command,) = sent(here)
    assert command["params"] == {
        "point": ITEM,
        "first": 1,
        "last": 3,
        "within_s": patrol(here)["until_s"] - at,
    }
    answered(here, command["command"])
    for meter in (1, 2):
        told(here, command["command"], meter)
    told(here, command["command"], 3, reason=1)
    patrols.work(here, at + 1)
    assert points(here) == [("T1", 1, "ok", ""), ("T1", 2, "ok", ""), ("T1", 3, "failed", "mute")]
    row = patrol(here)
    assert (row["state"], row["ended_s"]) == ("done", at + 1)
    with db.reading(here) as c:
        values = {each["meter"]: each["value"] for each in store.page(c, 1, EVERYWHERE, "ok", 0, None)}
        assert values == {1: 5001, 2: 5002}
        assert audit.recent(c, 1)[0]["detail"] == {"round": 1, "ok": 2, "failed": 1}


def test_a_station_that_stopped_anywhere_asks_nothing_twice(here: Engine) -> None:
    begun(here)
    at = db.now_s()
    patrols.work(here, at)
    here.dispose()
    again = db.engine(str(here.url.database).rsplit("/", 1)[0])
    for later in range(5):
        patrols.work(again, at + later)
    assert len(sent(again)) == 1
    again.dispose()


def test_a_restarted_concentrator_leaves_reasons(here: Engine) -> None:
    begun(here)
    at = db.now_s()
    patrols.work(here, at)
    (command,) = sent(here)
    answered(here, command["command"])
    told(here, command["command"], 1)
    ended(here, command["command"], "restart")
    patrols.work(here, at + 1)
    assert [each[2:] for each in points(here)] == [("ok", ""), ("asked", ""), ("asked", "")]
    patrols.work(here, at + 200)
    assert [each[2:] for each in points(here)] == [
        ("ok", ""),
        ("failed", "interrupted"),
        ("failed", "interrupted"),
    ]


def test_a_busy_one_is_tried_again(here: Engine) -> None:
    begun(here)
    at = db.now_s()
    patrols.work(here, at)
    answered(here, 1, "refused", REASON_NO["busy"])
    patrols.work(here, at + 1)
    assert len(sent(here)) == 1
    online(here, t_s=at + 60)
    patrols.work(here, at + 60)
    assert len(sent(here)) == 2


def test_a_terminal_answers_by_its_next_now_and_one_away_fails_as_offline(here: Engine) -> None:
    at = db.now_s()
    begun(here, FACTS | {"kind": "terminals", "items": [ITEM]}, t_s=at)
    patrols.work(here, at)
    assert points(here) == [("T2", 0, "waiting", "")]
    now(here, at + 2, points={ITEM: 777})
    patrols.work(here, at + 3)
    with db.reading(here) as c:
        (row,) = store.page(c, 1, EVERYWHERE, None, 0, None)
    assert (row["state"], row["value"], row["quality"]) == ("ok", 777, 0)
    begun(here, FACTS | {"kind": "terminals"}, once="b", t_s=at + 10)
    patrols.work(here, at + 10 + WITHIN_S)
    assert points(here, 2) == [("T2", 0, "failed", "offline")]


def test_stopped_and_repeated_for_what_failed(here: Engine) -> None:
    begun(here)
    with db.writing(here) as c:
        row = patrol(here)
        with pytest.raises(Invalid, match="changed_meanwhile"):
            patrols.stop(c, "li", row, row["version"] + 1)
        patrols.stop(c, "li", row, row["version"])
    at = db.now_s()
    patrols.work(here, at)
    assert sent(here) == []
    assert {each[2:] for each in points(here)} == {("failed", "stopped")}
    stopped = patrol(here)
    assert stopped["state"] == "stopped"
    with pytest.raises(Invalid, match="changed_meanwhile"), db.writing(here) as c:
        patrols.retry(c, "li", EVERYWHERE, stopped, 1)
    with pytest.raises(Invalid, match="nothing_failed"), db.writing(here) as c:
        patrols.retry(c, "li", NOWHERE, stopped, stopped["version"])
    with db.writing(here) as c:
        patrols.retry(c, "wang", EVERYWHERE, stopped, stopped["version"])
    assert patrol(here)["round"] == 2
    patrols.work(here, db.now_s())
    assert [row["author"] for row in sent(here)] == ["wang"]


def test_an_end_of_an_earlier_round_is_not_taken_for_this_one(here: Engine) -> None:
    ended(here, 1)
    begun(here)
    at = db.now_s()
    patrols.work(here, at)
    answered(here, 1)
    patrols.work(here, at + 500)
    assert {each[2] for each in points(here)} == {"asked"}


def test_no_more_commands_a_second_than_the_pace(here: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrols, "COMMANDS_A_SECOND", 1)
    for once in "abc":
        begun(here, once=once)
    at = db.now_s()
    patrols.work(here, at)
    patrols.work(here, at)
    assert len(sent(here)) == 1
    patrols.work(here, at + 1)
    assert len(sent(here)) == 2


def test_its_author_is_told_of_failed_ones_until_he_looks(here: Engine) -> None:
    begun(here)
    patrols.work(here, db.now_s() + WITHIN_S)
    with db.writing(here) as c:
        row = patrol(here)
        assert (store.waiting(c, EVERYWHERE, "li"), store.waiting(c, EVERYWHERE, "wang")) == (1, 0)
        assert store.waiting(c, NOWHERE, "li") == 0
        assert not patrols.look(c, "wang", row, 1)
        assert patrols.look(c, "li", row, 1)
        assert store.waiting(c, EVERYWHERE, "li") == 0


def test_one_person_has_so_many_under_way(here: Engine) -> None:
    for n in range(patrols.UNDER_WAY_MOST):
        begun(here, once=str(n))
    with pytest.raises(Invalid, match="patrols_full"):
        begun(here, once="more")


def test_what_ended_long_ago_is_forgotten(here: Engine) -> None:
    begun(here, t_s=1000)
    assert patrols.forget(here, 1000 + WITHIN_S + patrols.KEEP_S + 1) == 0, "it is open"
    patrols.work(here, 1000 + WITHIN_S)
    assert patrols.forget(here, 1000 + WITHIN_S + patrols.KEEP_S + 1) == 1
    with db.reading(here) as c:
        assert c.execute(patrol_points.select()).first() is None


# ---- what is chosen


def chosen(engine: Engine, facts: dict[str, Any], scope: Scope = EVERYWHERE) -> list[tuple[str, int]]:
    with db.reading(engine) as c:
        made = patrol_choice.choose(c, scope, facts, db.now_s())
    return [(each.device, each.meter) for each in made.targets]


def test_a_filter_is_of_a_unit_a_range_and_a_state(here: Engine) -> None:
    with db.reading(here) as c:
        east = devices.get(c, "T1")
    assert east
    assert chosen(here, FACTS | {"first": 2, "last": 2}) == [("T1", 2)]
    assert chosen(here, FACTS | {"q": "Customer 3"}) == [("T1", 3)]
    assert chosen(here, FACTS | {"kind": "terminals"}) == [("T2", 0)]
    assert (
        len(chosen(here, FACTS | {"state": "online"})) == len(chosen(here, FACTS | {"state": "missing"})) == 3
    )
    for nothing in ({"state": "offline"}, {"kind": "terminals", "unit": east["unit"]}, {"q": "%"}):
        with pytest.raises(Invalid, match="no_points"):
            chosen(here, FACTS | nothing)


def test_meters_whose_freeze_of_today_is_here_are_not_missing(here: Engine) -> None:
    at = db.now_s()
    label = at - (at + 28_800) % 86_400
    with db.writing(here) as c:
        meter = SqliteReadingStore.meter_id(c, "T1", 2)
        SqliteReadingStore.put(c, [Reading(meter, messages.DAILY, label, 0, 0, 1, {ITEM: 1})])
    assert chosen(here, FACTS | {"state": "missing"}) == [("T1", 1), ("T1", 3)]


def test_a_list_names_devices_rows_and_addresses(here: Engine) -> None:
    assert chosen(here, pasted("T2\nT1 3\nT1,000000000001")) == [("T1", 1), ("T1", 3), ("T2", 0)]
    assert chosen(here, pasted("T1")) == [("T1", 1), ("T1", 2), ("T1", 3)]


def test_nothing_of_a_list_is_taken_when_a_line_is_wrong_unless_the_person_says_so(here: Engine) -> None:
    text = "T1 1\nNONE\nT1 9\nT1 1\n?\nT2 2"
    with pytest.raises(Invalid) as caught:
        chosen(here, pasted(text))
    assert [(each.args["line"], each.key) for each in caught.value.errors] == [
        (2, "point_no_device"),
        (3, "point_no_meter"),
        (4, "point_twice"),
        (5, "bad_point_line"),
        (6, "point_no_meter"),
    ]
    assert chosen(here, pasted(text, without_wrong=True)) == [("T1", 1)]
    with pytest.raises(Invalid):
        chosen(here, pasted("?", without_wrong=True))


def test_a_device_of_another_unit_is_not_there(here: Engine) -> None:
    with db.writing(here) as c:
        other = org.add_unit(c, ROOT, "station", "B1", "West")
    with pytest.raises(Invalid, match="point_no_device"):
        chosen(here, pasted("T1 1", unit=other))
    with pytest.raises(Invalid, match="no_such_unit"):
        chosen(here, FACTS, Scope((other,)))
    with pytest.raises(Invalid, match="no_points"):
        chosen(here, FACTS | {"unit": other}, Scope((other,)))


def test_a_patrol_has_so_many_points(here: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patrol_choice, "MOST", 5)
    assert len(chosen(here, FACTS)) == 3
    with pytest.raises(Invalid, match="too_many_points"):
        chosen(here, FACTS | {"items": [ITEM, 1]})


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"unit": None}, "unit"),
        ({"within_s": 10}, "within_s"),
        ({"items": []}, "items"),
        ({"items": [1, 65_000]}, "items"),
        ({"way": "x"}, "way"),
        ({"kind": "x"}, "kind"),
        ({"first": 5, "last": 2}, "last"),
        ({"q": "x" * 65}, "q"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(here: Engine, wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        chosen(here, FACTS | wrong)
    assert field in {each.field for each in caught.value.errors}


def test_a_batch_of_a_thousand_points_is_carried_on_quickly(here: Engine) -> None:
    with db.writing(here) as c:
        rows = areas.archive(c, "T1")
        areas.replace(c, "T1", [rows[0] | {"meter": n, "address": f"{n:012}"} for n in range(1, 1001)])
    begun(here)
    at = db.now_s()
    for done in range(10):
        patrols.work(here, at + done)
        command = sent(here)[-1]["command"]
        answered(here, command)
        for meter in range(100 * done + 1, 100 * done + 101):
            told(here, command, meter)
    patrols.work(here, at + 10)
    assert patrol(here)["state"] == "done"
    assert [row["params"]["first"] for row in sent(here)] == list(range(1, 1001, 100))
