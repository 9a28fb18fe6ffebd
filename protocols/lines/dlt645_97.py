"""DL/T 645-1997: the link layer of 2007 with other functions and identifiers of two bytes.

`Framer`, `Frame` and `encode` are those of `dlt645`. Differences that matter: 999999999999 also reads the one
meter on the line (it answers with its own address), for there is no function that asks the address; follow-up
frames carry no sequence number, so that a late one cannot be told; a block of items may end with AA.
K, one source only: no sequence in function 02; bits of Z; DATA of clearing the demand.
"""

from protocols.lines.dlt645 import (
    ANY_ADDRESS,
    BROADCAST,
    ERROR,
    FROM_METER,
    MORE,
    WAKEUP,
    Frame,
    Framer,
    _bcd,
    _low_first,
    address_bytes,
    encode,
    fits_address,
)
from protocols.lines.dlt645 import reply_data as _reply_data

__all__ = ("Frame", "Framer", "encode")  # the same here as there

READ, READ_NEXT, READ_AGAIN, WRITE, BROADCAST_TIME = 0x01, 0x02, 0x03, 0x04, 0x08
WRITE_ADDRESS, SET_SPEED, SET_PASSWORD, CLEAR_DEMAND = 0x0A, 0x0C, 0x0F, 0x10

SPEEDS = (300, 600, 1200, 2400, 4800, 9600)  # bits 1.. of Z
BLOCK_END = 0xAA

_DI_IN_REQUEST = (READ, READ_NEXT, WRITE)
_DI_IN_REPLY = (READ, READ_NEXT, READ_AGAIN)
_ECHOES = {SET_SPEED: 0, SET_PASSWORD: 4}  # function -> where its request holds what the reply repeats


def di_bytes(di) -> bytes:
    return di.to_bytes(2, "little")


def _secret(level, password) -> bytes:
    """PA P0 P1 P2; 6 digits as printed, sent low byte first."""
    return bytes([level]) + _low_first(password, 3)


def read(address, di, wakeup=WAKEUP) -> bytes:
    return encode(address, READ, di_bytes(di), wakeup)


def read_next(address, di, wakeup=WAKEUP) -> bytes:
    """Ask for the next piece after a reply that said more follows."""
    return encode(address, READ_NEXT, di_bytes(di), wakeup)


def read_again(address, wakeup=WAKEUP) -> bytes:
    """Ask for the last answer once more."""
    return encode(address, READ_AGAIN, b"", wakeup)


def write(address, di, level, password, data, wakeup=WAKEUP) -> bytes:
    return encode(address, WRITE, di_bytes(di) + _secret(level, password) + data, wakeup)


def write_address(address, new, wakeup=WAKEUP) -> bytes:
    """To BROADCAST, with one meter on the line."""
    if "A" in new:
        raise ValueError("a meter's address has no wildcard")
    return encode(address, WRITE_ADDRESS, address_bytes(new), wakeup)


def set_speed(address, baud, wakeup=WAKEUP) -> bytes:
    """The meter answers at the old speed and changes then."""
    return encode(address, SET_SPEED, bytes([2 << SPEEDS.index(baud)]), wakeup)


def set_password(address, level, password, new_level, new_password, wakeup=WAKEUP) -> bytes:
    """`password` of `level`, which must be as high as `new_level` or higher; 0 is the highest."""
    data = _secret(level, password) + _secret(new_level, new_password)
    return encode(address, SET_PASSWORD, data, wakeup)


def clear_demand(address, level, password, wakeup=WAKEUP) -> bytes:
    return encode(address, CLEAR_DEMAND, _secret(level, password), wakeup)


def broadcast_time(y, mo, d, h, mi, s, wakeup=WAKEUP) -> bytes:
    return encode(BROADCAST, BROADCAST_TIME, _bcd(s, mi, h, d, mo, y), wakeup)


# ---- judging what arrived ------------------------------------------------------------------------


def di_of(frame) -> "int | None":
    """The data identifier in a request or reply, or None if that kind of frame carries none."""
    if frame.control & ERROR:
        return None
    kinds = _DI_IN_REPLY if frame.control & FROM_METER else _DI_IN_REQUEST
    if frame.control & 0x1F not in kinds or len(frame.data) < 2:
        return None
    return int.from_bytes(frame.data[:2], "little")


def match(request, answer) -> str:
    """As `dlt645.match`: '' or echo, foreign, wrong_function, late."""
    if not answer.control & FROM_METER:
        return "echo"
    asked = ANY_ADDRESS if request.address == BROADCAST else request.address
    if not fits_address(asked, answer.address):
        return "foreign"
    function = request.control & 0x1F
    if answer.control & 0x1F != function:
        return "wrong_function"
    if answer.control & ERROR:
        return ""
    if function in (READ, READ_NEXT) and di_of(answer) != di_of(request):
        return "late"
    if function in _ECHOES and answer.data != request.data[_ECHOES[function] :]:
        return "late"
    return ""


def reply_data(frame) -> tuple:
    """As `dlt645.reply_data`: (di or None, data, more, errors)."""
    if frame.control & ERROR:
        return _reply_data(frame)
    di = di_of(frame)
    return di, frame.data if di is None else frame.data[2:], bool(frame.control & MORE), ()
