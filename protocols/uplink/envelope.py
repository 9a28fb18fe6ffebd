"""The seal around everything that goes down: owning the broker must not trip a breaker or forge a watermark.

Wire: {0: version, 1: body (bytes, itself CBOR), 2: MAC, 3: second MAC}. The MAC is HMAC-SHA256 over
topic leaf, device and body, so a seal made for one leaf or device is worthless for another. Key 3 is
the approver's, over the same bytes with the approver key; `firmware/link/gate.py`
says which commands need it.
"""

from protocols import cbor
from protocols.mac import hmac_sha256, same
from protocols.uplink.messages import VERSION, MessageError, check_version

MAX_SEALED = 2048  # largest message a device takes; the largest of version 1, a plan, is about 250


def _mac(key, leaf, device, body) -> bytes:
    return hmac_sha256(key, b"lk-seal-1\0", leaf.encode(), b"\0", device.encode(), b"\0", body)


def seal(key, leaf, device, body, second_key=None) -> bytes:
    """Return the bytes to publish. `body` is a dict with integer keys (messages.pack)."""
    inner = cbor.encode(body)
    wire = {0: VERSION, 1: inner, 2: _mac(key, leaf, device, inner)}
    if second_key is not None:
        wire[3] = _mac(second_key, leaf, device, inner)
    return cbor.encode(wire)


def unseal(key, leaf, device, data, second_key=None) -> tuple:
    """Return (body dict with integer keys, True if a valid second MAC stood with it).

    MessageError: malformed, unknown version, "bad_mac" for either MAC that does not fit.
    """
    if len(data) > MAX_SEALED:
        raise MessageError("too large")
    try:
        wire = cbor.decode(data)
    except cbor.CborError as error:
        raise MessageError(error.args[0]) from None
    check_version(wire)
    inner, mac, second = wire.get(1), wire.get(2), wire.get(3)
    if not isinstance(inner, bytes) or not isinstance(mac, bytes):
        raise MessageError("not sealed")
    if not same(mac, _mac(key, leaf, device, inner)):
        raise MessageError("bad_mac")
    approved = False
    if second is not None and second_key is not None:
        if not isinstance(second, bytes) or not same(second, _mac(second_key, leaf, device, inner)):
            raise MessageError("bad_mac")
        approved = True
    try:
        body = cbor.decode(inner)
    except cbor.CborError as error:
        raise MessageError(error.args[0]) from None
    if not isinstance(body, dict):
        raise MessageError("not a map")
    return body, approved
