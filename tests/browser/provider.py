"""A provider of OpenID Connect on a free port of this machine, made of the server side of Authlib.

Its flow is Authlib's (client, code, PKCE, ID token); a test turns the knobs of `Provider` to have it lie.
"""

import hmac
import json
import threading
import time
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from urllib.request import HTTPRedirectHandler, build_opener

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin, OAuth2Request, grants
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oidc.core import OpenIDCode
from flask import Flask, Response, jsonify, request
from joserfc import jwt
from joserfc.jwk import RSAKey
from werkzeug.serving import make_server

CLIENT, SECRET = "loadkeeper station", "very:secret"  # of characters that the head must quote
PAGE = """<!doctype html><html lang="en"><title>Sign-on service</title><h1>Sign-on service</h1>
<form method="post"><button>I agree</button></form>"""


class _Client(ClientMixin):
    def __init__(self, method: str) -> None:
        self._method = method

    def get_client_id(self) -> str:
        return CLIENT

    def get_default_redirect_uri(self) -> str:
        return ""

    def get_allowed_scope(self, scope: str) -> str:
        return scope

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri.endswith("/sso/done")

    def check_client_secret(self, client_secret: str) -> bool:
        return client_secret == SECRET

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:
        return method == self._method

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


class _Code(AuthorizationCodeMixin):
    def __init__(self, code: str, asked: dict[str, str], user: dict[str, Any]) -> None:
        self.code, self.user, self._asked = code, user, asked
        self.code_challenge, self.code_challenge_method = (
            asked["code_challenge"],
            asked["code_challenge_method"],
        )

    def get_redirect_uri(self) -> str:
        return self._asked["redirect_uri"]

    def get_scope(self) -> str:
        return self._asked["scope"]

    def get_nonce(self) -> str:
        return self._asked["nonce"]

    def get_auth_time(self) -> int:
        return int(time.time())

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Provider:
    """It runs from its making to `close`."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "one"}, private=True)
        self.person: dict[str, Any] = {"sub": "7701", "preferred_username": "admin"}
        self.claims: dict[str, Any] = {}  # in the place of the true ones; None: left out
        self.header: dict[str, Any] = {}
        self.signed_with: Any = self.key
        self.wait_s = 0.0  # before a token
        self.method = "client_secret_basic"
        self.about: dict[str, Any] = {}  # in the place of what it says of itself
        self.codes: dict[str, _Code] = {}
        self._server = make_server("127.0.0.1", 0, self._app(), threaded=True)
        vars(self._server)["daemon_threads"] = True
        self.url = f"http://localhost:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def environment(self, **more: str) -> dict[str, str]:
        """Settings of a station that trusts it."""
        held = {"ISSUER": self.url, "CLIENT": CLIENT, "SECRET": SECRET} | more
        return {f"LOADKEEPER_SSO_{name}": value for name, value in held.items()}

    def agree(self, address: str) -> str:
        """What a browser does there: the address that it is sent back to, from its path on."""
        with build_opener(_Stay).open(address, data=b"") as answer:
            parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def token(self, claims: dict[str, Any]) -> str:
        """Sign, or lie as the knobs say."""
        told = {name: value for name, value in (claims | self.claims).items() if value is not None}
        header = {"alg": "RS256", "kid": "one"} | self.header
        if header["alg"] in ("HS256", "none"):  # the library refuses to lie like this
            return _by_hand(header, told, self.key.as_pem(private=False))
        return jwt.encode(header, told, self.signed_with, [header["alg"]])

    def _app(self) -> Flask:
        app = Flask("provider")
        server = AuthorizationServer(app, lambda _id: _Client(self.method), lambda _token, _request: None)
        server.register_grant(self._grant(), [self._id_token(), CodeChallenge(required=True)])

        @app.get("/.well-known/openid-configuration")
        def about() -> Response:
            return jsonify(self._says())

        @app.get("/keys")
        def keys() -> Response:
            return jsonify(keys=[self.key.as_dict(private=False)])

        @app.route("/authorize", methods=["GET", "POST"])
        def authorize() -> Any:
            if request.method == "GET":
                return PAGE
            return server.create_authorization_response(
                grant_user=self.person, grant=server.get_consent_grant(end_user=self.person)
            )

        @app.post("/token")
        def token() -> Any:
            time.sleep(self.wait_s)
            return server.create_token_response()

        return app

    def _says(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": self.url + "/authorize",
            "token_endpoint": self.url + "/token",
            "jwks_uri": self.url + "/keys",
            "token_endpoint_auth_methods_supported": [self.method],
        } | self.about

    def _grant(self) -> type[grants.AuthorizationCodeGrant]:
        codes = self.codes

        class Grant(grants.AuthorizationCodeGrant):
            TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

            def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
                asked = {name: values[0] for name, values in parse_qs(urlsplit(request.uri).query).items()}
                codes[code] = _Code(code, asked, request.user or {})

            def query_authorization_code(self, code: str, client: _Client) -> _Code | None:
                return codes.get(code)

            def delete_authorization_code(self, authorization_code: _Code) -> None:
                del codes[authorization_code.code]

            def authenticate_user(self, authorization_code: _Code) -> dict[str, Any]:
                return authorization_code.user

        return Grant

    def _id_token(self) -> OpenIDCode:
        provider = self

        class IdToken(OpenIDCode):
            def exists_nonce(self, nonce: str, request: OAuth2Request) -> bool:
                return False

            def encode_id_token(self, token: dict[str, Any], request: OAuth2Request) -> str:
                code, now = request.authorization_code, int(time.time())
                times = {"iat": now, "exp": now + 300}
                who = {"iss": provider.url, "aud": CLIENT, "nonce": code.get_nonce()}
                return provider.token(times | who | (request.user or {}))

        return IdToken()


def _by_hand(header: dict[str, Any], told: dict[str, Any], pem: bytes) -> str:
    """Two old lies to readers of JWT: no signature, and one by a "secret" that everybody knows."""
    parts = [urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=") for each in (header, told)]
    signature = hmac.digest(pem, b".".join(parts), "sha256") if header["alg"] == "HS256" else b""
    return b".".join([*parts, urlsafe_b64encode(signature).rstrip(b"=")]).decode()


class _Stay(HTTPRedirectHandler):
    def http_error_302(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        return fp


def query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def with_query(path: str, **changed: str) -> str:
    return f"{urlsplit(path).path}?{urlencode(query(path) | changed)}"
