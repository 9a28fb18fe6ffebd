"""Campaigns list accounts once; only what is listed, said and left alone since is ever disabled."""

import csv
import io
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from station.access import accounts, cleanup
from station.access.accounts import Keeper
from station.access.cleanup import Reply
from station.errors import Invalid
from station.imports import reading
from station.store import audit, org, users
from station.store import cleanup as store
from station.store.db import now_s
from station.store.scope import EVERYWHERE, ROOT, Scope
from tests.unit.station_access.conftest import Tree

OLD_S = 91 * 86_400
KNOWN = ("li", "wang", "zhao")
HEAD = ["账号", "核实结果", "备注"]


@pytest.fixture
def by(c: Connection, tree: Tree) -> Keeper:
    """Keeps all accounts; li, sun and qian of the east and west used nothing for 91 days, wu did."""
    then = now_s() - OLD_S
    users.change(c, "li", unit=tree.east, created_s=then)
    for name, unit in (("sun", tree.west), ("qian", tree.west), ("wu", tree.west), ("far", tree.other)):
        users.add(c, name, "-", must_change=False, t_s=then, unit=unit)
    users.change(c, "wu", last_login_s=now_s())
    users.add(c, "chief", "-", must_change=False, t_s=now_s())
    org.grant(c, "chief", "chief", ROOT, "test", from_s=0)
    return accounts.keeper(c, "chief")


def begin(c: Connection, by: Keeper, unit: int, token: str = "t", days: int = 90) -> int:
    return cleanup.begin(c, by, unit, days, now_s() + 86_400, "", token)


def seen(c: Connection, number: int, scope: Scope = EVERYWHERE) -> str:
    row = store.get(c, scope, number)
    assert row
    return cleanup.mark(c, row, scope)


def say(c: Connection, by: Keeper, number: int, token: str, **said: str) -> int:
    given = [Reply(name, reply, "") for name, reply in said.items()]
    args = {"token": token, "file": "f.csv", "seen": seen(c, number, by.scope)}
    return cleanup.reply(c, by, number, given, **args)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Invalid) as caught:
        act()
    return caught.value.errors[0].key


def test_what_nobody_used_is_listed_once_and_the_list_never_grows(
    c: Connection, by: Keeper, tree: Tree
) -> None:
    number = begin(c, by, tree.city)
    assert sorted(store.said(c, number, EVERYWHERE)) == ["li", "qian", "sun"]
    assert begin(c, by, tree.city) == number
    users.add(c, "late", "-", must_change=False, t_s=0, unit=tree.east)
    assert sorted(store.said(c, number, Scope((tree.east,)))) == ["li"]
    assert store.waiting(c, EVERYWHERE, 0) == 3
    assert store.waiting(c, Scope((tree.other,)), 0) == 0


def test_one_campaign_at_a_time_along_the_tree(c: Connection, by: Keeper, tree: Tree) -> None:
    begin(c, by, tree.city)
    assert refused(lambda: begin(c, by, tree.east, "u")) == "cleanup_open"
    assert refused(lambda: begin(c, by, ROOT, "u")) == "cleanup_open"
    assert begin(c, by, tree.other, "u")


def test_a_campaign_needs_days_an_end_and_somebody(c: Connection, by: Keeper, tree: Tree) -> None:
    assert refused(lambda: begin(c, by, tree.city, days=29)) == "out_of_range"
    assert refused(lambda: begin(c, by, tree.city, days=92)) == "nobody_unused"
    assert refused(lambda: cleanup.begin(c, by, tree.city, 90, now_s(), "", "t")) == "end_past"
    narrow = by._replace(scope=Scope((tree.other,)))
    assert refused(lambda: begin(c, narrow, tree.city)) == "not_your_unit"


def test_units_answer_for_their_own_only(c: Connection, by: Keeper, tree: Tree) -> None:
    number = begin(c, by, tree.city)
    west = by._replace(scope=Scope((tree.west,)))
    assert refused(lambda: say(c, west, number, "a", li="disable")) == "not_listed"
    assert refused(lambda: say(c, west, number, "a", wu="disable")) == "not_listed"
    assert say(c, west, number, "a", sun="disable", qian="keep") == 2
    assert store.to_disable(c, number, EVERYWHERE) == ["sun"]
    assert store.to_disable(c, number, EVERYWHERE, "qian") == []
    assert store.sent(c, number, Scope((tree.east,)), 9) == []
    stranger = by._replace(scope=Scope((tree.other,)))
    with pytest.raises(Invalid, match="no_such_cleanup"):
        cleanup.reply(
            c, stranger, number, [Reply("sun", "keep", "")], token="b", file="", seen=seen(c, number)
        )


