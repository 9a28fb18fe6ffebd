"""The two-person rule: who may, what is bound, when it ends, and that it is done once."""

import json

import pytest

from protocols.uplink import messages, topics
from protocols.uplink.codes import ADDRESSED, TO_MANY
from protocols.uplink.envelope import unseal
from station import controls
from station.approvals import kinds, life, policy
from station.commands.dispatcher import sealed
from station.errors import Invalid
from station.store import approvals as store
from station.store import audit, commands, db, devices, org
from station.store.scope import EVERYWHERE, Scope
from tests.unit.station_approvals.conftest import tell

TRIP = controls.trip([1], 0, 0)


def group(names, **more):
    return kinds.command(list(names), messages.TRIP, TRIP | more, 300, "", TO_MANY)


def propose(c, content, token="a", **more):
    return life.propose(
        c,
        "control",
        content,
        "ann",
        more.pop("scope", EVERYWHERE),
        more.pop("reason", "drill"),
        token=token,
        **more,
    )


def digest(c, number):
    return store.get(c, number)["hash"]


def decide(c, number, who="bob"):
    wrong = life.approve(c, number, who, digest(c, number))
    return wrong.key if wrong else None


def do(c, number):
    while life.step(c, number, db.now_s()):
        pass
    return store.get(c, number)["state"]


def sent(c):
    return [(row["device"], row["kind_name"]) for row in commands.in_states(c, *commands.STATES)]


def test_an_approved_trip_of_many_is_one_command_each_with_both_names(c, fleet):
    number = propose(c, group(fleet))
    assert do(c, number) == "drafted"
    assert sent(c) == []
    assert decide(c, number) is None
    assert do(c, number) == "executed"
    assert sent(c) == [(device, "trip") for device in fleet]
    for device in fleet:
        row = commands.get(c, device, 1)
        facts = {name: row[name] for name in ("author", "approver", "second", "proposal", "scope")}
        assert facts == {
            "author": "ann",
            "approver": "bob",
            "second": "approved",
            "proposal": number,
            "scope": 1,
        }


@pytest.mark.parametrize(
    ("who", "why"), [("ann", "same_person"), ("eva", "no_right_there"), ("li", "no_right_there")]
)
def test_who_may_not_approve(c, tree, fleet, who, why):
    org.grant(c, "ann", "approver", tree.city, "test", from_s=0)
    number = propose(c, group(fleet))
    assert decide(c, number, who) == why
    assert store.get(c, number)["state"] == "drafted"


def test_a_right_that_the_author_handed_over_is_no_second_person(c, tree, fleet):
    org.grant(c, "li", "approver", tree.city, "ann", from_s=0, instead_of="ann")
    number = propose(c, group(fleet))
    assert decide(c, number, "li") == "no_right_there"
    org.grant(c, "li", "approver", tree.city, "test", from_s=0)
    assert decide(c, number, "li") is None


def test_the_author_must_have_the_right_over_all(c, tree, fleet):
    with pytest.raises(Invalid, match="no_right_there"):
        propose(c, group(fleet), scope=Scope((tree.east,)))
    with pytest.raises(Invalid, match="nothing_affected"):
        propose(c, group(["T9"]))
    with pytest.raises(Invalid, match="reason: needed"):
        propose(c, group(fleet), reason=" ")


