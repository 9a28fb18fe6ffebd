"""What a master may ask of a DL/T 645-2007 meter beside reading and control; no terminal needs it.

Builders as in `dlt645`: ValueError for our own mistakes. `match` and `errors_of` know all functions, those of
`dlt645` too. Codes: tables of the standard; security of Q/GDW 365.
"""

from binascii import hexlify

from protocols.lines.dlt645 import (
    CONTROL,
    ERROR,
    ERRORS,
    SECURITY,
    WAKEUP,
    _authority,
    _low_first,
    address_bytes,
    di_bytes,
    encode,
)
from protocols.lines.dlt645 import match as _match

WRITE_ADDRESS, SET_SPEED, SET_PASSWORD = 0x15, 0x17, 0x18
CLEAR_DEMAND, CLEAR_METER, CLEAR_EVENTS, OUTPUT = 0x19, 0x1A, 0x1B, 0x1D

# N1 of control 1C, by name; trip_permit and trip_close close again after N2 x 5 min, by hand or by themselves
CONTROLS = {
    "trip": 0x1A,
    "permit_close": 0x1B,
    "close": 0x1C,
    "trip_permit": 0x1D,
    "trip_close": 0x1E,
    "alarm": 0x2A,
    "alarm_off": 0x2B,
    "guarantee_on": 0x3A,
    "guarantee_off": 0x3B,
}
SPEEDS = (600, 1200, 2400, 4800, 9600, 19200)  # bits 1.. of Z
OUTPUTS = {"clock": 0, "demand": 1, "tariff": 2}  # what the multifunction terminal shows
ALL_EVENTS = 0xFFFFFFFF
SEALED, MAC_ONLY = 0x98, 0x99  # PA: what follows is ciphertext and MAC, or plain with MAC; no password counts
SEALED_SIZE = 20  # N1..N8 enciphered to 16 bytes, and a MAC of 4

# Error word of a C3 reply, low byte first, bit 0 first. Bits 7..9: one source only.
SECURITY_ERRORS = (
    "other",
    "repeated_purchase",
    "esam",
    "identity",
    "customer_no",
    "purchase_count",
    "hoarding",
    "address",
    "suspended",
    "close_failed",
)

# function -> bytes of the request that its normal reply repeats from the first on
_ECHOES = {SECURITY: (0, 4), SET_SPEED: (0, 1), SET_PASSWORD: (8, 12), OUTPUT: (0, 1)}
_TAILS = ([], [1], [2], [1, 10], [2, 10])  # digits behind the identifier: none, blocks, blocks and time


def write_address(address, new, wakeup=WAKEUP) -> bytes:
    """To ANY_ADDRESS, with one meter on the line, its programming key pressed."""
    if "A" in new:
        raise ValueError("a meter's address has no wildcard")
    return encode(address, WRITE_ADDRESS, address_bytes(new), wakeup)


def set_speed(address, baud, wakeup=WAKEUP) -> bytes:
    """The meter answers at the old speed and changes then."""
    return encode(address, SET_SPEED, bytes([2 << SPEEDS.index(baud)]), wakeup)


def set_password(address, level, password, new_level, new_password, wakeup=WAKEUP) -> bytes:
    """`password` of `level`, which must be as high as `new_level` or higher; 0 is the highest."""
    data = bytes([level]) + _low_first(password, 3) + bytes([new_level]) + _low_first(new_password, 3)
    return encode(address, SET_PASSWORD, di_bytes(0x04000C01 + new_level) + data, wakeup)


def clear_demand(address, level, password, operator, wakeup=WAKEUP) -> bytes:
    return encode(address, CLEAR_DEMAND, _authority(level, password, operator), wakeup)


def clear_meter(address, level, password, operator, wakeup=WAKEUP) -> bytes:
    """All energies, demands, events and freezes begin at zero: for the test bench."""
    return encode(address, CLEAR_METER, _authority(level, password, operator), wakeup)


def clear_events(address, level, password, operator, di=ALL_EVENTS, wakeup=WAKEUP) -> bytes:
    """`di`: an event record with FF as its last byte, or all of them."""
    return encode(address, CLEAR_EVENTS, _authority(level, password, operator) + di_bytes(di), wakeup)


def set_output(address, signal, wakeup=WAKEUP) -> bytes:
    """`signal` is a name of OUTPUTS."""
    if signal not in OUTPUTS:
        raise ValueError("no output signal " + signal)
    return encode(address, OUTPUT, bytes([OUTPUTS[signal]]), wakeup)


def security(address, di, operator, data, wakeup=WAKEUP) -> bytes:
    """An operation of the meter's ESAM: `di` 07xxxxxx, `data` as the encryption machine made it."""
    return encode(address, SECURITY, di_bytes(di) + _low_first(operator, 4) + data, wakeup)


def sealed_control(address, operator, sealed, wakeup=WAKEUP) -> bytes:
    """Control 1C of which N1..N8 are `sealed`: ciphertext and MAC as the encryption machine made them."""
    if len(sealed) != SEALED_SIZE:
        raise ValueError("ciphertext and MAC are %d bytes" % SEALED_SIZE)
    return encode(address, CONTROL, _authority(SEALED, "0", operator) + sealed, wakeup)


# ---- text form of a read request ----------------------------------------------------------------


def request(text) -> tuple:
    """(di, tail) of a read request as it stands in profiles; ValueError for anything else.

    "0001FF00"; of load records also "06000002/1" (1 block) and "06000001/3/2611221030" (3 blocks from then).
    """
    parts = text.split("/")
    widths = [len(part) for part in parts]
    if widths[0] != 8 or widths[1:] not in _TAILS or not ("0" + "".join(parts[1:])).isdigit():
        raise ValueError("not a read request: " + text)
    tail = b"".join([_low_first(part, size) for part, size in zip(parts[1:], (1, 5))])
    return int.from_bytes(_low_first(parts[0], 4), "little"), tail


def request_text(data) -> str:
    """The same text of a read request's data; "" when it is no such request."""
    if len(data) not in (4, 5, 10):
        return ""
    di, blocks, since = [
        hexlify(bytes(reversed(part))).decode().upper() for part in (data[:4], data[4:5], data[5:])
    ]
    return "/".join([part for part in (di, blocks.lstrip("0"), since) if part])


# ---- judging what arrived ------------------------------------------------------------------------


def match(asked, answer) -> str:
    """As `dlt645.match`; a reply that repeats part of its request must repeat it rightly."""
    reason = _match(asked, answer)
    if reason or answer.control & ERROR:
        return reason
    first, end = _ECHOES.get(asked.control & 0x1F, (0, 0))
    return "" if answer.data[: end - first] == asked.data[first:end] else "late"


def errors_of(frame) -> tuple:
    """Names of what a refusal says, () of any other frame."""
    if not frame.control & ERROR:
        return ()
    names = SECURITY_ERRORS if frame.control & 0x1F == SECURITY else ERRORS
    word = int.from_bytes(frame.data[:2], "little")
    return tuple([name for i, name in enumerate(names) if word >> i & 1]) or ("other",)
