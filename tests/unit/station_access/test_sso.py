"""Settings of single sign-on, and the word of a provider: whatever comes raises nothing but Invalid."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import RSAKey

from station.access import openid, sso
from station.errors import Invalid
from station.settings import SingleSignOn, safe_address

KEY = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
KEYS = {"keys": [KEY.as_dict(private=False)]}
HELD = SingleSignOn(issuer="https://id.example", client="us", secret="s")
T_S = 1_800_000_000
TRUE = {"iss": HELD.issuer, "aud": "us", "sub": "1", "iat": T_S, "exp": T_S + 300, "nonce": "n"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def signed(claims: dict[str, Any], **header: Any) -> str:
    return jwt.encode({"alg": "RS256", "kid": "one"} | header, claims, KEY, ["RS256"])


def read(tmp_path: Path, **told: str) -> SingleSignOn | None:
    return SingleSignOn.read(
        {f"LOADKEEPER_SSO_{name}": each for name, each in told.items()}, tmp_path / "sso-secret"
    )


def test_nothing_set_is_no_provider(tmp_path: Path) -> None:
    assert read(tmp_path) is None
    assert read(tmp_path, LABEL="State Grid", SECRET="s") is None


@pytest.mark.parametrize(
    ("told", "lacks"),
    [
        ({"ISSUER": "https://id.example"}, "set LOADKEEPER_SSO_CLIENT and LOADKEEPER_SSO_SECRET"),
        ({"CLIENT": "us", "SECRET": "s"}, "set LOADKEEPER_SSO_ISSUER"),
        ({"ISSUER": "https://id.example", "CLIENT": "us"}, "sso-secret"),
        ({"ISSUER": "http://id.example", "CLIENT": "us", "SECRET": "s"}, "https://"),
    ],
)
def test_half_of_it_says_what_is_missing(tmp_path: Path, told: dict[str, str], lacks: str) -> None:
    with pytest.raises(ValueError, match=lacks):
        read(tmp_path, **told)


def test_the_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "sso-secret").write_text("from the file\n")
    found = read(tmp_path, ISSUER="https://id.example", CLIENT="us", CLAIM="account", FACTOR="1")
    assert found == SingleSignOn(
        issuer="https://id.example", client="us", secret="from the file", claim="account", factor=True
    )


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://id.example/realm", True),
        ("http://127.0.0.1:8080", True),
        ("http://[::1]/", True),
        ("http://localhost.evil.example", False),
        ("http://id.example", False),
        ("https://", False),
        ("https://[", False),
        ("ftp://localhost", False),
        ("", False),
    ],
)
def test_what_may_be_asked_who_somebody_is(url: str, safe: bool) -> None:
    assert safe_address(url) is safe


def test_a_true_word_is_believed_within_a_minute() -> None:
    assert openid.checked(HELD, signed(TRUE), KEYS, "n", T_S + 359)["sub"] == "1"
    with pytest.raises(Invalid, match="sso_token"):
        openid.checked(HELD, signed(TRUE), KEYS, "n", T_S + 361)


def test_a_key_for_something_else_is_not_used() -> None:
    for use, kept in (("enc", 0), ("sig", 1)):
        assert (
            len(openid.usable({"keys": [KEYS["keys"][0] | {"use": use}, {"kty": "oct", "k": "AA"}, 7]}))
            == kept
        )
    assert openid.usable({"keys": "none"}) == []


@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")), JSON)
def test_any_token_raises_nothing_but_invalid(token: str, keys: Any) -> None:
    with pytest.raises(Invalid):
        openid.checked(HELD, token, {"keys": keys}, "n", T_S)


@given(st.dictionaries(st.sampled_from([*TRUE, "azp", "nbf", "jti"]), JSON, min_size=1))
def test_any_claims_well_signed_raise_nothing_but_invalid(changed: dict[str, Any]) -> None:
    try:
        found = openid.checked(HELD, signed(TRUE | changed), KEYS, "n", T_S)
    except Invalid:
        return
    assert (found["iss"], found["nonce"]) == (HELD.issuer, "n")
    assert found["aud"] == "us" or "us" in found["aud"]


@given(
    JSON.map(lambda each: [each])
    | st.lists(st.dictionaries(st.sampled_from(["kty", "n", "e", "kid", "use"]), JSON))
)
def test_any_key_set_raises_nothing_but_invalid(keys: list[Any]) -> None:
    keys = [each | {"kty": "RSA"} if isinstance(each, dict) else each for each in keys]
    with pytest.raises(Invalid):
        openid.checked(HELD, signed(TRUE), {"keys": keys}, "n", T_S)


@given(st.dictionaries(st.sampled_from(["sub", "preferred_username", "amr", "acr"]), JSON | st.text()))
def test_any_claims_tell_a_person_or_are_refused(claims: dict[str, Any]) -> None:
    try:
        found = sso.told(HELD, claims)
    except Invalid:
        return
    assert 0 < len(found.sub) <= 255
    assert len(found.name) <= 64
    assert not found.strong or "mfa" in (claims.get("amr") or ()) or "multi-factor" in str(claims["acr"])
