"""Each kind goes to its room, and exclusion holds for all of them."""

import pytest

from firmware.commands import Commands
from protocols.uplink import messages, parameters
from protocols.uplink.codes import ADDRESSED, REASON_NO, TO_MANY

EXCLUDED = (REASON_NO["excluded"], {}, None)
OWN = {
    messages.PARAMETERS: "settings",
    messages.REMINDER: "notices",
    messages.MESSAGE: "notices",
    messages.METER_CHANGE: "points",
    messages.PROFILE: "points",
}


class Outputs:
    excluded = 0


class Rooms:
    """All rooms in one; `calls` says which was asked."""

    def __init__(self):
        self.calls = []
        self.outputs = Outputs()
        self.strict = 0
        self.answer = (0, {"key": 1}, None)
        self.error = "old words"

    def get(self, section):
        assert section == parameters.CONTROL
        return {"exclusion_strict": self.strict}

    def room(self, name):
        rooms = self

        class Room:
            def apply(self, *args):
                rooms.calls.append((name, args))
                return rooms.answer

            def change_meter(self, *args):
                rooms.calls.append((name, args))
                return rooms.answer

            def change_profile(self, *args):
                rooms.calls.append((name, args))
                return (*rooms.answer, "", None)

            get = staticmethod(rooms.get)
            outputs = property(lambda self: rooms.outputs)
            error = property(lambda self: rooms.error)

        return Room()


@pytest.fixture
def rooms():
    return Rooms()


@pytest.fixture
def commands(rooms):
    return Commands(*[rooms.room(name) for name in ("controller", "settings", "notices", "points")])


@pytest.mark.parametrize("kind", list(messages.COMMANDS))
def test_each_kind_goes_to_one_room(rooms, commands, kind):
    params = {}
    assert commands.apply(kind, params, 7, TO_MANY) == rooms.answer
    [(room, args)] = rooms.calls
    assert room == OWN.get(kind, "controller")
    expected = {
        "controller": (kind, params, 7, TO_MANY),
        "notices": (kind, params, 7),
        "settings": (params,),
        "points": (params,),
    }
    assert args == expected[room]
    assert commands.error == ""


@pytest.mark.parametrize("kind", OWN)
def test_while_excluded_nothing_to_many_is_taken(rooms, commands, kind):
    rooms.outputs.excluded = 1
    assert commands.apply(kind, {}, 7, TO_MANY) == EXCLUDED
    assert rooms.calls == []
    assert commands.apply(kind, {}, 7, ADDRESSED) == rooms.answer


def test_the_strict_exclusion_leaves_parameters_alone(rooms, commands):
    rooms.outputs.excluded = rooms.strict = 1
    taken = [kind for kind in OWN if commands.apply(kind, {}, 7, ADDRESSED) != EXCLUDED]
    assert taken == [messages.PARAMETERS]
    assert commands.apply(messages.EXCLUSION, {}, 7) == rooms.answer, "the core judges its own kinds"


def test_the_words_of_a_refusal_are_those_of_this_command(rooms, commands):
    rooms.answer = (REASON_NO["bad_params"], {}, None)
    commands.apply(messages.PARAMETERS, {}, 7)
    assert commands.error == "old words"
    commands.apply(messages.MESSAGE, {}, 8)
    assert commands.error == ""
