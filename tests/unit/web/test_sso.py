"""Single sign-on against a real provider: the way in, the link, the second factor, all that is refused."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey

from station.access import openid
from station.store import audit, db, sso_links, users
from station.web import sso
from tests.browser.provider import CLIENT, Provider, query, with_query
from tests.browser.seed import PASSWORD
from tests.unit.web.conftest import Station
from tests.unit.web.test_second_factor import now_code, turn_on


@pytest.fixture
def provider() -> Iterator[Provider]:
    running = Provider()
    yield running
    running.close()


@pytest.fixture
def station(make: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch) -> Station:
    for name, value in provider.environment().items():
        monkeypatch.setenv(name, value)
    return make()


@pytest.fixture
def linked(station: Station, provider: Provider) -> Station:
    with station.writing() as c:
        facts = {"issuer": provider.url, "sub": "7701", "name_there": "admin", "since_s": 0}
        sso_links.put(c, "admin", **facts)
    return station


def arrive(client: FlaskClient, provider: Provider, way: str = "") -> str:
    """Press the button, agree there: the address that leads back."""
    return provider.agree(client.get(f"/sso{way}").location)


def told(station: Station, action: str) -> list[dict[str, Any]]:
    with db.reading(station.engine) as c:
        return [row for row in audit.recent(c, 20) if row["action"] == action]


def why(client: FlaskClient, answer: Any) -> str:
    assert answer.status_code == 302
    assert answer.location.startswith("/login?next="), answer.location
    return client.get(answer.location).text


def test_the_way_in_keeps_where_one_wanted_to_go(linked: Station, provider: Provider) -> None:
    client = linked.client("en")
    assert 'href="/sso?next=/station"' in client.get("/login?next=/station").text
    answer = client.get(arrive(client, provider, "?next=/station"))
    assert answer.location == "/station"
    assert client.get("/station").status_code == 200
    assert told(linked, "login")[0]["detail"] == {"road": "oidc"}


def test_the_way_in_leads_nowhere_else(linked: Station, provider: Provider) -> None:
    client = linked.client("en")
    assert client.get(arrive(client, provider, "?next=https://evil.example/")).location == "/"


def test_the_question_has_state_nonce_and_pkce(station: Station) -> None:
    asked = [query(station.client().get("/sso").location) for _ in range(2)]
    for name in ("state", "nonce", "code_challenge"):
        assert len(asked[0][name]) == 43
        assert asked[0][name] != asked[1][name]
    assert asked[0]["code_challenge_method"] == "S256"
    assert asked[0]["redirect_uri"] == "http://localhost/sso/done"


def test_the_first_time_the_password_links(station: Station, provider: Provider) -> None:
    client = station.client("en")
    answer = client.get(arrive(client, provider, "?next=/station"))
    assert answer.location == "/sso/link?next=/station"
    assert "you are admin" in client.get(answer.location).text
    assert client.get("/station").status_code == 302, "not in yet"
    wrong = client.post(answer.location, data={"password": "wrong"})
    assert wrong.status_code == 403
    assert users_failures(station) == 1, "a guess counts as one at the log-in"
    answer = client.post(answer.location, data={"password": PASSWORD})
    assert answer.location == "/station"
    assert told(station, "sso_linked")[0]["detail"] == {"issuer": provider.url, "sub": "7701"}
    again = station.client("en")
    assert again.get(arrive(again, provider)).location == "/", "from now on without the password"


def users_failures(station: Station) -> int:
    with db.reading(station.engine) as c:
        return users.get(c, "admin")["failures"]


def test_the_link_is_shown_and_taken_off(linked: Station) -> None:
    desk = linked.desk("en")
    assert "as admin, since 1970-01-01" in desk.get("/sessions").text
    assert "as admin, since 1970-01-01" in desk.get("/people/admin").text, "a keeper of accounts sees it"
    assert desk.post("/sso/unlink").location == "/sessions"
    assert "as admin, since" not in desk.get("/sessions").text
    assert len(told(linked, "sso_unlinked")) == 1
    desk.post("/sso/unlink")
    assert len(told(linked, "sso_unlinked")) == 1, "a second press does nothing"


def test_who_is_renamed_there_becomes_nobody_else_here(linked: Station, provider: Provider) -> None:
    with linked.writing() as c:
        users.add(c, "zhao", "-", must_change=False, t_s=0)
    provider.person["preferred_username"] = "zhao"
    client = linked.client("en")
    client.get(arrive(client, provider))
    assert told(linked, "login")[0]["author"] == "admin", "the number counts"
    provider.person = {"sub": "9", "preferred_username": "admin"}
    other = linked.client("en")
    assert "linked to somebody else" in why(other, other.get(arrive(other, provider)))


def test_the_second_factor_of_here_is_asked_for(linked: Station, provider: Provider) -> None:
    turn_on(linked, linked.desk("en"))
    provider.person["amr"] = ["pwd", "mfa"]
    client = linked.client("en")
    answer = client.get(arrive(client, provider, "?next=/station"))
    assert answer.location == "/login/code?next=/station"
    assert client.get("/station").status_code == 302
    assert client.post(answer.location, data={"code": now_code()}).location == "/station"
    assert told(linked, "login")[0]["detail"] == {"road": "oidc"}


@pytest.mark.parametrize(
    ("claims", "way"),
    [
        ({"amr": ["mfa"]}, "/"),
        ({"acr": "https://refeds.org/profile/mfa"}, "/"),
        ({"amr": ["pwd"], "acr": ["mfa"]}, "/login/code?next=/"),
        ({"amr": "mfa"}, "/login/code?next=/"),
    ],
)
def test_the_factor_of_the_provider_stands_where_the_house_says_so(
    make: Any, provider: Provider, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], way: str
) -> None:
    for name, value in provider.environment(FACTOR="1").items():
        monkeypatch.setenv(name, value)
    station = make()
    turn_on(station, station.desk("en"))
    with station.writing() as c:
        sso_links.put(c, "admin", issuer=provider.url, sub="7701", name_there="admin", since_s=0)
    provider.person |= claims
    client = station.client("en")
    assert client.get(arrive(client, provider)).location == way


def a_day_ago() -> dict[str, Any]:
    return {"iat": int(time.time()) - 86_400, "exp": int(time.time()) - 86_100}


LIES: dict[str, tuple[Callable[[Provider], dict[str, Any]], str]] = {
    "audience": (lambda p: {"claims": {"aud": "another"}}, "aud"),
    "two audiences": (lambda p: {"claims": {"aud": [CLIENT, "another"]}}, "azp"),
    "party": (lambda p: {"claims": {"azp": "another"}}, "azp"),
    "issuer": (lambda p: {"claims": {"iss": "https://evil.example"}}, "iss"),
    "expired": (lambda p: {"claims": a_day_ago()}, "exp"),
    "no end": (lambda p: {"claims": {"exp": None}}, "exp"),
    "of tomorrow": (lambda p: {"claims": {"iat": int(time.time()) + 86_400}}, "iat"),
    "nonce": (lambda p: {"claims": {"nonce": "of another"}}, "nonce"),
    "no nonce": (lambda p: {"claims": {"nonce": None}}, "nonce"),
    "no number": (lambda p: {"claims": {"sub": None}}, "sub"),
    "empty number": (lambda p: {"claims": {"sub": ""}}, "sub"),
    "unknown key": (lambda p: {"header": {"kid": "two"}}, "invalid_key_id"),
    "key of another": (
        lambda p: {"signed_with": RSAKey.generate_key(2048, {"kid": "one"}, private=True)},
        "bad_signature",
    ),
    "alg none": (lambda p: {"header": {"alg": "none"}}, "unsupported_algorithm"),
    "public key as secret": (lambda p: {"header": {"alg": "HS256"}}, "unsupported_algorithm"),
}


@pytest.mark.parametrize("lie", LIES)
def test_no_lie_is_believed(linked: Station, provider: Provider, lie: str) -> None:
    knobs, reason = LIES[lie]
    for name, value in knobs(provider).items():
        setattr(provider, name, value)
    client = linked.client("en")
    page = why(client, client.get(arrive(client, provider)))
    assert f"is not valid ({reason})" in page
    assert told(linked, "sso_refused")[0]["detail"] == {"reason": "sso_token", "why": reason}
    assert client.get("/station").status_code == 302


def test_a_state_of_another_is_refused(linked: Station, provider: Provider) -> None:
    mine, other = linked.client("en"), linked.client("en")
    back = arrive(other, provider)
    mine.get("/sso")
    assert "was not begun here" in why(mine, mine.get(back)), "somebody else's way back"
    stranger = linked.client("en")
    assert "was not begun here" in why(stranger, stranger.get(back))
    assert told(linked, "sso_refused")[0]["detail"] == {"reason": "sso_state"}
    assert other.get(back).location == "/", "its own browser comes in"


def test_a_way_back_serves_once(linked: Station, provider: Provider) -> None:
    client = linked.client("en")
    cookie = arrive(client, provider)
    with client.session_transaction() as session:
        begun = dict(session)
    client.get(cookie)
    client.post("/logout")
    assert "was not begun here" in why(client, client.get(cookie))
    with client.session_transaction() as session:  # an old cookie, put back by hand
        session.update(begun)
    assert "no usable answer (HTTP 400)" in why(client, client.get(cookie)), "the provider takes a code once"


def test_who_stays_too_long_begins_again(
    linked: Station, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = linked.client("en")
    back = arrive(client, provider)
    monkeypatch.setattr(sso, "AWAY_S", -1)
    assert "was not begun here" in why(client, client.get(back))


def test_who_is_not_let_in_there_is_told(linked: Station) -> None:
    client = linked.client("en")
    state = query(client.get("/sso").location)["state"]
    page = why(client, client.get(f"/sso/done?state={state}&error=access_denied<script>"))
    assert "did not let you in (access_deniedscript)" in page


def test_a_changed_code_or_verifier_is_refused(linked: Station, provider: Provider) -> None:
    client = linked.client("en")
    back = arrive(client, provider)
    assert "HTTP 400" in why(client, client.get(with_query(back, code="made-up")))
    back = arrive(client, provider)
    with client.session_transaction() as session:
        held = session["sso"]
        session["sso"] = held | {"begun": [*held["begun"][:2], "x" * 43]}
    assert "HTTP 400" in why(client, client.get(back)), "PKCE: who did not begin it cannot end it"


def test_people_of_nowhere_disabled_and_locked_stay_out(linked: Station, provider: Provider) -> None:
    now = int(time.time())
    cases = (
        ({"sub": "8", "preferred_username": "<b>wang"}, {}, "no account &lt;b&gt;wang here", "sso_unknown"),
        ({"sub": "8", "preferred_username": None}, {}, "does not say your user name", "sso_claim"),
        ({"sub": "8", "preferred_username": ["admin"]}, {}, "does not say your user name", "sso_claim"),
        ({}, {"disabled_s": now}, "is disabled", "login_disabled"),
        ({}, {"disabled_s": None, "locked_until_s": now + 600}, "10 min", "login_locked"),
    )
    person = provider.person
    for claims, row, words, reason in cases:
        provider.person = person | claims
        with linked.writing() as c:
            users.change(c, "admin", **(row or {"failures": 0}))
        client = linked.client("en")
        assert words in why(client, client.get(arrive(client, provider))), reason
        assert told(linked, "sso_refused")[0]["detail"]["reason"] == reason
        assert client.get("/station").status_code == 302


def test_a_provider_that_is_down_or_slow_is_said_and_the_password_stays(
    linked: Station, provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "WAIT_S", 0.3)
    client = linked.client("en")
    back = arrive(client, provider)
    provider.wait_s = 1.5
    assert "localhost does not answer" in why(client, client.get(back))
    provider.close()
    assert "localhost does not answer" in why(client, client.get("/sso?next=/station"))
    assert told(linked, "sso_refused")[0]["detail"]["reason"] == "sso_down"
    answer = client.post("/login?next=/station", data={"name": "admin", "password": PASSWORD})
    assert answer.location == "/station"


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
    ],
)
def test_a_provider_that_says_strange_things_is_not_followed(
    linked: Station, provider: Provider, about: dict[str, Any]
) -> None:
    provider.about = about
    client = linked.client("en")
    assert f"no usable answer ({next(iter(about))})" in why(client, client.get("/sso"))


def test_a_provider_that_takes_the_secret_as_a_field_gets_it_so(linked: Station, provider: Provider) -> None:
    provider.method = "client_secret_post"
    client = linked.client("en")
    assert client.get(arrive(client, provider)).location == "/"


def test_a_station_without_a_provider_has_no_button(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client = make().client("en")
    assert "/sso" not in client.get("/login").text
    assert [client.get(path).status_code for path in ("/sso", "/sso/done")] == [404, 404]
    assert client.post("/sso/link").status_code == 404
    monkeypatch.setenv("LOADKEEPER_SSO_ISSUER", "https://id.example")
    half = make()
    assert "/sso" not in half.client("en").get("/login").text
    assert half.client("en").get("/login").status_code == 200, "the password road stays"


def test_without_the_extra_there_is_no_button(
    station: Station, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(openid, "ready", lambda: False)
    bare = make()
    assert "/sso" not in bare.client("en").get("/login").text
    assert "loadkeeper[sso]" in openid.provider(bare.app.extensions["settings"])[1]
