"""Reminder and messages: what is taken, kept and shown, and when the buzzer sounds."""

import pytest

from firmware.notices import REMIND_EVERY_S, REMIND_FOR_S, Notices
from protocols.uplink import messages, parameters
from protocols.uplink.codes import REASON_NO
from tests.unit.front.views import outputs

NIGHT_S, DAY_S = 3 * 3600, 10 * 3600 + 5  # local seconds; neither is the beginning of a reminder's turn
ALARM = outputs(alarm=1)


class Kv(dict):
    def put(self, entries):
        self.update(entries)


class Settings:
    def __init__(self, alarm_hours=0xFFFFFF):
        self.values = {"alarm_hours": alarm_hours}
        self.listener = lambda values: None

    def get(self, section):
        assert section == parameters.SOUND
        return self.values

    def listen(self, section, function):
        self.listener = function


@pytest.fixture
def kv():
    return Kv()


def tell(kv, notices, kind, **params):
    reason, entries, commit = notices.apply(kind, params, 7)
    if reason:
        assert (entries, commit) == ({}, None)
    else:
        kv.put(entries)
        commit()
    return reason


def test_messages_are_kept_by_slot_important_ones_first(kv):
    notices = Notices(kv, Settings())
    assert tell(kv, notices, messages.MESSAGE, slot=1, important=0, text="停电") == 0
    assert tell(kv, notices, messages.MESSAGE, slot=8, important=1, text="欠费") == 0
    assert tell(kv, notices, messages.MESSAGE, slot=1, important=0, text="来电") == 0
    assert Notices(kv, Settings()).messages() == [(8, 1, "欠费"), (1, 0, "来电")]
    tell(kv, notices, messages.MESSAGE, slot=8, important=1, text="")
    assert notices.messages() == [(1, 0, "来电")]


@pytest.mark.parametrize(
    "params",
    [
        {"slot": 0, "important": 0, "text": "x"},
        {"slot": 9, "important": 0, "text": "x"},
        {"slot": 1, "important": 2, "text": "x"},
        {"slot": 1, "important": 0, "text": "电" * 67},  # 201 bytes
    ],
)
def test_a_message_out_of_its_bounds_is_refused(kv, params):
    assert tell(kv, Notices(kv, Settings()), messages.MESSAGE, **params) == REASON_NO["bad_params"]
    assert kv == {}


@pytest.mark.parametrize(
    "params",
    [
        {"on": 2, "hours": 1, "text": ""},
        {"on": 1, "hours": 1 << 24, "text": ""},
        {"on": 1, "hours": 1, "text": "x" * 201},
    ],
)
def test_a_reminder_out_of_its_bounds_is_refused(kv, params):
    assert tell(kv, Notices(kv, Settings()), messages.REMINDER, **params) == REASON_NO["bad_params"]


def test_a_reminder_works_in_its_hours_over_a_restart_until_switched_off(kv):
    notices = Notices(kv, Settings())
    tell(kv, notices, messages.REMINDER, on=1, hours=1 << 10, text="请缴费")
    for each in (notices, Notices(kv, Settings())):
        assert each.text == "请缴费"
        assert [each.reminding(t) for t in (DAY_S, DAY_S + 86400, NIGHT_S, None)] == [
            True,
            True,
            False,
            False,
        ]
    tell(kv, notices, messages.REMINDER, on=0, hours=1 << 10, text="请缴费")
    assert (notices.reminding(DAY_S), notices.text) == (False, "")


def test_applying_changes_nothing_before_its_commit(kv):
    notices = Notices(kv, Settings())
    reason, _entries, _commit = notices.apply(messages.REMINDER, {"on": 1, "hours": 0xFFFFFF, "text": "x"}, 1)
    assert (reason, notices.reminding(DAY_S), kv) == (0, False, {})


@pytest.mark.parametrize("kept", [None, 7, [], [1, "x", "t"], [1, 5], {"on": 1}, [1, 5, 6]])
def test_what_cannot_be_read_is_as_if_never_sent(kv, kept):
    kv.update(remind=kept, msg1=kept)
    notices = Notices(kv, Settings())
    assert (notices.messages(), notices.text, notices.reminding(5)) == ([], "", False)


def test_both_are_told_as_events(kv):
    notices, told = Notices(kv, Settings()), []
    notices.tell = lambda name, fields: told.append((name, fields))  # type: ignore[assignment]
    tell(kv, notices, messages.REMINDER, on=1, hours=1, text="")
    tell(kv, notices, messages.MESSAGE, slot=3, important=0, text="x")
    assert told == [("reminder_set", {"value": 1}), ("message_set", {"slot": 3})]


# ---- sound


def heard(notices, now, local_s, seconds=1):
    return [notices.sound(now, None if local_s is None else local_s + i) for i in range(seconds)]


def test_an_alarm_sounds_in_its_hours_only_and_while_the_hour_is_not_known(kv):
    settings = Settings(alarm_hours=1 << 10)
    notices = Notices(kv, settings)
    assert heard(notices, ALARM, DAY_S, 3) == [True] * 3
    assert heard(notices, ALARM, NIGHT_S, 3) == [False] * 3
    assert heard(notices, ALARM, None, 3) == [True] * 3
    settings.listener({"alarm_hours": 0})
    assert heard(notices, ALARM, DAY_S) == [False]


def test_close_permitted_sounds_every_other_second_at_any_hour(kv):
    notices = Notices(kv, Settings(alarm_hours=0))
    assert sorted(heard(notices, outputs(permitted=1), NIGHT_S, 4)) == [False, False, True, True]


def test_a_reminder_sounds_for_a_moment_now_and_then(kv):
    notices = Notices(kv, Settings())
    tell(kv, notices, messages.REMINDER, on=1, hours=1 << 10, text="请缴费")
    assert sum(heard(notices, outputs(), 10 * 3600, 3600)) == 3600 // REMIND_EVERY_S * REMIND_FOR_S
    assert sum(heard(notices, outputs(), 11 * 3600, 3600)) == 0


def test_silence_when_there_is_nothing(kv):
    notices = Notices(kv, Settings())
    assert heard(notices, outputs(tripped=7), DAY_S, 5) == [False] * 5
