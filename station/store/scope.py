"""Which part of the organisation a question may see. Every query of people's data takes one."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, false, select, true

from station.store.org_schema import org_tree

ROOT = 1  # id of the unit above all


class Scope(NamedTuple):
    units: tuple[int, ...]  # tops of subtrees, rising; () sees nothing

    def over(self, column: ColumnElement[Any]) -> ColumnElement[bool]:
        """The condition that `column`, the id of a unit, lies in this scope."""
        if not self.units:
            return false()
        if ROOT in self.units:
            return true()
        return column.in_(select(org_tree.c.unit).where(org_tree.c.ancestor.in_(self.units)))

    def holds(self, c: Connection, unit: int) -> bool:
        return (
            c.execute(
                select(org_tree.c.unit).where(org_tree.c.unit == unit, self.over(org_tree.c.unit)).limit(1)
            ).first()
            is not None
        )


EVERYWHERE = Scope((ROOT,))  # of the shell and of the station's own tasks
NOWHERE = Scope(())
