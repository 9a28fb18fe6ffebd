"""Proposals as people make and decide them, and the work that follows. Call the changing ones in db.writing.

Approval and execution are transactions of their own: who is killed between them leaves an approved proposal,
which the next look takes up (`work`, called by the process that dispatches). Each affected one is done in the
transaction that notes it, so nothing is done twice.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Engine

from station.access.rights import Rights, rights_of, where
from station.approvals import machine, units
from station.approvals.kinds import KINDS
from station.approvals.machine import Preview, hash_of
from station.approvals.policy import Leave
from station.checks import refuse
from station.errors import FieldError, Invalid
from station.store import approvals as store
from station.store import audit, db, org
from station.store.scope import Scope

MOST = 20_000  # affected of one proposal
BATCH = 200  # done in one transaction: some 0.2 s
Row = dict[str, Any]
Content = Mapping[str, Any]


def look(c: Connection, kind: str, content: Content) -> tuple[Preview, str, str | None]:
    """(whom it affects now, the hash of that, the operation for which it needs two or None)."""
    seen = KINDS[kind].preview(c, content)
    return seen, hash_of(kind, content, seen), KINDS[kind].operation(c, content, seen)


def propose(
    c: Connection,
    kind: str,
    content: Content,
    author: str,
    scope: Scope,
    reason: str,
    *,
    token: str,
    ticket: str = "",
    emergency: bool = False,
    shown: str | None = None,
) -> int:
    """Draft; returns its id, of the first one where `token` was used before. `scope`: where the author may.

    Without an operation that needs two, or as an emergency, it is approved at once; rights and units wait
    all the same: no fire asks for them. Invalid says why not; `shown` is the hash that the author saw.
    """
    earlier = store.by_token(c, token)
    if earlier is not None:
        return earlier
    seen, digest, operation = look(c, kind, content)
    _check(c, seen, scope, reason, ticket)
    if shown not in (None, digest):
        raise Invalid(FieldError("", "changed_meanwhile"))
    at, emergency = db.now_s(), emergency and not (KINDS[kind].people or KINDS[kind].units)
    number = store.add(
        c,
        [each._asdict() | {"flags": " ".join(each.flags)} for each in seen.affected],
        token=token,
        kind=kind,
        operation=operation or "",
        unit=org.nearest_above(c, {each.unit for each in seen.affected}),
        content=content,
        hash=digest,
        affected=len(seen.affected),
        flags=seen.counts,
        author=author,
        reason=reason.strip(),
        ticket=ticket.strip(),
        drafted_s=at,
        expires_s=at + machine.VALID_S,
        state="drafted",
        emergency=int(emergency and operation is not None),
    )
    told = {"kind": kind, "operation": operation or "", "hash": digest, "affected": len(seen.affected)}
    _note(c, author, "proposed", number, reason=reason.strip(), ticket=ticket.strip(), **told)
    if operation is None or emergency:
        store.move(c, number, "drafted", "approved", decided_s=at)
        _note(c, author, "proposal_emergency" if operation else "proposal_by_policy", number)
    return number


def _check(c: Connection, seen: Preview, scope: Scope, reason: str, ticket: str) -> None:
    problems: list[FieldError] = []
    if not reason.strip():
        problems.append(FieldError("reason", "needed"))
    for field, text, most in (
        ("reason", reason, machine.REASON_CHARS),
        ("ticket", ticket, machine.TICKET_CHARS),
    ):
        if len(text) > most:
            problems.append(FieldError(field, "too_long", {"most": most}))
    if not seen.affected:
        problems.append(FieldError("", "nothing_affected"))
    if len(seen.affected) > MOST:
        problems.append(FieldError("", "too_many_affected", {"most": MOST}))
    if not all(scope.holds(c, unit) for unit in {each.unit for each in seen.affected}):
        problems.append(FieldError("", "no_right_there"))
    refuse(problems)


# ---- deciding


def approve_scopes(rights: Rights) -> dict[str, Scope]:
    """{kind: where one may approve it}."""
    return {kind: where(rights, row.approve) for kind, row in KINDS.items()}


def approve(c: Connection, number: int, who: str, shown: str, remark: str = "") -> FieldError | None:
    """Approve what `who` saw, whose hash is `shown`; None, or why not. Commit either way: a change is noted.

    The caller has made sure that it is still `who` at the desk (station.access.confirm).
    """
    row, at = _row(c, number), db.now_s()
    wrong = machine.refusal(row, who, shown, _covers(c, row, who, at), at)
    if wrong is None and concerns(c, row, who):
        wrong = FieldError("", "own_account")
    if wrong is not None:
        return wrong
    if _changed(c, row):
        store.move(c, number, "drafted", "expired", ended_s=at, why="changed_meanwhile")
        _note(c, who, "proposal_void", number)
        return FieldError("", "changed_meanwhile")
    store.move(c, number, "drafted", "approved", approver=who, decided_s=at, remark=remark)
    _note(c, who, "proposal_approved", number, hash=row["hash"], remark=remark)
    return None


def concerns(c: Connection, row: Row, who: str) -> bool:
    """Whether it is done to `who` himself, or changes what he sees."""
    kind = KINDS[row["kind"]]
    target = units.PERSON + who if kind.units else who
    return (kind.people or kind.units) and store.affects(c, row["id"], target)


def turn_down(c: Connection, number: int, who: str, remark: str) -> FieldError | None:
    """Refuse it, with a reason."""
    row, at = _row(c, number), db.now_s()
    if not remark.strip():
        return FieldError("remark", "needed")
    wrong = machine.refusal(row, who, row["hash"], _covers(c, row, who, at), at)
    if wrong is None:
        store.move(c, number, "drafted", "refused", approver=who, decided_s=at, ended_s=at, remark=remark)
        _note(c, who, "proposal_refused", number, remark=remark)
    return wrong


def withdraw(c: Connection, number: int, who: str) -> FieldError | None:
    row = _row(c, number)
    if row["author"] != who:
        return FieldError("", "not_yours")
    if not store.move(c, number, "drafted", "withdrawn", ended_s=db.now_s()):
        return FieldError("", "already_decided", {"state": row["state"]})
    _note(c, who, "proposal_withdrawn", number)
    return None


def review(c: Connection, number: int, who: str, text: str) -> FieldError | None:
    """Look afterwards at what was done in an emergency."""
    row, at = _row(c, number), db.now_s()
    if not row["emergency"] or row["reviewed_s"] is not None:
        return FieldError("", "nothing_to_review")
    if who == row["author"]:
        return FieldError("", "same_person")
    if not _covers(c, row, who, at):
        return FieldError("", "no_right_there")
    if not text.strip():
        return FieldError("remark", "needed")
    store.change(c, number, reviewer=who, reviewed_s=at, review=text.strip())
    _note(c, who, "proposal_reviewed", number, review=text.strip())
    return None


def _row(c: Connection, number: int) -> Row:
    row = store.get(c, number)
    assert row is not None, "the doors look first"
    return row


def _covers(c: Connection, row: Row, who: str, t_s: int) -> bool:
    """With the right over every affected one, and not because the author handed it over."""
    rights = rights_of(c, who, t_s, but_from=row["author"])
    return store.covers(c, row["id"], where(rights, KINDS[row["kind"]].approve))


def _changed(c: Connection, row: Row) -> bool:
    seen = KINDS[row["kind"]].preview(c, row["content"])
    return hash_of(row["kind"], row["content"], seen) != row["hash"]


# ---- doing


def work(engine: Engine, t_s: int) -> None:
    """End what is over and go on with what was approved. Call often; a room of the dispatcher."""
    with db.reading(engine) as c:
        due = [row["id"] for row in store.due(c, t_s)]
    for number in due:
        with db.writing(engine) as c:
            step(c, number, t_s)


def step(c: Connection, number: int, t_s: int) -> bool:
    """Take a proposal one batch further; True while there is more."""
    row = _row(c, number)
    if row["state"] not in machine.OPEN:
        return False
    if machine.expired(row, t_s):
        return _end(c, row, "expired" if row["state"] == "drafted" else "failed", t_s, "proposal_expired")
    if row["state"] == "drafted":
        return False
    if row["started_s"] is None:
        if _changed(c, row):
            return _end(c, row, "failed", t_s, "changed_meanwhile")
        store.change(c, number, started_s=t_s)
    for target in store.targets(c, number, BATCH, state="waiting"):
        _do(c, row, target)
    counted = store.states(c, number)
    if counted.get("waiting"):
        return True
    return _end(c, row, "executed" if counted.get("done") else "failed", t_s, "", counted)


def _do(c: Connection, row: Row, target: Row) -> None:
    """One target, in a savepoint: what a room refuses for one leaves no trace and stops no other."""
    second = "approved" if row["approver"] else "emergency" if row["emergency"] else "policy"
    leave = Leave(second, row["approver"], row["id"])
    try:
        with c.begin_nested():
            command = KINDS[row["kind"]].each(c, row["content"], target["target"], row["author"], leave)
    except Invalid as invalid:
        store.settle(c, row["id"], target, "failed", why=invalid.errors[0].key)
    else:
        store.settle(c, row["id"], target, "done", command=command)


def _end(c: Connection, row: Row, state: str, t_s: int, why: str, result: Row | None = None) -> bool:
    store.move(c, row["id"], row["state"], state, ended_s=t_s, why=why, result=result)
    _note(c, row["approver"] or row["author"], f"proposal_{state}", row["id"], why=why, **(result or {}))
    return False


def _note(c: Connection, who: str, action: str, number: int, **detail: Any) -> None:
    audit.add(c, who, action, f"proposal {number}", **detail)
