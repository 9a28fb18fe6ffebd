"""A patrol asks each point once a round, one command of a concentrator at a time, and says why one failed."""

import pytest

from protocols.uplink.codes import REASON_NO
from station.collection.patrol_step import (
    BUSY_S,
    LATE_S,
    SUSPECT,
    TOGETHER,
    Answer,
    Heard,
    Now,
    Point,
    Read,
    Round,
    step,
)

ITEM, OTHER = 256, 1
AT, END = 1000, 4600
RUNNING, STOPPING = Round(AT, END, False), Round(AT, END, True)


def meters(*rows: int, device: str = "C1", item: int = ITEM, first: int = 1) -> list[Point]:
    return [Point(n, device, row, f"{row:012}", item) for n, row in enumerate(rows, first)]


def heard(points: list[Point], **more: object) -> dict[str, Heard]:
    facts = {"online": True, "meters": {each.meter: each.address for each in points}} | more
    return {each.device: Heard(**facts) for each in points}  # type: ignore[arg-type]


def asked(*rows: int, doubt: int = 0) -> list[Point]:
    return [each._replace(state="asked", command=7, asked_s=AT, doubt=doubt) for each in meters(*rows)]


def became(
    points: list[Point], t_s: int = AT + 1, this: Round = RUNNING, **more: object
) -> list[tuple[str, str]]:
    """(state, reason) of the points after a step."""
    changed, _asks = step(this, points, heard(points, **more), t_s, 0)
    after = {each.no: each for each in points} | {each.no: each for each in changed}
    return [(each.state, each.reason) for each in after.values()]


def test_rows_that_follow_each_other_are_one_command() -> None:
    points = meters(3, 4, 5, 9)
    _changed, (ask,) = step(RUNNING, points, heard(points), AT, 5)
    assert (ask.first, ask.last, ask.numbers, ask.within_s) == (3, 5, (1, 2, 3), END - AT)


def test_a_command_is_of_one_item_and_no_longer_than_a_stop_can_wait() -> None:
    points = meters(*range(1, 200)) + meters(200, item=OTHER, first=200)
    _changed, (ask,) = step(RUNNING, points, heard(points), AT, 5)
    assert (ask.item, ask.first, ask.last) == (ITEM, 1, TOGETHER)


def test_a_concentrator_with_a_command_under_way_gets_no_other() -> None:
    points = asked(1) + meters(5, first=2) + meters(1, device="C2", first=3)
    _changed, asks = step(RUNNING, points, heard(points), AT + 1, 5)
    assert [each.device for each in asks] == ["C2"]


def test_no_more_commands_than_there_is_room_for() -> None:
    points = [each for n in range(9) for each in meters(1, device=f"C{n}", first=n + 1)]
    assert len(step(RUNNING, points, heard(points), AT, 4)[1]) == 4


def test_one_that_is_away_is_not_asked_and_fails_at_the_end() -> None:
    points = meters(1)
    assert step(RUNNING, points, heard(points, online=False), AT, 5) == ([], [])
    assert became(points, END - 1, online=False) == [("waiting", "")]
    assert became(points, END, online=False) == [("failed", "offline")]
    assert became(points, END) == [("failed", "deadline")]


def test_a_read_is_the_value_with_its_time() -> None:
    points = asked(1, 2)
    told = {(7, 1): Read(0, {ITEM: 5000}, 1234), (7, 2): Read(1, {}, 1235)}
    changed, _asks = step(RUNNING, points, heard(points, reads=told), AT + 5, 5)
    assert [(each.state, each.value, each.quality, each.value_s) for each in changed] == [
        ("ok", 5000, 0, 1234),
        ("failed", None, None, None),
    ]
    assert changed[1].reason == "mute"


