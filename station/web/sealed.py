"""What was previewed is what is sent: the content travels in a signed token with a fingerprint."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from itsdangerous import BadSignature, URLSafeSerializer

from protocols import cbor
from protocols.uplink import area, messages
from station.store.commands import restored, storable

SHOWN = 12  # hex digits of the fingerprint that people compare


class Content(NamedTuple):
    """Exactly what a person confirms."""

    device: str
    kind: int
    params: dict[str, Any]
    deadline_s: int
    author: str
    note: str

    @property
    def fingerprint(self) -> str:
        """Over the very fields that go to the terminal, and author and remark."""
        wire = messages.pack(area.COMMANDS[self.kind], self.params)
        body = cbor.encode([self.device, self.kind, wire, self.deadline_s, self.author, self.note])
        return hashlib.sha256(body).hexdigest()[:SHOWN]


def token(secret: bytes, content: Content) -> str:
    return _signer(secret).dumps([*content[:2], _texts(content.params), *content[3:]])


def read(secret: bytes, text: str) -> Content | None:
    """The content of a token made here, None for anything else."""
    try:
        device, kind, params, *rest = _signer(secret).loads(text)
    except BadSignature:
        return None
    return Content(device, kind, {name: restored(value) for name, value in params.items()}, *rest)


def _texts(params: Mapping[str, Any]) -> dict[str, Any]:
    return {name: storable(value) for name, value in params.items()}


def _signer(secret: bytes) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="command-preview", serializer=json)
