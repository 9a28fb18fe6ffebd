"""The policy of accounts: within its bounds, of one version, and obeyed by passwords, locks and sessions."""

import pytest
from argon2 import PasswordHasher

from station import access
from station.access import people, policy, sessions
from station.access.policy import DAY_S, DEFAULT, NUMBERS, Policy
from station.errors import FieldError, Invalid
from station.store import audit, passwords, users, web_sessions
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
FIRST, T_S = "First-horse-01", 1_790_000_000


@pytest.fixture(autouse=True)
def cheap_hash(monkeypatch):
    monkeypatch.setattr(people, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def li(c):
    users.add(c, "li", people._hasher.hash(FIRST), must_change=False, t_s=T_S)
    return "li"


def demand(c, **facts):
    held = policy.policy(c)
    policy.change(c, "admin", held._asdict() | facts, policy.version(held), "because")


def test_a_new_station_has_the_defaults_and_they_lie_within_the_bounds(c):
    assert policy.policy(c) == Policy() == DEFAULT
    for name, (default, least, most) in NUMBERS.items():
        assert least <= default <= most
        assert getattr(DEFAULT, name) == default
    assert DEFAULT.factor == ()
    assert {"control", "prepaid", "accounts", "policy"} <= set(policy.ADVISED)


@pytest.mark.parametrize("name", NUMBERS)
def test_nothing_beyond_the_bounds(c, name):
    _default, least, most = NUMBERS[name]
    for wrong in (least - 1, most + 1, "12", None, True):
        with pytest.raises(Invalid, match=name):
            demand(c, **{name: wrong})
    for right in (least, most):
        demand(c, **{name: right})
        assert getattr(policy.policy(c), name) == right


def test_a_change_wants_a_reason_a_fresh_version_and_known_functions(c):
    seen = policy.version(policy.policy(c))
    for wrong in ("", "  ", "x" * 201):
        with pytest.raises(Invalid, match="reason"):
            policy.change(c, "admin", DEFAULT._asdict(), seen, wrong)
    with pytest.raises(Invalid, match="factor"):
        demand(c, factor=["flying"])
    demand(c, idle_min=30, factor=["policy", "control"])
    with pytest.raises(Invalid, match="changed_meanwhile"):
        policy.change(c, "admin", DEFAULT._asdict(), seen, "late")
    told = audit.recent(c)[0]
    assert told["detail"]["changed"] == {"idle_min": [15, 30], "factor": [[], ["control", "policy"]]}
    assert told["detail"]["reason"] == "because"


def test_none_of_the_last_passwords_is_taken_again(c, li):
    demand(c, history=3)
    used = [f"Horse-number-{n}" for n in range(5)]
    for old, new in zip([FIRST, *used], used, strict=False):
        access.change_password(c, li, old, new)
    with pytest.raises(Invalid, match="password_same"):
        access.change_password(c, li, used[4], used[4])
    for again in (used[3], used[2]):
        with pytest.raises(Invalid, match="password_used"):
            access.change_password(c, li, used[4], again)
    access.change_password(c, li, used[4], used[1])
    assert len(passwords.newest(c, li, 99)) == 7


def test_the_password_from_before_the_first_change_counts_too(c, li):
    access.change_password(c, li, FIRST, "Fresh-horse-01")
    with pytest.raises(Invalid, match="password_used"):
        access.change_password(c, li, "Fresh-horse-01", FIRST)


def test_a_policy_that_is_taken_back_is_no_duty_any_more(c, li):
    demand(c, change_days=90)
    access.login(c, li, FIRST, T_S + 90 * DAY_S)
    demand(c, change_days=0)
    found = access.login(c, li, FIRST, T_S + 90 * DAY_S)
    assert not isinstance(found, FieldError)
    assert found["must_change"] == 0


def test_no_more_hashes_are_kept_than_a_policy_can_ask_for(c, li):
    for n in range(passwords.KEPT + 5):
        passwords.add(c, li, str(n), T_S + n)
    kept = passwords.newest(c, li, 99)
    assert (len(kept), kept[0]) == (passwords.KEPT, str(passwords.KEPT + 4))
    assert passwords.KEPT >= NUMBERS["history"][2]


def test_length_and_kinds_follow_the_policy(c, li):
    demand(c, length=16, classes=4)
    with pytest.raises(Invalid, match="password_short"):
        access.change_password(c, li, FIRST, "Short-horse-012")
    with pytest.raises(Invalid, match="password_simple"):
        access.change_password(c, li, FIRST, "Longerhorse012345")
    access.change_password(c, li, FIRST, "Longer-horse-012345")


def test_an_old_password_is_to_be_changed_after_the_next_log_in(c, li):
    demand(c, change_days=90)
    young = access.login(c, li, FIRST, T_S + 90 * DAY_S - 1)
    old = access.login(c, li, FIRST, T_S + 90 * DAY_S)
    assert not isinstance(young, FieldError)
    assert not isinstance(old, FieldError)
    assert (young["must_change"], old["must_change"]) == (0, people.OLD)
    assert access.change_password(c, li, FIRST, "Fresh-horse-01")["must_change"] == 0


def test_locks_follow_the_policy(c, li):
    demand(c, failures=3, lock_min=60)
    told = [access.login(c, li, "wrong", T_S) for _ in range(3)]
    assert [each.key for each in told if isinstance(each, FieldError)] == ["login_failed"] * 2 + [
        "login_locked"
    ]
    assert isinstance(access.login(c, li, FIRST, T_S + 3599), FieldError)
    assert not isinstance(access.login(c, li, FIRST, T_S + 3600), FieldError)


def begin(c, secret, t_s=T_S, held=DEFAULT):
    sessions.begin(c, held, "li", secret, t_s, "10.0.0.1", "Chrome")


def why(c, secret, t_s, seen_s=0.0, held=DEFAULT):
    return sessions.over(web_sessions.get(c, sessions.digest(secret)), held, seen_s, t_s)


def test_a_session_is_over_by_standing_still_and_by_age(c, li):
    begin(c, "one")
    idle_s, longest_s = DEFAULT.idle_min * 60, DEFAULT.longest_h * 3600
    assert why(c, "one", T_S + idle_s) == ""
    assert why(c, "one", T_S + idle_s + 1) == sessions.IDLE
    assert why(c, "one", T_S + idle_s + 1, seen_s=T_S + 60) == ""
    assert why(c, "one", T_S + longest_s, seen_s=T_S + longest_s) == ""
    assert why(c, "one", T_S + longest_s + 1, seen_s=T_S + longest_s) == sessions.LONG
    assert why(c, "never begun", T_S) == sessions.LEFT


def test_an_ended_one_never_opens_again_and_its_secret_is_not_kept(c, li):
    begin(c, "one")
    begin(c, "two")
    assert sessions.end_others(c, "li", "two", T_S) == 1
    assert (why(c, "one", T_S, seen_s=T_S), why(c, "two", T_S)) == (sessions.TAKEN, "")
    assert sessions.end_others(c, "li", "two", T_S) == 0
    assert "one" not in [row["hash"] for row in web_sessions.of(c, "li", 9)]
    number = web_sessions.of(c, "li", 9)[0]["id"]
    assert not sessions.end_one(c, "wang", number, T_S)
    assert sessions.end_one(c, "li", number, T_S)
    assert not sessions.end_one(c, "li", number, T_S)


def test_one_session_of_a_person_where_the_policy_wants_it(c, li):
    begin(c, "one")
    begin(c, "two", held=DEFAULT._replace(single=1))
    assert (why(c, "one", T_S), why(c, "two", T_S)) == (sessions.ELSEWHERE, "")


def test_a_new_password_ends_all(c, li):
    begin(c, "one")
    access.change_password(c, li, FIRST, "Fresh-horse-01")
    assert why(c, "one", T_S) == sessions.TAKEN
    begin(c, "two")
    access.reset(c, li, "admin")
    assert why(c, "two", T_S) == sessions.TAKEN


def test_old_rows_go(c, li):
    begin(c, "one")
    begin(c, "two", T_S + web_sessions.KEPT_S + 1)
    assert [row["hash"] for row in web_sessions.of(c, "li", 9)] == [sessions.digest("two")]
