"""Where things lie in the home folder, and the one secret all device keys come from."""

import contextlib
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from protocols.mac import derive

HOME_ENV = "LOADKEEPER_HOME"
BROKER_ENV = "LOADKEEPER_BROKER"  # URL of a broker that the station does not run itself
SSO_ENV = "LOADKEEPER_SSO_"  # what begins the names of the settings of single sign-on
CLAIM = "preferred_username"  # of an ID token, unless another is set
DEFAULT_HOME = "~/.loadkeeper"
LOOPBACK = "127.0.0.1"
LOOPBACKS = frozenset({LOOPBACK, "localhost", "::1"})
MQTT_PORT = 1883
STATION_USER = "station"
SELFTEST = "selftest"  # device id under which ingest tries the broker at start
RESERVED = frozenset({STATION_USER, SELFTEST})  # ids no device may have


@dataclass(frozen=True, slots=True, kw_only=True)
class Broker:
    """Where the broker is and who we are there."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None

    @classmethod
    def parse(cls, url: str) -> "Broker":
        """mqtt://[user:password@]host[:port]; ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme != "mqtt" or not parts.hostname or parts.path not in ("", "/"):
            raise ValueError(f"not mqtt://[user:password@]host[:port]: {parts.scheme}://{parts.hostname}")
        user = unquote(parts.username) if parts.username else None
        password = unquote(parts.password) if parts.password else None
        return cls(host=parts.hostname, port=parts.port or MQTT_PORT, user=user, password=password)


@dataclass(frozen=True, slots=True, kw_only=True)
class SingleSignOn:
    """The provider of OpenID Connect that people may come in by, beside the password."""

    issuer: str  # as the provider writes it, to the letter
    client: str  # id of this station there
    secret: str
    claim: str = CLAIM  # what of the ID token is the name of an account here
    label: str = ""  # words on the button; empty: those of the page
    factor: bool = False  # whether a second factor of the provider stands for ours

    @classmethod
    def read(cls, told: Mapping[str, str], secret_file: Path) -> "SingleSignOn | None":
        """None: nothing is set. ValueError says what is missing, or wrong."""
        held = {name: told.get(SSO_ENV + name, "").strip() for name in ("ISSUER", "CLIENT", "SECRET")}
        if not held["ISSUER"] and not held["CLIENT"]:
            return None
        if not held["SECRET"] and secret_file.exists():
            held["SECRET"] = secret_file.read_text().strip()
        lacking = [SSO_ENV + name for name, value in held.items() if not value]
        if lacking:
            raise ValueError(
                f"single sign-on is off: set {' and '.join(lacking)} (a secret: or {secret_file})"
            )
        if not safe_address(held["ISSUER"]):
            raise ValueError(f"single sign-on is off: {SSO_ENV}ISSUER must begin with https://")
        return cls(
            issuer=held["ISSUER"],
            client=held["CLIENT"],
            secret=held["SECRET"],
            claim=told.get(SSO_ENV + "CLAIM", "").strip() or CLAIM,
            label=told.get(SSO_ENV + "LABEL", "").strip(),
            factor=told.get(SSO_ENV + "FACTOR", "").strip() == "1",
        )


def safe_address(url: str) -> bool:
    """https, or http that does not leave this machine: what may be asked who somebody is."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and host in LOOPBACKS))


def home_of(home: Path | str | None = None) -> Path:
    """Where the station's folder is: the argument, LOADKEEPER_HOME or ~/.loadkeeper."""
    return Path(home or os.environ.get(HOME_ENV) or DEFAULT_HOME).expanduser().resolve()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    home: Path
    secret: str  # hex; all keys are derived from it, so a backup of it is a backup of them all

    @classmethod
    def load(cls, home: Path | str | None = None) -> "Settings":
        """Open the home folder (`home_of`), making it on first use."""
        path = home_of(home)
        for folder in (path, path / "run", path / "log", path / "broker"):
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return cls(home=path, secret=_secret(path / "secret"))

    @property
    def run(self) -> Path:
        return self.home / "run"

    @property
    def log(self) -> Path:
        return self.home / "log"

    @property
    def broker_home(self) -> Path:
        return self.home / "broker"

    @property
    def web_secret(self) -> bytes:
        """Signs web sessions."""
        return self.key("station", "web")

    def key(self, *labels: str) -> bytes:
        """Derive the 32-byte key for `labels`, e.g. key(device, "operator")."""
        return derive(bytes.fromhex(self.secret), *labels)

    def broker(self, url: str | None = None) -> Broker:
        """The broker at `url` or LOADKEEPER_BROKER, else the embedded one where `loadkeeper up` put it."""
        url = url or os.environ.get(BROKER_ENV)
        if url:
            return Broker.parse(url)
        port = self.ports().get("mqtt", MQTT_PORT)
        return Broker(
            host=LOOPBACK, port=port, user=STATION_USER, password=self.broker_password(STATION_USER)
        )

    def single_sign_on(self) -> SingleSignOn | None:
        """As the environment (LOADKEEPER_SSO_*) has it; None: not wanted. ValueError: half of it is set."""
        return SingleSignOn.read(os.environ, self.home / "sso-secret")

    def broker_password(self, user: str) -> str:
        return self.key(user, "broker").hex()[:32]

    def ports(self) -> dict[str, Any]:
        """Ports of the running station as `loadkeeper up` wrote them; {} when it never ran here."""
        try:
            found = json.loads((self.run / "ports.json").read_text())
        except FileNotFoundError:
            return {}
        return found if isinstance(found, dict) else {}


def _secret(path: Path) -> str:
    """Read the secret; the first start makes it. Of several first starts one wins: link never replaces."""
    if not path.exists():
        mine = path.with_name(f"secret.{os.getpid()}")
        write_atomic(mine, secrets.token_hex(32) + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(mine, path)
        mine.unlink()
    text = path.read_text().strip()
    if len(text) != 64 or any(c not in "0123456789abcdef" for c in text):
        raise ValueError(f"{path}: not a secret of 64 hex digits")
    return text


def write_atomic(path: Path, text: str, mode: int = 0o600) -> None:
    """Write-new-then-rename: a reader sees the old or the new file, never half of one."""
    new = path.with_name(path.name + ".new")
    handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
