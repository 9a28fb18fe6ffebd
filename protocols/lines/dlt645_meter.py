"""The meter's side of DL/T 645-2007: replies for a simulated meter, and function names for people."""

from protocols.lines.dlt645 import (
    BROADCAST_TIME,
    CONTROL,
    ERROR,
    ERRORS,
    FREEZE,
    FROM_METER,
    MORE,
    READ,
    READ_ADDRESS,
    READ_NEXT,
    SECURITY,
    WAKEUP,
    WRITE,
    di_bytes,
    encode,
)

FUNCTIONS = {
    SECURITY: "security",
    BROADCAST_TIME: "broadcast_time",
    READ: "read",
    READ_NEXT: "read_next",
    READ_ADDRESS: "read_address",
    WRITE: "write",
    0x15: "write_address",
    FREEZE: "freeze",
    0x17: "set_speed",
    0x18: "set_password",
    0x19: "clear_demand",
    0x1A: "clear_meter",
    0x1B: "clear_events",
    CONTROL: "control",
    0x1D: "output",
}


def reply(address, control, di=None, data=b"", more=False, seq=None, wakeup=WAKEUP) -> bytes:
    """Normal reply to a request of `control`; `di` and, in follow-up frames, `seq` are echoed."""
    body = (b"" if di is None else di_bytes(di)) + data + (b"" if seq is None else bytes([seq]))
    return encode(address, control | FROM_METER | (MORE if more else 0), body, wakeup)


def error_reply(address, control, *errors, wakeup=WAKEUP) -> bytes:
    """`errors` are names of ERRORS."""
    bits = 0
    for name in errors:
        bits |= 1 << ERRORS.index(name)
    return encode(address, control | FROM_METER | ERROR, bytes([bits]), wakeup)


def function_name(control, names=FUNCTIONS) -> str:
    """'read', 'read-reply', 'read-error', 'unknown-1F-reply' ..."""
    name = names.get(control & 0x1F) or "unknown-%02X" % (control & 0x1F)
    if not control & FROM_METER:
        return name
    return name + ("-error" if control & ERROR else "-reply")
