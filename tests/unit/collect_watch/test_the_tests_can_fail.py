"""Small errors in the rules, one at a time: a named test must see each."""

import pytest

from firmware.collect import clocks, registers, silence, supply, watch
from tests.unit.collect_clocks import line_rig
from tests.unit.collect_clocks import test_clocks as clock
from tests.unit.collect_watch import test_meters as meters
from tests.unit.collect_watch import test_silence as silent
from tests.unit.collect_watch import test_supply as supplied
from tests.unit.collect_watch.area_rig import Rig

REGISTERS = registers, registers, "judge"
SILENCE = silence, watch, "Silence"
SUPPLY = supply, watch, "Supply"
CLOCKS = clocks, line_rig, "Clocks"
MUTANTS = (  # who must see it, the module and who uses what of it, the code, what stands there instead
    (meters.test_a_freeze_of_an_earlier_day_is_no_fall, REGISTERS, "or days > OLD_DAYS", ""),
    (meters.test_one_step_of_the_register_is_no_fall, REGISTERS, "used < -SLACK_WH", "used < 0"),
    (meters.test_a_register_that_begins_again_has_not_fallen, REGISTERS, "used += limits.roll_wh", "pass"),
    (meters.test_days_that_are_missing_are_counted, REGISTERS, "phases * days *", "phases *"),
    (meters.test_a_meter_that_is_cut_off_may_stand, REGISTERS, "if is_cut or not", "if not"),
    (
        meters.test_a_meter_that_never_used_does_not_stand,
        REGISTERS,
        "is_cut or not seen.flags & USED",
        "is_cut",
    ),
    (meters.test_a_day_too_few_is_no_stop, REGISTERS, "stands < stop_days or", "stands < stop_days - 1 or"),
    (silent.test_a_line_shorted_is_one_event_with_its_line_and_count, SILENCE, "self._count > FEW", "False"),
    (
        silent.test_a_storm_goes_on_over_a_restart,
        SILENCE,
        "self._open = self._left > 0",
        "self._open = False",
    ),
    (
        supplied.test_a_limit_reached_is_not_passed,
        SUPPLY,
        "(value - limit) * side <= 0",
        "(value - limit) * side < 0",
    ),
    (supplied.test_small_currents_may_differ, SUPPLY, "if mean >= FEW_MA else 0", "if mean else 0"),
    (
        clock.test_nothing_is_asked_while_the_own_clock_is_not_trusted,
        CLOCKS,
        "if not self._clock.ok:",
        "if False:",
    ),
    (
        clock.test_time_in_a_queue_and_on_the_line_does_not_make_it_old,
        CLOCKS,
        "await self._collector.alone(line)",
        "pass",
    ),
    (
        clock.test_a_clock_that_was_set_throws_away_what_was_measured,
        CLOCKS,
        "self._marks.stepped(step_ms // 1000)",
        "pass",
    ),
    (
        clock.test_what_flash_refuses_is_not_sent,
        CLOCKS,
        "if self._save():\n            return True",
        "if self._save() or 1:\n            return True",
    ),
    (
        clock.test_the_broadcast_goes_in_the_middle_of_a_quarter_far_from_midnight,
        CLOCKS,
        "MIDDLE_S = (390, 510)",
        "MIDDLE_S = (0, 900)",
    ),
)


@pytest.fixture
def rig(tmp_path, request):
    made = []

    def make(*args, **more):
        kind = line_rig.Rig if request.node.callspec.params["where"] is CLOCKS else Rig
        made.append(kind(tmp_path, *args, **more))
        return made[-1]

    yield make
    for each in made:
        getattr(each, "close", list)()


@pytest.mark.parametrize(
    ("seen_by", "where", "code", "instead"), MUTANTS, ids=[f"{row[0].__name__}" for row in MUTANTS]
)
def test_broken_code_is_seen(seen_by, where, code, instead, rig, tmp_path, monkeypatch):
    module, user, name = where
    with open(module.__file__, encoding="utf-8") as file:
        text = file.read()
    assert text.count(code) == 1, "the code that this mutant changes is not there once"
    broken = dict(vars(module))
    exec(compile(text.replace(code, instead), module.__file__, "exec"), broken)
    monkeypatch.setattr(user, name, broken[name])
    more = {"tmp_path": tmp_path} if "tmp_path" in seen_by.__code__.co_varnames else {}
    with pytest.raises(AssertionError):
        seen_by(rig, **more)
