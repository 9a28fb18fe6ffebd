"""Units hang in a tree; a right is role x subtree x function, at a time."""

import pytest
from sqlalchemy import Connection, select

from station import access
from station.access import roles as roles_of_house
from station.access.rights import where
from station.store import org
from station.store.org_schema import org_units, roles
from station.store.scope import EVERYWHERE, NOWHERE, ROOT, Scope
from tests.unit.station_access.conftest import Tree

T_S = 1_800_000_000


def seen(c: Connection, scope: Scope) -> set[int]:
    return set(c.execute(select(org_units.c.id).where(scope.over(org_units.c.id))).scalars())


def test_a_scope_sees_its_subtrees_and_nothing_else(c: Connection, tree: Tree) -> None:
    assert seen(c, Scope((tree.city,))) == {tree.city, tree.east, tree.west, tree.area}
    assert seen(c, Scope((tree.east, tree.other))) == {tree.east, tree.area, tree.other}
    assert seen(c, NOWHERE) == set()
    assert seen(c, EVERYWHERE) == {ROOT, *tree}
    assert Scope((tree.city,)).holds(c, tree.area)
    assert not Scope((tree.west,)).holds(c, tree.area)


def test_a_moved_unit_takes_all_below_it_along(c: Connection, tree: Tree) -> None:
    org.move_unit(c, tree.east, tree.other)
    assert seen(c, Scope((tree.city,))) == {tree.city, tree.west}
    assert seen(c, Scope((tree.other,))) == {tree.other, tree.east, tree.area}
    assert org.ancestors(c, tree.area) == (ROOT, tree.other, tree.east, tree.area)
    assert seen(c, EVERYWHERE) == {ROOT, *tree}


def test_rights_are_role_times_subtree_times_time(c: Connection, tree: Tree) -> None:
    org.grant(c, "li", "controller", tree.east, "test", from_s=T_S)
    org.grant(c, "li", "viewer", tree.other, "test", from_s=T_S, until_s=T_S + 10)
    now, later = access.rights_of(c, "li", T_S), access.rights_of(c, "li", T_S + 10)
    assert where(now, "control") == Scope((tree.east,))
    assert where(now, "view") == Scope(tuple(sorted((tree.east, tree.other))))
    assert where(later, "view") == Scope((tree.east,))
    assert where(now, "accounts") == NOWHERE
    assert access.rights_of(c, "li", T_S - 1) == {}


def test_a_role_made_here_stands_before_the_template(c: Connection, tree: Tree) -> None:
    c.execute(roles.insert().values(role="viewer", names={}, functions=["view", "export", "no_such"]))
    org.grant(c, "li", "viewer", tree.east, "test", from_s=T_S)
    assert set(access.rights_of(c, "li", T_S)) == {"view", "export"}


@pytest.mark.parametrize("role", roles_of_house.ROLES)
def test_templates_name_known_functions(role: str) -> None:
    assert roles_of_house.ROLES[role] <= roles_of_house.ALL
