"""What is told, in which stream, how often, and what happens while the flash refuses."""

import random

import pytest

from firmware.events import MAX_SEEN, MAX_WAITING, Events
from firmware.hal.fake import Clock
from protocols.uplink import messages, parameters
from protocols.uplink.codes import EVENT_CODE, EVENT_FIELD_NO, EVENTS

FILTER_S = 300
REPEATS = EVENT_FIELD_NO["repeats"]
LOOP = {"metering_point": 1, "kind": 1, "phase": 1}


class Settings:
    def __init__(self, **values):
        self.values = dict(parameters.read(parameters.EVENTS, {}), **values)
        self.listener = None

    def get(self, section):
        assert section == parameters.EVENTS
        return self.values

    def listen(self, section, function):
        assert section == parameters.EVENTS
        self.listener = function

    def change(self, **values):
        self.values = dict(parameters.read(parameters.EVENTS, {}), **values)
        assert self.listener
        self.listener(self.values)


class Rig:
    def __init__(self, **values):
        self.clock = Clock()
        self.clock.ok = True
        self.records = []
        self.refuse: tuple = ()
        self.settings = Settings(**values)
        self.events = Events(self.clock, self.add, self.settings)

    def add(self, stream, kind, t_s, t_ok, body):
        assert kind == messages.EVENT
        messages.pack(messages.EVENT_BODY, body)
        if stream in self.refuse:
            return 0
        self.records.append((stream, t_s, t_ok, EVENTS[body["code"]], body["data"]))
        return len(self.records)

    def add_any(self, stream, _kind, t_s, t_ok, body):
        """Also codes of the concentrator."""
        self.records.append((stream, t_s, t_ok, body["code"], body["data"]))
        return len(self.records)

    def tell(self, name, fields=None, after_s=0):
        self.run(after_s)
        self.events.tell(name, fields or {})
        return self

    def run(self, seconds):
        for _ in range(seconds):
            self.clock.advance(1000)
            self.events.flush()
        return self

    @property
    def names(self):
        return [row[3] for row in self.records]

    @property
    def repeats(self):
        return [row[4].get(REPEATS, 0) for row in self.records]


def test_importance_decides_the_stream():
    rig = Rig().tell("remote_trip").tell("input_changed")
    assert [row[0] for row in rig.records] == ["ev", "lg"]


def test_settings_move_codes_between_the_streams():
    rig = Rig(important=[EVENT_CODE["input_changed"]], general=[EVENT_CODE["remote_trip"]])
    rig.tell("remote_trip").tell("input_changed")
    assert [row[0] for row in rig.records] == ["lg", "ev"]
    rig.settings.change()
    rig.tell("remote_trip")
    assert rig.records[-1][0] == "ev"


def test_a_record_carries_its_fields_its_time_and_the_trust_in_it():
    rig = Rig()
    rig.clock.ok = False
    now_s = rig.clock.now_s()
    rig.tell("remote_trip", {"rounds": 3, "ago_s": 120})
    assert rig.records == [("ev", now_s - 120, 0, "remote_trip", {EVENT_FIELD_NO["rounds"]: 3})]
    rig.tell("remote_trip", {"ago_s": 1 << 40})
    assert rig.records[-1][1] == 0


KEPT = (
    "remote_trip", "power_control_trip", "energy_control_trip", "energy_control_alarm", "purchase_applied",
    "power_control_alarm", "power_control_end", "remote_trip_alarm", "close_permitted", "switch_opened",
    "switch_closed", "switch_close_driven", "guarantee_on", "guarantee_off", "plan_set", "control_released",
    "group_power_frozen", "exclusion_on", "exclusion_off", "output_mismatch", "register_rebased",
    "meter_changed", "power_up", "initialised", "parameters_lost", "service_test",
    "profile_kept", "profile_rolled_back",
)  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_control_guarantee_and_money_are_always_told(name):
    rig = Rig(disabled=[EVENT_CODE[name]])
    for _ in range(5):
        rig.tell(name, {"rounds": 1}, after_s=1)
    assert rig.names == [name] * 5


def test_every_other_event_can_be_switched_off_and_is_filtered():
    for code, name in EVENTS.items():
        if name in KEPT:
            continue
        assert Rig(disabled=[code]).tell(name).run(400).records == []
        assert Rig().tell(name).tell(name).names == [name]


# ---- duplicates


