"""Leaves that a second person gave to reset the password of somebody with strong roles."""

from sqlalchemy import ColumnElement, Connection, and_, insert, select, update

from station.store.cleanup_schema import reset_leaves as leaves


def add(c: Connection, proposal: int, user: str, keeper: str, until_s: int) -> None:
    c.execute(insert(leaves).values(proposal=proposal, user=user, keeper=keeper, until_s=until_s))


def _open(user: str, keeper: str, t_s: int) -> ColumnElement[bool]:
    mine = and_(leaves.c.user == user, leaves.c.keeper == keeper)
    return and_(mine, leaves.c.until_s > t_s, leaves.c.used_s.is_(None))


def held(c: Connection, user: str, keeper: str, t_s: int) -> int | None:
    """Until when `keeper` may reset the password of `user`; None: he may not."""
    query = select(leaves.c.until_s).where(_open(user, keeper, t_s)).order_by(leaves.c.until_s.desc())
    return c.execute(query).scalar()


def use(c: Connection, user: str, keeper: str, t_s: int) -> bool:
    """Take all that are open; False when there is none."""
    return c.execute(update(leaves).where(_open(user, keeper, t_s)).values(used_s=t_s)).rowcount > 0
