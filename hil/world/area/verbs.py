"""What the control port of an area takes: one JSON object of verbs a line, as hil.world.control.

{"mute": ["330000070012", true]}     -> {"ok": true}
{"truth": true, "archive": true}     -> {"ok": true, "truth": {...}, "archive": [...]}
"""

from hil.world.control import VerbError, flag, probability, whole

DAY_MS = 86_400_000


def _address(value):
    if not isinstance(value, str) or len(value) != 12 or not value.isdigit():
        raise VerbError("not an address of 12 digits")
    return value


def _two(first, second):
    def check(value):
        if not isinstance(value, list) or len(value) != 2:
            raise VerbError("not a list of two")
        return first(value[0]), second(value[1])

    return check


_LINE = whole(1, 9)
# verb -> (check of the value, name of the Live method that does it)
VERBS = {
    # one meter on its line
    "mute": (_two(_address, flag), "mute"),
    "late_ms": (_two(_address, whole(0, 60_000)), "late"),  # beside its own delay
    "delay_ms": (_two(_address, whole(1, 5_000)), "delay"),
    "move": (_two(_address, _address), "move"),  # answers at another address, perhaps one that is taken
    "babble": (_two(_address, flag), "babble"),  # never stops talking
    # one meter and its home
    "clock_s": (_two(_address, whole(-(10**10), 10**10)), "clock"),  # error of its clock
    "stop": (_two(_address, flag), "stop"),
    "fly": (_two(_address, flag), "fly"),
    "fall_wh": (_two(_address, whole(0, 10**9)), "fall"),
    "replace": (_address, "replace"),  # by the meter that is to come
    "press": (_address, "press"),  # the button of the householder
    "walk_s": (whole(1, 86_400, null=True), "walk"),  # to the button, of all; null = each their own
    # one line
    "shorted": (_two(_LINE, flag), "short"),
    "noise": (_two(_LINE, probability), "noise"),  # bit flips per byte
    "drop": (_two(_LINE, probability), "drop"),
    "frames": (_two(_LINE, whole(1, 500)), "frames"),  # the last n bursts
    # the module, line 9
    "plugged": (flag, "plug"),  # pulled out, or put in
    "keep_nodes": (whole(0, 1000), "keep_nodes"),  # it forgets all behind the first n of its list
    # all
    "speed": (whole(0, 3_600), "set_speed"),  # seconds of the area a second
    "skip_s": (whole(1, 10 * 86_400), "skip"),
    "ac": (flag, "ac"),  # what the concentrator's own AC sampling sees at the gate
    "archive": (flag, "archive"),
    "truth": (flag, "truth"),
}