def test_the_same_event_is_told_again_when_the_time_is_over_with_its_number():
    rig = Rig().tell("authentication_failed", {"kind": 45, "value": 1})
    for value in range(2, 7):
        rig.tell("authentication_failed", {"kind": 45, "value": value}, after_s=10)
    assert len(rig.records) == 1
    rig.run(FILTER_S)
    assert rig.repeats == [0, 4], "the last one is told itself"
    assert rig.records[1][4][EVENT_FIELD_NO["value"]] == 6
    assert rig.records[1][1] == rig.records[0][1] + 50, "at its own time"
    rig.tell("authentication_failed", {"kind": 45, "value": 9}, after_s=2 * FILTER_S)
    assert rig.repeats == [0, 4, 0]


def test_other_points_phases_kinds_and_sections_are_other_events():
    rig = Rig().tell("voltage_loop_abnormal", LOOP)
    for field in ("metering_point", "phase", "kind"):
        rig.tell("voltage_loop_abnormal", dict(LOOP, **{field: 7}))
    rig.tell("parameters_changed", {"section": 1}).tell("parameters_changed", {"section": 2})
    rig.tell("terminal_fault", {"task": "bus"}).tell("terminal_fault", {"task": "link"})
    assert len(rig.records) == 8


def test_an_end_whose_beginning_was_told_is_told_at_once():
    rig = Rig().tell("voltage_loop_abnormal", LOOP)
    rig.tell("voltage_loop_abnormal", dict(LOOP, ended=1, lasted_s=5), after_s=5)
    assert [row[4].get(EVENT_FIELD_NO["ended"], 0) for row in rig.records] == [0, 1]


def test_a_flicker_ends_with_the_true_state():
    for last_is_end in (False, True):
        rig = Rig()
        for n in range(9):
            rig.tell("voltage_loop_abnormal", LOOP, after_s=5)
            if n < 8 or last_is_end:
                rig.tell("voltage_loop_abnormal", dict(LOOP, ended=1, lasted_s=5), after_s=5)
        rig.run(FILTER_S)
        ends = [row[4].get(EVENT_FIELD_NO["ended"], 0) for row in rig.records]
        assert ends == [0, 1, int(last_is_end)]
        assert rig.repeats == [0, 0, 7]


def test_a_beginning_after_the_time_is_not_held_by_an_old_end():
    rig = Rig().tell("voltage_loop_abnormal", LOOP)
    rig.tell("voltage_loop_abnormal", dict(LOOP, ended=1), after_s=1000)
    rig.tell("voltage_loop_abnormal", LOOP, after_s=10)
    assert len(rig.records) == 3


def test_clock_jumps_filter_neither_more_nor_less():
    rig = Rig().tell("input_changed")
    for t_ms in (1, 1 << 42):
        rig.clock.set_ms(t_ms)
        rig.tell("input_changed")
    assert len(rig.records) == 1
    rig.run(FILTER_S + 1)
    assert len(rig.records) == 2


def test_filter_zero_tells_everything_also_what_was_kept_back():
    rig = Rig().tell("input_changed").tell("input_changed").tell("input_changed")
    rig.settings.change(filter_s=0)
    rig.run(1).tell("input_changed").tell("input_changed")
    assert len(rig.records) == 4
    assert rig.repeats == [0, 1, 0, 0]


def test_the_filter_is_bounded_and_loses_nothing_it_forgets():
    rig = Rig()
    for point in range(MAX_SEEN + 5):
        rig.tell("meter_stop", {"metering_point": point}).tell("meter_stop", {"metering_point": point})
    assert len(rig.events._seen) == MAX_SEEN
    assert len(rig.records) == MAX_SEEN + 5 + 5
    rig.run(FILTER_S + 1)
    assert len(rig.records) == 2 * (MAX_SEEN + 5)


# ---- refusing flash


def test_what_the_flash_refuses_waits_and_comes_in_order():
    rig = Rig()
    rig.refuse = ("ev", "lg")
    rig.tell("remote_trip", {"rounds": 1}).tell("clock_set", {"step_ms": 4}).tell("guarantee_on")
    assert rig.records == []
    rig.refuse = ("ev",)
    rig.run(1)
    assert rig.names == ["clock_set"], "the other stream goes on"
    rig.refuse = ()
    rig.run(1)
    assert rig.names == ["clock_set", "remote_trip", "guarantee_on"]
    assert rig.events.errors == 0


