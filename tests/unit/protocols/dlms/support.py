"""A meter and a reader that know each other, for the tests beside this file."""

import os
from typing import Any

from protocols.lines.dlms import cosem, meter, security
from protocols.lines.refused import Refused
from protocols.meters.readers.dlms import Reader
from tests.vectors.lines.dlms import AUTHENTICATION, ENCRYPTION, block, store

ENERGY, SERIAL = "3:1-0:1.8.0*255:2", "1:0-0:96.1.0*255:2"
PROFILE, CLOCK = "7:1-0:99.1.0*255:2", "8:0-0:1.0.0*255:2"
CLIENTS = {"none": 16, "lls": 32, "hls5": 48}
STATE = (70, cosem.DISCONNECT_NAME, 3)
WAYS = [(transport, how) for transport in ("hdlc", "wrapper") for how in CLIENTS]
DISCONNECTED, CONNECTED = 0, 1


def keys() -> security.Keys:
    return security.Keys(block, ENCRYPTION, AUTHENTICATION)


def a_meter(transport: str = "hdlc", **more: Any) -> meter.Server:
    given = {"clients": {16: 0, 32: 1, 48: 5}, "password": b"12345678", "title": b"MTR00001", "max_pdu": 256}
    given |= {"keys": keys(), "random": os.urandom, "address": (1, 17)} | more
    return meter.Server(store(), transport, **given)


def options(transport: str = "hdlc", how: str = "hls5", **more: Any) -> dict:
    given = {"transport": transport, "client": CLIENTS[how], "authentication": how, "password": b"12345678"}
    if how == "hls5":
        given |= {"encrypt_block": block, "encryption_key": ENCRYPTION, "authentication_key": AUTHENTICATION}
        given |= {"system_title": b"CLI00001", "state": meter.Counter(), "random": os.urandom}
    return given | more


def a_reader(transport: str = "hdlc", how: str = "hls5", **more: Any) -> Reader:
    return Reader("17" if transport == "hdlc" else "", options(transport, how, **more))


def outcome(call) -> str:
    """'' or the reason of the refusal."""
    try:
        call()
    except Refused as refused:
        return refused.reason
    return ""
