"""The three-way rule loses no side's change, and taking twice is taking once."""

from hypothesis import given
from hypothesis import strategies as st

from station.archives.kinds import KINDS, LINK
from station.marketing import three
from station.marketing.kinds import SHEETS, ZH, ZH_VALUES
from tests.unit.web.test_words import catalogue

NAMES = ("name", "phone", "tariff")
FREE = ("name", "phone")
SIDES = st.dictionaries(st.sampled_from(NAMES), st.sampled_from([None, "a", "b", 3]))


@given(SIDES, SIDES, SIDES)
def test_what_a_rule_takes_was_changed_by_them_alone(agreed: dict, ours: dict, theirs: dict) -> None:
    met = three.meet(agreed, ours, theirs, FREE)
    for name, value in met.take.items():
        assert name in FREE
        assert agreed[name] == ours.get(name)
        assert value == theirs[name] != agreed[name]


@given(SIDES, SIDES, SIDES)
def test_no_difference_goes_unseen(agreed: dict, ours: dict, theirs: dict) -> None:
    met = three.meet(agreed, ours, theirs, FREE)
    apart = {name for name in theirs if ours.get(name) != theirs[name]}
    assert apart == set(met.take) | set(met.differ)
    assert not set(met.take) & set(met.differ)


@given(SIDES, SIDES, SIDES)
def test_what_was_changed_here_stays(agreed: dict, ours: dict, theirs: dict) -> None:
    after = ours | three.meet(agreed, ours, theirs, FREE).take
    assert all(after.get(n) == ours.get(n) for n in NAMES if n not in agreed or agreed[n] != ours.get(n))


@given(SIDES, SIDES, SIDES)
def test_twice_is_once(agreed: dict, ours: dict, theirs: dict) -> None:
    first = three.meet(agreed, ours, theirs, FREE)
    second = three.meet(first.agreed, ours | first.take, theirs, FREE)
    assert second == first._replace(take={})


@given(SIDES, SIDES)
def test_what_is_kept_is_quiet_until_a_side_changes(ours: dict, theirs: dict) -> None:
    held = three.hold(ours, theirs, {})
    quiet = three.hold(ours, theirs, held.differs)
    assert quiet.differs == {}
    assert quiet.state == held.state
    for name in held.differs:
        assert name in three.hold(ours | {name: "other"}, theirs, held.differs).differs


@given(SIDES)
def test_what_one_side_has_alone_waits_until_it_is_kept(values: dict) -> None:
    for state, both in (("theirs", (None, values)), ("ours", (values, None))):
        held = three.hold(*both, {})
        assert (held.state, list(held.differs)) == (state, [three.WHOLE])
        assert three.hold(*both, held.differs).differs == {}


def test_nothing_that_moves_money_or_switching_is_taken_by_a_rule() -> None:
    free = set().union(*(sheet.free for sheet in SHEETS.values()))
    assert free <= {"name", "address", "phone", "maker", "model", "signed_day"}
    assert not any(name.startswith(LINK) for name in free)


def test_heads_and_values_are_said_as_the_pages_say_them() -> None:
    words = catalogue("zh_CN")
    for kind, sheet in SHEETS.items():
        for name in sheet.names:
            if name.startswith(LINK):
                assert ZH[name] == words[f"archive_role.{name[1:]}"]
            elif name != "name":
                assert ZH[name] == words[f"archive_field.{name}"]
                among = next(field.among for field in KINDS[kind].fields if field.name == name)
                said = {words[f"archive_value.{each}"]: each for each in among}
                assert said.items() <= ZH_VALUES.items()