def test_the_queue_is_bounded_and_drops_general_events_first():
    rig = Rig()
    rig.refuse = ("ev", "lg")
    for n in range(MAX_WAITING):
        rig.tell("remote_trip" if n % 2 else "clock_set", {"metering_point": n})
    for _ in range(MAX_WAITING // 2):
        rig.tell("guarantee_on")
    assert rig.events.errors == MAX_WAITING // 2
    rig.refuse = ()
    rig.run(1)
    assert rig.names == ["remote_trip"] * (MAX_WAITING // 2) + ["guarantee_on"] * (MAX_WAITING // 2)
    rig.refuse = ("ev",)
    for n in range(MAX_WAITING + 3):
        rig.tell("remote_trip", {"rounds": n})
    rig.refuse = ()
    rig.run(1)
    assert rig.events.errors == MAX_WAITING // 2 + 3
    assert rig.records[-MAX_WAITING][4] == {EVENT_FIELD_NO["rounds"]: 3}, "the oldest went"


def test_it_never_raises_and_counts_what_it_lost(monkeypatch):
    rig = Rig()
    rig.tell("no such event").tell("remote_trip", {"no such field": 1}).tell("remote_trip", {"ago_s": "x"})
    assert rig.events.errors == 3
    assert rig.records == []

    def broken(*_record):
        raise ValueError("record too large")

    with monkeypatch.context() as patch:
        patch.setattr(rig.events, "_add", broken)
        rig.tell("remote_trip")
    assert rig.events.errors == 4
    assert "too large" in rig.events.error
    rig.tell("guarantee_on")
    assert rig.names == ["guarantee_on"], "what no outbox can take holds up nothing"


def test_a_listener_hears_every_event_and_stops_none(monkeypatch):
    rig, heard = Rig(disabled=[EVENT_CODE["input_changed"]]), []
    monkeypatch.setattr(rig.events, "listener", lambda name, fields: heard.append((name, fields["rounds"])))
    rig.tell("input_changed", {"rounds": 1}).tell("remote_trip", {"rounds": 2}).tell("remote_trip")
    assert heard == [("input_changed", 1), ("remote_trip", 2)]
    assert rig.names == ["remote_trip"] * 2
    assert "rounds" in rig.events.error


def test_texts_are_cut():
    rig = Rig().tell("terminal_fault", {"task": "bus", "error": "x" * 5000})
    assert len(rig.records[0][4][EVENT_FIELD_NO["error"]]) == 60


@pytest.mark.parametrize("seed", range(20))
def test_any_flow_ends_with_the_true_state_and_counts_every_beginning(seed):
    """Begun and ended at random over points and time: the last told of each is its state; none is lost."""
    chance = random.Random(seed)
    rig = Rig(filter_s=chance.choice((1, 60, 300)))
    begun = {}
    beginnings = 0
    for _ in range(300):
        point = chance.randrange(6)
        begun[point] = not begun.get(point, False)
        beginnings += begun[point]
        fields = {"metering_point": point} if begun[point] else {"metering_point": point, "ended": 1}
        rig.refuse = ("ev",) if chance.random() < 0.1 else ()
        rig.tell("meter_stop", fields, after_s=chance.choice((0, 1, 30, 200)))
    rig.refuse = ()
    rig.run(700)
    assert rig.events.errors == 0
    told, open_at_last = 0, {}
    for _stream, _t_s, _t_ok, _name, data in rig.records:
        point = data[EVENT_FIELD_NO["metering_point"]]
        ended = EVENT_FIELD_NO["ended"] in data
        beginning = not ended or not open_at_last.get(point)  # an end without its beginning stands for both
        told += beginning + data.get(REPEATS, 0)
        open_at_last[point] = not ended
    assert open_at_last == begun
    assert told == beginnings


def test_begin_and_end_of_more_meters_than_the_filter_remembers_are_all_told():
    rig = Rig()
    meters = range(1, 101)
    for state in ({}, {"ended": 1}, {}, {"ended": 1}):  # the second pair within the filter's time
        for meter in meters:
            rig.tell("meter_stop", {"metering_point": meter, "kind": 24, **state})
    rig.run(2 * FILTER_S)
    ended = EVENT_FIELD_NO["ended"]
    for meter in meters:
        told = [data for *_head, data in rig.records if data[EVENT_FIELD_NO["metering_point"]] == meter]
        assert [data.get(ended) for data in told][:2] == [None, 1]
        assert told[-1].get(ended) == 1


def test_a_last_gasp_is_never_kept_back():
    from protocols.uplink.area import EVENT_CODE as CODES
    from protocols.uplink.area import EVENT_FIELD_NO as NUMBERS

    rig = Rig()
    events = Events(rig.clock, rig.add_any, rig.settings, CODES, NUMBERS)
    events.tell("power_down", {})
    events.tell("power_down", {})
    assert len(rig.records) == 2
