"""Codes of a telephone against RFC 6238; taken once; failures count as those of the password."""

import base64

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from station import access
from station.access import factor, people
from station.access.policy import DEFAULT
from station.errors import FieldError, Invalid
from station.settings import Settings
from station.store import audit, factors, users
from tests.unit.station.conftest import c, engine, settings, template

__all__ = ["c", "engine", "settings", "template"]
# RFC 6238, appendix B, SHA-1: the key, and (time, last six of the eight digits)
KEY = base64.b32encode(b"12345678901234567890").decode()
VECTORS = (
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
)
PASSWORD, T_S = "Long-enough-2026", 1_800_000_000


@pytest.fixture
def li(c: Connection) -> str:
    users.add(c, "li", people._hasher.hash(PASSWORD), must_change=False, t_s=0)
    return "li"


def code(at_s: int) -> str:
    return HOTP(base64.b32decode(KEY), 6, SHA1()).generate(at_s // 30).decode()


CODES = {offset: code(T_S + offset) for offset in (-60, -30, 0, 30, 60, 90)}


@pytest.fixture
def on(c: Connection, settings: Settings, li: str) -> list[str]:
    """It is on since two minutes; the recovery codes."""
    return factor.turn_on(c, settings, li, KEY, code(T_S - 120), T_S - 120)


@pytest.mark.parametrize(("t_s", "want"), VECTORS)
def test_codes_are_those_of_the_rfc(t_s: int, want: str) -> None:
    assert factor.step_of(KEY, want, t_s, 0) == t_s // 30


@pytest.mark.parametrize("offset", [-30, 0, 30])
def test_a_clock_may_be_a_step_off(c: Connection, settings: Settings, on: list[str], offset: int) -> None:
    assert factor.passes(c, settings, "li", CODES[offset], T_S)


@pytest.mark.parametrize("offset", [-60, 60])
def test_not_more_than_a_step(c: Connection, settings: Settings, on: list[str], offset: int) -> None:
    assert not factor.passes(c, settings, "li", CODES[offset], T_S)


def test_a_code_is_taken_once_and_none_before_it_after(
    c: Connection, settings: Settings, on: list[str]
) -> None:
    assert factor.passes(c, settings, "li", CODES[0], T_S)
    assert not factor.passes(c, settings, "li", CODES[0], T_S)
    assert not factor.passes(c, settings, "li", CODES[-30], T_S)
    assert factor.passes(c, settings, "li", CODES[30], T_S)


def test_a_recovery_code_works_once_written_in_any_way(
    c: Connection, settings: Settings, on: list[str]
) -> None:
    assert len(set(on)) == factor.CODES
    assert factor.passes(c, settings, "li", on[0].lower(), T_S)
    assert not factor.passes(c, settings, "li", on[0], T_S)
    assert factor.passes(c, settings, "li", on[1].replace("-", ""), T_S)
    assert factor.since(c, "li") == (T_S - 120, factor.CODES - 2)
    fresh = factor.new_codes(c, "li")
    assert not factor.passes(c, settings, "li", on[2], T_S)
    assert factor.passes(c, settings, "li", fresh[0], T_S)


@given(st.text(max_size=30))
def test_whatever_is_typed_is_a_code_or_not(text: str) -> None:
    step = factor.step_of(KEY, text, T_S, 0)
    assert step is None or text in CODES.values()


@pytest.mark.parametrize("secret", ["", "AAAA", "not base 32", KEY + "AAAA"])
def test_only_a_whole_secret_with_its_code_is_taken(
    c: Connection, settings: Settings, li: str, secret: str
) -> None:
    with pytest.raises(Invalid, match="code_wrong"):
        factor.turn_on(c, settings, li, secret, CODES[0], T_S)
    with pytest.raises(Invalid, match="code_wrong"):
        factor.turn_on(c, settings, li, KEY, "000000", T_S)
    assert not factor.has(c, li)


def test_the_secret_lies_sealed_and_codes_hashed(c: Connection, settings: Settings, on: list[str]) -> None:
    held = factors.get(c, "li")
    assert held
    assert KEY.encode() not in held["secret"]
    assert KEY not in str([row["detail"] for row in audit.recent(c, 50)])


def test_the_password_alone_does_not_enter(c: Connection, settings: Settings, on: list[str]) -> None:
    assert access.login(c, "li", PASSWORD, T_S) == FieldError("code", "code_needed")
    row = users.get(c, "li")
    assert row
    assert row["last_login_s"] is None
    entered = access.login_code(c, settings, "li", row["session"], CODES[0], T_S)
    assert isinstance(entered, dict)
    assert entered["last_login_s"] == T_S


def test_wrong_codes_lock_and_the_password_does_not_buy_new_ones(
    c: Connection, settings: Settings, on: list[str]
) -> None:
    told = []
    for _try in range(DEFAULT.failures):
        access.login(c, "li", PASSWORD, T_S)
        told.append(access.login_code(c, settings, "li", 1, "000000", T_S))
    assert [each.key for each in told if isinstance(each, FieldError)] == ["code_wrong"] * 4 + [
        "login_locked"
    ]
    locked = access.login_code(c, settings, "li", 1, CODES[0], T_S)
    assert isinstance(locked, FieldError)
    assert locked.key == "login_locked"


def test_a_password_changed_meanwhile_ends_what_is_halfway(
    c: Connection, settings: Settings, on: list[str]
) -> None:
    users.change(c, "li", session=2)
    assert access.login_code(c, settings, "li", 1, CODES[0], T_S) == FieldError("", "login_failed")


def test_who_decides_proves_both(c: Connection, settings: Settings, on: list[str]) -> None:
    for password, typed, field in (("wrong", CODES[0], "password"), (PASSWORD, "", "code")):
        wrong = access.confirm(c, settings, "li", password, typed, T_S)
        assert wrong
        assert wrong.field == field
    assert access.confirm(c, settings, "li", PASSWORD, CODES[0], T_S) is None
    used = access.confirm(c, settings, "li", PASSWORD, CODES[0], T_S)
    assert used
    assert used.key == "code_wrong"


def test_turned_off_the_password_is_enough(c: Connection, settings: Settings, on: list[str]) -> None:
    factor.turn_off(c, "keeper", "li")
    assert audit.recent(c, 1)[0]["action"] == "factor_off"
    assert isinstance(access.login(c, "li", PASSWORD, T_S), dict)
    assert not factors.use_code(c, "li", factor._hash(on[0]), T_S)
    with pytest.raises(Invalid, match="no_such_user"):
        factor.turn_off(c, "keeper", "nobody")
