"""The customer's side: what is shed, when he closes, what his meters show, and how readings are spoilt."""

import pytest

from station.rehearsal.engine import Rehearsal, local_text
from station.rehearsal.expect import state
from station.rehearsal.site import Site

TRIP = "{rounds: [1], delay_s: 0, limit_s: 0}"


def rehearse(story, *seconds):
    """What is shown (group 1) after each of `seconds`."""
    rehearsal = Rehearsal(story.plain)
    shown = {}
    for t_s in range(story.plain["duration_s"] + 1):
        rehearsal.second(t_s)
        if t_s in seconds:
            shown[t_s] = state(rehearsal, 1)
    return [shown[t_s] for t_s in seconds]


def site(rounds=(), load=((0, 100000),), sampling_s=1):
    row = {"point": 1, "sheds_w": 0, "sheds_e4": 0, "closes_s": None}
    point = {"no": 1, "energy_wh": 7, "load": [list(step) for step in load]}
    plain = {"rounds": [{**row, **r} for r in rounds], "points": [point], "groups": [[1, 1, 1]]}
    return Site({**plain, "sampling_s": sampling_s})


def read(it, t_s):
    it.loads(t_s)
    return it.groups(t_s)[0]


@pytest.mark.parametrize(
    ("rounds", "load_w", "left_w"),
    [
        (({"sheds_w": 30000}, {"sheds_w": 20000}), 100000, 50000),
        (
            ({"sheds_e4": 2500}, {"sheds_e4": 2500}),
            100000,
            50000,
        ),  # shares of the load before anything is shed
        (({"sheds_w": 80000}, {"sheds_w": 80000}), 100000, 0),  # what is not used cannot be shed
        (({"sheds_w": 80000}, {"sheds_w": 0}), -5000, -5000),
    ],
)
def test_open_rounds_shed(rounds, load_w, left_w):
    it = site(rounds, [(0, load_w)])
    assert read(it, 0)[0] == load_w
    it.obey(0, 0b11, 0)
    assert read(it, 1)[0] == left_w


def test_a_tripped_round_sheds_until_the_customer_closes(parse):
    story = parse(
        f"script:\n- {{at: start, trip: {TRIP}}}\n- {{at: +60 s, permit_close: {{rounds: [1]}}}}\n",
        rounds="rounds: [{sheds: 20 kW, closes: 30 s}]",
    )
    shown = rehearse(story, 0, 1, 60, 61, 89, 90)
    assert [row["power_w"] for row in shown] == [120000, 100000, 100000, 100000, 100000, 120000]
    assert [row["open"] for row in shown] == [[1], [1], [1], [1], [1], []]
    assert [row["tripped"] for row in shown] == [[1], [1], [], [], [], []]


def test_a_customer_who_never_closes_stays_off_and_one_who_is_tripped_cannot_close(parse):
    more = (
        f"script:\n- {{at: start, trip: {TRIP}}}\n- {{at: +20 s, close: [1]}}\n"
        "- {at: +60 s, permit_close: {rounds: [1]}}\n- {at: +200 s, close: all}\n"
    )
    assert [row["open"] for row in rehearse(parse(more), 20, 199, 200)] == [[1], [1], []]


def test_a_round_that_trips_again_before_the_customer_closed_is_not_closed():
    it = site([{"sheds_w": 1, "closes_s": 30}])
    it.obey(0, 1, 0)
    it.obey(10, 0, 0)
    it.obey(20, 1, 0)
    it.loads(45)
    assert it.open == 1
    it.obey(50, 0, 0)
    it.loads(79)
    assert it.open == 1
    it.loads(80)
    assert it.open == 0


def test_direct_close_closes_at_once_where_the_board_may(parse):
    more = (
        f"script:\n- {{at: start, trip: {TRIP}}}\n"
        "- {at: +60 s, permit_close: {rounds: [1], direct: yes}}\n"
    )
    assert rehearse(parse("direct_close: yes\n" + more), 60)[0]["open"] == []
    assert rehearse(parse(more), 60)[0]["open"] == [1]


def test_the_meter_counts_every_watt_second():
    it = site(load=[(0, 3599), (10, 1)])
    for t_s in range(11):
        reading = read(it, t_s)
        it.run()
    assert reading == (1, 7 + 35990 // 3600)


def test_readings_are_as_old_as_the_sampling():
    it = site(load=[(0, 5), (31, 6)], sampling_s=30)
    assert [read(it, t_s)[0] for t_s in range(62)] == [5] * 60 + [6, 6]


def test_a_group_adds_and_subtracts_points_and_has_no_reading_when_one_is_missing(parse):
    more = "script: [{at: +10 s, reading: {fault: missing, for: 5 s}, point: 2}]\ngroups: {1: [1, -2]}\n"
    story = parse(more, load="points: {1: {load: 100 kW}, 2: {load: 30 kW}}")
    assert [row["power_w"] for row in rehearse(story, 9, 10, 14, 15)] == [70000, None, None, 70000]


@pytest.mark.parametrize(
    ("fault", "power", "energy"),
    [
        ({"fault": "missing", "of": "both"}, None, None),
        ({"fault": "missing", "of": "energy"}, 6, None),
        ({"fault": "stuck", "of": "power"}, 5, 7),
        ({"fault": "jump", "of": "energy", "by": 50}, 6, 57),
        ({"fault": "fall", "of": "energy", "by": -5}, 6, 2),
        ({"fault": "jump", "of": "power", "by": 50}, 56, 7),
    ],
)
def test_faults_of_readings_begin_and_end(fault, power, energy):
    it = site(load=[(0, 5), (2, 6)])
    it.loads(0)
    it.spoil({"point": 1, "by": 0, "until_s": 4} | fault)
    read(it, 1)
    assert list(read(it, 3)) == [power, energy]
    assert list(read(it, 4)) == [6, 7]


def test_a_fault_without_an_end_stays():
    it = site()
    it.spoil({"point": 1, "fault": "jump", "of": "energy", "by": 50, "until_s": None})
    assert read(it, 10**6)[1] == 57


@pytest.mark.parametrize(
    ("local_s", "text"),
    [
        (0, "1970-01-01 00:00:00"),
        (951782400, "2000-02-29 00:00:00"),
        (1789977599, "2026-09-21 07:59:59"),
        (4107542399, "2100-02-28 23:59:59"),
        (4107542400, "2100-03-01 00:00:00"),
    ],
)
def test_local_time_is_written_without_a_calendar_of_the_port(local_s, text):
    assert local_text(local_s) == text


def test_a_command_waits_for_the_link_and_may_be_too_late(parse):
    story = parse(
        "script:\n- {at: start, link_cut: 60 s}\n"
        f"- {{at: +10 s, trip: {TRIP}, deadline: 20 s}}\n- {{at: +20 s, trip: {TRIP}}}\n"
    )
    rehearsal = Rehearsal(story.plain)
    rows = [row for t_s in range(61) for row in rehearsal.second(t_s)]
    answers = [(dict(row)["at"][-5:], dict(row)["answer"]) for row in rows if row[2][0] == "command"]
    assert answers == [("01:00", "expired"), ("01:00", "executed")]


def test_a_terminal_without_power_decides_nothing_and_shows_nothing(parse):
    story = parse(f"script:\n- {{at: start, power_cut: 60 s}}\n- {{at: +10 s, trip: {TRIP}}}\n")
    dark, light = rehearse(story, 30, 60)
    assert dark["tripped"] is None
    assert light["tripped"] == [1]