def test_a_token_counts_once_and_what_somebody_said_meanwhile_is_not_overwritten(
    c: Connection, by: Keeper, tree: Tree
) -> None:
    number = begin(c, by, tree.city)
    before = seen(c, number)
    assert say(c, by, number, "a", sun="keep") == 1
    assert say(c, by, number, "a", sun="disable") == 0
    late = [Reply("sun", "disable", "")]
    assert (
        refused(lambda: cleanup.reply(c, by, number, late, token="b", file="", seen=before))
        == "changed_meanwhile"
    )
    assert store.said(c, number, EVERYWHERE)["sun"]["reply"] == "keep"


def test_who_logs_in_moves_or_is_disabled_drops_out(c: Connection, by: Keeper, tree: Tree) -> None:
    number = begin(c, by, tree.city)
    say(c, by, number, "a", sun="disable", qian="disable", li="disable")
    users.change(c, "sun", last_login_s=now_s())
    users.change(c, "qian", unit=tree.east)
    accounts.disable(c, by, "li", "left")
    assert store.to_disable(c, number, EVERYWHERE) == []
    assert store.counted(c, number, EVERYWHERE) == {"used": 1, "moved": 1, "disabled": 1}


def test_the_end_keeps_what_was_and_nothing_follows(c: Connection, by: Keeper, tree: Tree) -> None:
    number = begin(c, by, tree.city)
    say(c, by, number, "a", sun="disable", qian="unknown")
    cleanup.close(c, by, number, seen(c, number))
    users.change(c, "qian", last_login_s=now_s())
    counts = {"disable": 1, "unknown": 1, "waiting": 1}
    assert store.counted(c, number, EVERYWHERE) == counts
    (west,) = store.by_unit(c, number, Scope((tree.west,)), 9)
    assert west["counts"] == {"disable": 1, "unknown": 1}
    assert store.to_disable(c, number, EVERYWHERE) == []
    assert refused(lambda: say(c, by, number, "b", sun="keep")) == "cleanup_closed"
    assert [row["action"] for row in audit.recent(c, 3)] == [
        "cleanup_closed",
        "cleanup_replied",
        "cleanup_begun",
    ]


# ---- files


def read(data: bytes) -> tuple[list[Reply], list[cleanup.Fault]]:
    table = reading.opened(data)
    return cleanup.read(table.head, table.lines, KNOWN)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_read_in_either_encoding(encoding: str) -> None:
    text = "单位,账号,核实结果,备注\n东城,li,停用,已离职\n东城,wang,,\n东城,zhao,KEEP,"
    assert read(text.encode(encoding)) == ([Reply("li", "disable", "已离职"), Reply("zhao", "keep", "")], [])


def test_faults_are_told_by_line() -> None:
    text = "user name,reply\nli,maybe\nghost,keep\nzhao,keep\nzhao,disable\n"
    replies, faults = read(text.encode())
    told = [(each.line, each.column, each.error.key) for each in faults]
    assert told == [(2, "reply", "no_such_reply"), (3, "user", "not_listed"), (5, "user", "listed_twice")]
    assert replies == [Reply("zhao", "keep", "")]


@pytest.mark.parametrize(
    ("head", "key"), [("账号,备注", "column_needed"), ("账号,核实结果,user name", "column_twice")]
)
def test_a_file_without_its_columns_is_refused(head: str, key: str) -> None:
    assert refused(lambda: read(f"{head}\nli,keep,\n".encode())) == key


@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda t: f"账号,核实结果\n{t}".encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        replies, _faults = read(data)
    except (reading.Unreadable, Invalid):
        return
    assert {each.user for each in replies} <= set(KNOWN)
    assert {each.reply for each in replies} <= set(store.REPLIES)


@given(
    st.dictionaries(
        st.sampled_from(KNOWN),
        st.tuples(
            st.sampled_from(store.REPLIES),
            st.integers(0, 2),
            st.text("停用 a,\"';0", max_size=12).map(str.strip),
        ),
    ),
    st.sampled_from(["utf-8", "gb18030"]),
)
def test_what_a_unit_writes_is_what_is_read(said: dict[str, tuple[str, int, str]], encoding: str) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEAD)
    for name, (reply, word, remark) in said.items():
        words = cleanup.WORDS[reply]
        writer.writerow([name, words[word % len(words)], remark])
    expected = [Reply(name, reply, remark) for name, (reply, _word, remark) in said.items()]
    assert read(out.getvalue().encode(encoding)) == (expected, [])
