"""The public keys that may sign meter profiles: the station's list, given to terminals with their identity.

Kept in the database, so that the audit says who trusted what; the secret keys never come here.
"""

from sqlalchemy import Connection

from protocols.meters.package import key_id
from station.errors import FieldError, Invalid
from station.store import audit, settings

_SETTING = "profile_keys"
MOST = 4  # a terminal holds them in its heap


def trusted(c: Connection) -> dict[bytes, bytes]:
    """{key id: public key}, in the order they were added."""
    keys = [bytes.fromhex(text) for text in settings.get(c, _SETTING, [])]
    return {key_id(key): key for key in keys}


def add(c: Connection, key: bytes, author: str) -> None:
    known = trusted(c)
    if len(known | {key_id(key): key}) > MOST:
        raise Invalid(FieldError("key", "too_many_keys", {"most": MOST}))
    if key_id(key) not in known:
        _put(c, [*known.values(), key])
        audit.add(c, author, "profile_key_added", key_id(key).hex())


def remove(c: Connection, number: str, author: str) -> None:
    """`number`: the key's id, hex."""
    known = trusted(c)
    if number not in {each.hex() for each in known}:
        raise Invalid(FieldError("key", "no_such_key", {"key": number}))
    _put(c, [key for each, key in known.items() if each.hex() != number])
    audit.add(c, author, "profile_key_removed", number)


def _put(c: Connection, keys: list[bytes]) -> None:
    settings.put(c, _SETTING, [key.hex() for key in keys])