def test_a_value_that_may_be_of_another_meter_is_suspect() -> None:
    told = {(7, 1): Read(0, {ITEM: 5000}, 1234)}
    for points, rows in ((asked(1, doubt=1), None), (asked(1), {1: "999999999999"}), (asked(1), {})):
        facts = {"reads": told} if rows is None else {"reads": told, "meters": rows}
        (changed,) = step(RUNNING, points, heard(points, **facts), AT + 5, 5)[0]
        assert (changed.state, changed.quality) == ("ok", SUSPECT)


def test_a_read_without_the_item_is_no_value() -> None:
    assert became(asked(1), reads={(7, 1): Read(0, {}, 1234)}) == [("failed", "empty")]
    assert became(asked(1), reads={(8, 1): Read(0, {ITEM: 1}, 1234)}) == [("asked", "")], "another command"


@pytest.mark.parametrize(
    ("answer", "after"),
    [
        (Answer("refused", REASON_NO["busy"]), ("waiting", "")),
        (Answer("refused", REASON_NO["bad_params"]), ("failed", "not_taken")),
        (Answer("expired", 0), ("waiting", "")),
        (Answer("sent", 0), ("asked", "")),
        (Answer("unknown", 0), ("asked", "")),
        (Answer("executed", 0), ("asked", "")),
        (Answer("executed", 0, AT, "restart"), ("failed", "interrupted")),
        (Answer("executed", 0, AT, "expired"), ("failed", "expired")),
        (Answer("executed", 0, AT), ("failed", "not_told")),
    ],
)
def test_what_the_command_says_of_a_point_without_a_read(answer: Answer, after: tuple[str, str]) -> None:
    assert became(asked(1), AT + LATE_S, answers={7: answer}) == [after]


def test_reads_may_come_after_the_end_was_told() -> None:
    assert became(asked(1), AT + LATE_S - 1, answers={7: Answer("executed", 0, AT)}) == [("asked", "")]


def test_a_busy_concentrator_is_asked_again_a_little_later() -> None:
    busy = {7: Answer("refused", REASON_NO["busy"])}
    points = asked(1, 2)
    changed, asks = step(RUNNING, points, heard(points, answers=busy), AT, 5)
    assert asks == []
    assert step(RUNNING, changed, heard(points), AT + BUSY_S - 1, 5)[1] == []
    assert len(step(RUNNING, changed, heard(points), AT + BUSY_S, 5)[1]) == 1


def test_a_row_that_is_gone_or_another_meter_is_not_asked() -> None:
    points = meters(1, 2)
    changed, asks = step(RUNNING, points, heard(points, meters={1: "999999999999"}), AT, 5)
    assert [each.reason for each in changed] == ["meter_moved", "meter_gone"]
    assert asks == []


def test_the_first_now_after_the_begin_is_a_terminals_answer() -> None:
    points = meters(0, device="T1")
    before, after = Now(AT, AT, True, {ITEM: 1}), Now(AT + 1, AT + 1, True, {ITEM: 5})
    assert became(points, now=before) == [("waiting", "")]
    (changed,) = step(RUNNING, points, heard(points, now=after), AT + 2, 5)[0]
    assert (changed.state, changed.value, changed.value_s) == ("ok", 5, AT + 1)
    assert became(points, now=after._replace(meter_ok=False)) == [("failed", "mute")]
    assert became(points, now=after._replace(values={})) == [("failed", "empty")]


def test_terminals_are_sent_nothing() -> None:
    points = meters(0, device="T1")
    assert step(RUNNING, points, heard(points), AT, 5) == ([], [])


def test_a_stop_asks_nothing_more_and_waits_for_what_was_asked() -> None:
    points = asked(1) + meters(5, first=2)
    assert became(points, this=STOPPING) == [("asked", ""), ("failed", "stopped")]
    assert step(STOPPING, points, heard(points), AT, 5)[1] == []
    told = {(7, 1): Read(0, {ITEM: 1}, AT)}
    assert became(points, this=STOPPING, reads=told)[0] == ("ok", "")
    assert became(points, END, this=STOPPING)[0] == ("failed", "deadline")