@pytest.mark.parametrize(
    "change",
    [
        lambda c, tree: tell(c, "T2", guarantee=1),
        lambda c, tree: devices.change(c, "T2", unit=tree.west),
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_what_changed_meanwhile_makes_it_void(c, tree, fleet, change, when):
    number = propose(c, group(fleet))
    if when == "after":
        assert decide(c, number) is None
    change(c, tree)
    if when == "before":
        assert decide(c, number) == "changed_meanwhile"
    assert do(c, number) == {"before": "expired", "after": "failed"}[when]
    assert store.get(c, number)["why"] == "changed_meanwhile"
    assert sent(c) == []


def test_the_approver_must_have_seen_this_very_content(c, fleet):
    one, other = propose(c, group(fleet)), propose(c, group(fleet, delay_s=60), "b")
    assert digest(c, one) != digest(c, other)
    wrong = life.approve(c, one, "bob", digest(c, other))
    assert wrong is not None
    assert wrong.key == "changed_meanwhile"


@pytest.mark.parametrize("approved", [True, False])
def test_it_ends_after_half_an_hour(c, fleet, approved):
    number = propose(c, group(fleet))
    if approved:
        assert decide(c, number) is None
    row = store.get(c, number)
    assert row["expires_s"] - row["drafted_s"] == 1800
    life.step(c, number, row["expires_s"])
    assert store.get(c, number)["state"] == ("failed" if approved else "expired")
    assert sent(c) == []
    assert decide(c, number) == "already_decided"


def test_two_presses_are_one_proposal_one_approval_and_one_execution(c, fleet):
    number = propose(c, group(fleet))
    assert propose(c, group(fleet)) == number
    assert [decide(c, number), decide(c, number)] == [None, "already_decided"]
    for _again in range(3):
        assert do(c, number) == "executed"
    assert len(sent(c)) == 3


def test_who_was_killed_between_approval_and_execution_is_followed_once(engine, c, fleet, monkeypatch):
    number = propose(c, group(fleet))
    assert decide(c, number) is None
    c.commit()
    monkeypatch.setattr(life, "BATCH", 1)
    with db.writing(engine) as other:
        assert life.step(other, number, db.now_s())  # the first of three; then it was killed
    for _look in range(3):
        life.work(engine, db.now_s())
    with db.reading(engine) as other:
        assert len(sent(other)) == 3
        assert store.get(other, number)["state"] == "executed"  # pyright: ignore[reportOptionalSubscript]


def test_what_a_room_refuses_for_one_is_told_and_stops_no_other(c, fleet, monkeypatch):
    number = propose(c, group(fleet))
    assert decide(c, number) is None
    real = controls.submit

    def refuse_t2(c, device, *rest, **more):
        made = real(c, device, *rest, **more)
        if device == "T2":
            raise Invalid(life.FieldError("", "deadline_past"))
        return made

    monkeypatch.setattr(controls, "submit", refuse_t2)
    assert do(c, number) == "executed"
    assert sent(c) == [("T1", "trip"), ("T3", "trip")]
    assert store.get(c, number)["result"] == {"done": 2, "failed": 1}
    assert store.undone(c, number) == ["T2"]


def test_an_emergency_goes_at_once_and_waits_for_another_persons_review(c, fleet):
    number = propose(c, group(fleet), emergency=True)
    assert do(c, number) == "executed"
    row = commands.get(c, "T1", 1)
    assert (row["second"], row["approver"]) == ("emergency", None)
    scopes = life.approve_scopes(life.rights_of(c, "bob", db.now_s()))
    assert store.waiting(c, "bob", scopes, db.now_s()) == 1
    assert [life.review(c, number, who, "right").key for who in ("ann", "eva")] == [  # pyright: ignore[reportOptionalMemberAccess]
        "same_person",
        "no_right_there",
    ]
    assert life.review(c, number, "bob", "right") is None
    assert store.waiting(c, "bob", scopes, db.now_s()) == 0
    assert store.get(c, number)["reviewer"] == "bob"


def test_refused_and_withdrawn_are_the_end(c, fleet):
    first, second = propose(c, group(fleet)), propose(c, group(fleet), "b")
    assert life.turn_down(c, first, "bob", "").key == "needed"  # pyright: ignore[reportOptionalMemberAccess]
    assert life.turn_down(c, first, "bob", "not today") is None
    assert life.withdraw(c, second, "bob").key == "not_yours"  # pyright: ignore[reportOptionalMemberAccess]
    assert life.withdraw(c, second, "ann") is None
    assert [decide(c, number) for number in (first, second)] == ["already_decided"] * 2
    assert [do(c, number) for number in (first, second)] == ["refused", "withdrawn"]
    assert sent(c) == []


def test_every_step_stands_in_the_audit(c, fleet):
    number = propose(c, group(fleet), ticket="WO-7")
    decide(c, number)
    do(c, number)
    told = [r for r in reversed(audit.recent(c)) if r["subject"] == f"proposal {number}"]
    assert [(r["author"], r["action"]) for r in told] == [
        ("ann", "proposed"),
        ("bob", "proposal_approved"),
        ("bob", "proposal_executed"),
    ]
    assert json.loads(json.dumps(told[0]["detail"]))["ticket"] == "WO-7"


# ---- the policy at the one door of commands


def test_a_command_that_needs_two_does_not_pass_the_door_alone(c, fleet):
    tell(c, "T2", guarantee=1)
    release = controls.guarantee(False)
    for device, kind, params, scope in (
        ("T1", messages.GUARANTEE, release, ADDRESSED),
        ("T1", messages.EXCLUSION, {"on": 1}, ADDRESSED),
        ("T1", messages.TRIP, TRIP, TO_MANY),
        ("T2", messages.TRIP, TRIP, ADDRESSED),
    ):
        with pytest.raises(Invalid, match="needs_two"):
            controls.submit(c, device, kind, params, "ann", scope=scope)
    assert sent(c) == []
    assert controls.submit(c, "T1", messages.TRIP, TRIP, "ann") == 1
    assert controls.submit(c, "T1", messages.GUARANTEE, controls.guarantee(True), "ann") == 2


ASK = policy.Asked
BIG = {"value_wh": 2_000_000_000, "flag": 85}


@pytest.mark.parametrize(
    ("asked", "operation"),
    [
        (ASK(messages.TRIP, TRIP), None),
        (ASK(messages.TRIP, TRIP, 2), "control_many"),
        (ASK(messages.PERMIT_CLOSE, {"rounds": 1}, 2), None),
        (ASK(messages.TRIP, TRIP, 1, frozenset({"excluded"})), "key_customer"),
        (ASK(messages.PURCHASE, BIG), "purchase"),
        (ASK(messages.PURCHASE, BIG | {"value_wh": 10**9}), None),
        (ASK(messages.PURCHASE, {"value_wh": 5, "flag": 170}, remaining=6), "refund"),
        (ASK(messages.PURCHASE, {"value_wh": 6, "flag": 170}, remaining=6), None),
        (ASK(messages.FEE_ORDER, {"value_yuan_e4": 2 * 10**10, "flag": 85}), "purchase_fee"),
        (ASK(messages.PARAMETERS, {"section": 4}), "thresholds"),
        (ASK(messages.PARAMETERS, {"section": 9}), "prices"),
        (ASK(messages.PARAMETERS, {"section": 3}), None),
    ],
)
def test_what_needs_two(c, asked, operation):
    assert policy.needed(policy.rules(c), asked) == operation


def test_a_house_of_one_switches_it_off_with_a_reason_in_the_audit(c, fleet, settings):
    seen = policy.rules(c)
    wanted = {name: dict(rule) for name, rule in seen.items()}
    wanted["guarantee_release"]["on"] = False
    with pytest.raises(Invalid, match="reason: needed"):
        policy.change(c, "sec", wanted, policy.version(seen), "")
    policy.change(c, "sec", wanted, policy.version(seen), "one operator")
    with pytest.raises(Invalid, match="changed_meanwhile"):
        policy.change(c, "sec", wanted, policy.version(seen), "one operator")
    told = audit.recent(c)[0]["detail"]
    assert (told["before"], told["after"]) == (
        {"guarantee_release": {"on": True, "limit": None}},
        {"guarantee_release": {"on": False, "limit": None}},
    )
    number = controls.submit(c, "T1", messages.GUARANTEE, controls.guarantee(False), "ann")
    assert two_seals(c, settings, number) == ("policy", True)
    plain = controls.submit(c, "T1", messages.PERMIT_CLOSE, controls.permit([1]), "ann")
    assert two_seals(c, settings, plain) == (None, False)


def two_seals(c, settings, number):
    row = commands.get(c, "T1", number)
    assert row is not None
    keys = [settings.key("T1", role) for role in ("operator", "approver")]
    _body, approved = unseal(keys[0], topics.CMD, "T1", sealed(settings, row), keys[1])
    return row["second"], approved
