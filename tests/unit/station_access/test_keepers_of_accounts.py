"""Nobody gives what is not in his care, nobody changes his own account, the last keeper stays."""

from collections.abc import Callable

import pytest
from sqlalchemy import Connection

from station import access
from station.access import accounts, units
from station.access.accounts import Keeper, keeper
from station.errors import Invalid
from station.store import audit, org, users
from station.store.db import now_s
from station.store.scope import NOWHERE, ROOT, Scope
from tests.unit.station_access.conftest import Tree

Act = Callable[[Connection, Keeper, Tree, int], object]


@pytest.fixture
def by(c: Connection, tree: Tree) -> Keeper:
    """Keeps the accounts of the first city."""
    users.add(c, "zhao", "-", must_change=False, t_s=0, unit=tree.city)
    users.add(c, "wang", "-", must_change=False, t_s=0, unit=tree.other)
    org.grant(c, "zhao", "administrator", tree.city, "test", from_s=0)
    users.change(c, "li", unit=tree.east)
    return keeper(c, "zhao")


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Invalid) as caught:
        act()
    return caught.value.errors[0].key


def actions(c: Connection, subject: str) -> list[str]:
    return [row["action"] for row in audit.recent(c) if row["subject"] == subject]


FOREIGN: dict[str, Act] = {
    "disable": lambda c, by, tree, n: accounts.disable(c, by, "wang", "r"),
    "enable": lambda c, by, tree, n: accounts.enable(c, by, "wang"),
    "unlock": lambda c, by, tree, n: accounts.unlock(c, by, "wang"),
    "reset": lambda c, by, tree, n: accounts.reset(c, by, "wang"),
    "give": lambda c, by, tree, n: accounts.give(c, by, "wang", "viewer", tree.east),
    "take": lambda c, by, tree, n: accounts.take_back(c, by, n),
    "give there": lambda c, by, tree, n: accounts.give(c, by, "li", "viewer", tree.other),
    "give above": lambda c, by, tree, n: accounts.give(c, by, "li", "viewer", ROOT),
    "add": lambda c, by, tree, n: accounts.add(c, by, "sun", tree.other),
    "unit add": lambda c, by, tree, n: units.add(c, by, tree.other, "station", "B1", "n"),
    "unit rename": lambda c, by, tree, n: units.rename(c, by, tree.other, "n"),
    "unit move away": lambda c, by, tree, n: units.move(c, by, tree.east, tree.other),
    "unit move own top": lambda c, by, tree, n: units.move(c, by, tree.city, tree.east),
    "unit close": lambda c, by, tree, n: units.close(c, by, tree.other),
}


@pytest.mark.parametrize("act", FOREIGN)
def test_what_is_not_in_the_care_is_refused_and_unchanged(
    c: Connection, by: Keeper, tree: Tree, act: str
) -> None:
    number = org.grant(c, "wang", "viewer", tree.other, "test", from_s=0)
    everything = (users.all_users(c), org.units(c, Scope((ROOT,))), org.grants_of(c, "wang", now_s()))
    refusal = refused(lambda: FOREIGN[act](c, by, tree, number))
    assert refusal in ("no_such_user", "not_your_unit")
    assert everything == (users.all_users(c), org.units(c, Scope((ROOT,))), org.grants_of(c, "wang", now_s()))


def test_who_keeps_nothing_may_nothing(c: Connection, by: Keeper, tree: Tree) -> None:
    assert keeper(c, "li").scope == NOWHERE
    assert refused(lambda: accounts.give(c, keeper(c, "li"), "zhao", "viewer", tree.east)) == "no_such_user"


def test_a_grant_is_given_and_taken_back(c: Connection, by: Keeper, tree: Tree) -> None:
    number = accounts.give(c, by, "li", "viewer", tree.east)
    assert access.rights_of(c, "li", now_s())["view"] == Scope((tree.east,))
    assert refused(lambda: accounts.give(c, by, "li", "viewer", tree.east)) == "grant_twice"
    accounts.take_back(c, by, number)
    accounts.take_back(c, by, number)
    assert access.rights_of(c, "li", now_s()) == {}
    assert actions(c, "li") == ["revoked", "granted"]


def test_a_grant_needs_a_role_an_open_unit_and_an_end_to_come(c: Connection, by: Keeper, tree: Tree) -> None:
    assert refused(lambda: accounts.give(c, by, "li", "king", tree.east)) == "no_such_role"
    assert refused(lambda: accounts.give(c, by, "li", "viewer", tree.east, now_s())) == "end_past"
    units.close(c, by, tree.west)
    assert refused(lambda: accounts.give(c, by, "li", "viewer", tree.west)) == "unit_closed"


