"""protocols.cbor at the speed of C. Our own decoder stays the judge: what is not surely the same goes to it.

cbor2 accepts more than we do (floats, any order, bytes behind). So its answer counts only if it is made
of our types, within our limits and in our order, and cbor2 encodes it back to the very same bytes. It may
follow no tag: by references (28 and 29, 25 and 256) 1 KB stands for more values than can ever be looked at.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Any, NoReturn

import cbor2

from protocols import cbor

_SCALARS = frozenset({str, bytes, bool, type(None)})
_WORD = 1 << 64


def _refuse(*_: object) -> NoReturn:
    raise ValueError("tag")  # cbor2 makes it a CBORDecodeError


class _EveryTag(dict[int, Callable[..., NoReturn]]):
    def __missing__(self, tag: int) -> Callable[..., NoReturn]:
        return _refuse


_NO_TAGS = _EveryTag()


def decode(data: bytes) -> tuple[Any, Callable[[Any], bytes]]:
    """Return the value as cbor.decode does, and an encoder that gives the bytes of its parts back.

    cbor.CborError says why it is refused.
    """
    if len(data) <= cbor.MAX_BYTES:
        try:
            value = cbor2.loads(data, semantic_decoders=_NO_TAGS)
            if _ours(value, cbor.MAX_DEPTH) and cbor2.dumps(value) == data:
                return value, cbor2.dumps
        except cbor2.CBORError:
            pass  # ours has the last word, and says why
    return cbor.decode(data), cbor.encode


def _ours(value: Any, depth: int) -> bool:
    kind = type(value)
    if depth == 0:
        return False
    if kind is int:
        return -_WORD <= value < _WORD
    if kind is list:
        return len(value) <= cbor.MAX_ITEMS and all(_ours(item, depth - 1) for item in value)
    if kind is dict:
        return _our_map(value) and all(_ours(item, depth - 1) for item in value.values())
    return kind in _SCALARS


def _our_map(value: dict[Any, Any]) -> bool:
    """Keys are whole numbers from 0 up, in order, as in our messages. Others are left to our decoder."""
    if len(value) > cbor.MAX_ITEMS or not all(type(key) is int and key >= 0 for key in value):
        return False
    return all(a < b for a, b in pairwise(value))