def test_nobody_changes_his_own_account(c: Connection, by: Keeper, tree: Tree) -> None:
    (own,) = org.grants_of(c, "zhao", now_s())
    for act in (
        lambda: accounts.give(c, by, "zhao", "chief", tree.city),
        lambda: accounts.take_back(c, by, own["id"]),
        lambda: accounts.disable(c, by, "zhao", "r"),
        lambda: accounts.unlock(c, by, "zhao"),
        lambda: accounts.reset(c, by, "zhao"),
    ):
        assert refused(act) == "own_account"


def test_the_last_keeper_of_the_house_stays(c: Connection, by: Keeper) -> None:
    shell = accounts.shell("shell:root")
    access.first_admin(c)  # there are users already: none is made
    users.add(c, "chief", "-", must_change=False, t_s=0)
    number = org.grant(c, "chief", "chief", ROOT, "test", from_s=0)
    assert refused(lambda: accounts.take_back(c, shell, number)) == "last_keeper"
    assert refused(lambda: accounts.disable(c, shell, "chief", "left")) == "last_keeper"
    for_a_while = accounts.give(c, shell, "li", "chief", ROOT, now_s() + 1000)
    assert refused(lambda: accounts.take_back(c, shell, number)) == "last_keeper"
    accounts.take_back(c, shell, for_a_while)
    accounts.give(c, shell, "li", "administrator", ROOT)
    accounts.take_back(c, shell, number)
    assert refused(lambda: accounts.disable(c, shell, "li", "left")) == "last_keeper"


def test_a_disabled_user_is_out_at_once_and_comes_back_only_by_name(
    c: Connection, by: Keeper, tree: Tree
) -> None:
    password = accounts.add(c, by, "sun", tree.west)
    entered = access.login(c, "sun", password)
    assert isinstance(entered, dict)
    accounts.disable(c, by, "sun", "left the house")
    assert access.user_for_session(c, "sun", entered["session"]) is None
    answer, wrong = access.login(c, "sun", password), access.login(c, "sun", "wrong")
    assert not isinstance(answer, dict)
    assert not isinstance(wrong, dict)
    assert (answer.key, wrong.key) == ("login_disabled", "login_failed")
    assert refused(lambda: accounts.give(c, by, "sun", "viewer", tree.west)) == "account_disabled"
    accounts.enable(c, by, "sun")
    assert access.user_for_session(c, "sun", entered["session"]) is None, "the old session stays ended"
    assert isinstance(access.login(c, "sun", password), dict)


@pytest.mark.parametrize("name", ["", "x", "Li", "1li", "li wei", "shell:root", "li\n", "l" * 33])
def test_a_user_name_is_plain(c: Connection, by: Keeper, tree: Tree, name: str) -> None:
    assert refused(lambda: accounts.add(c, by, name, tree.east)) == "bad_user_name"


def test_a_unit_hangs_where_its_level_allows(c: Connection, by: Keeper, tree: Tree) -> None:
    assert refused(lambda: units.add(c, by, tree.area, "station", "X", "n")) == "unit_level"
    assert refused(lambda: units.add(c, by, tree.east, "area", "A2", "n")) == "code_taken"
    assert refused(lambda: units.move(c, by, tree.east, tree.area)) == "unit_below_itself"
    assert refused(lambda: units.move(c, by, tree.east, tree.west)) == "unit_level"
    units.move(c, by, tree.area, tree.west)
    assert org.ancestors(c, tree.area) == (ROOT, tree.city, tree.west, tree.area)
    assert refused(lambda: units.move(c, accounts.shell("s"), ROOT, tree.east)) == "unit_root"


def test_a_unit_with_people_in_it_is_not_moved_by_one(c: Connection, by: Keeper, tree: Tree) -> None:
    users.change(c, "li", unit=tree.area)
    assert refused(lambda: units.move(c, by, tree.area, tree.west)) == "needs_two"
    assert org.ancestors(c, tree.area) == (ROOT, tree.city, tree.east, tree.area)
    units.move(c, by._replace(seconded=True), tree.area, tree.west)
    assert org.ancestors(c, tree.area) == (ROOT, tree.city, tree.west, tree.area)


def test_a_unit_with_anything_in_it_is_not_closed(c: Connection, by: Keeper, tree: Tree) -> None:
    with pytest.raises(Invalid) as caught:
        units.close(c, by, tree.east)
    assert caught.value.errors[0].args == {"units": 1, "devices": 0, "people": 1}
    units.close(c, by, tree.area)
    assert refused(lambda: units.rename(c, by, tree.area, "n")) == "unit_closed"


def test_a_list_of_people_shows_those_of_the_scope_only(c: Connection, by: Keeper, tree: Tree) -> None:
    assert [row["name"] for row in users.page(c, by.scope)] == ["li", "zhao"]
    assert [row["name"] for row in users.page(c, by.scope, after="li")] == ["zhao"]
    assert [row["name"] for row in users.page(c, by.scope, part="%")] == []
    assert users.page(c, NOWHERE) == []
