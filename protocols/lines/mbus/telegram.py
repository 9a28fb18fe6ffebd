"""What a meter's answer holds (EN 13757-3 clauses 5 and 8): header, records, or an error.

CI 72 (76 high byte first [K]): ID(4) manufacturer(2) version medium access status configuration(2) records
CI 7A: access status configuration(2) records     CI 78: records     CI 70: error code
"""

from collections import namedtuple

from protocols.lines.mbus import link, records, secondary
from protocols.lines.refused import Refused

# address: secondary address as text; status: bits 0-1 application (1 busy, 2 error), 2 battery low,
# 3 permanent, 4 temporary error, 5-7 the manufacturer's. None where CI 78 or 7A leaves a field out.
Header = namedtuple("Header", ("address", "access", "status"))
Telegram = namedtuple("Telegram", ("header", "records", "more"))

ERRORS = (
    "unspecified error",
    "unimplemented CI field",
    "buffer too long",
    "too many records",
    "premature end of record",
    "more than 10 DIFE",
    "more than 10 VIFE",
    "reserved",
    "application busy",
    "too many readouts",
)
HEADER_SIZES = {link.CI_LONG: 12, link.CI_LONG_MSB: 12, link.CI_SHORT: 4, link.CI_NONE: 0}


def decode(frame) -> Telegram:
    """Of a frame of kind RSP_UD; raises Refused."""
    if frame.ci == link.CI_ERROR:
        code = frame.data[0] if frame.data else 0
        raise Refused("refused", ERRORS[code] if code < len(ERRORS) else "error %d" % code)
    if frame.ci not in HEADER_SIZES:
        raise Refused("unsupported", "no CI" if frame.ci is None else "CI %02X" % frame.ci)
    size, big = HEADER_SIZES[frame.ci], frame.ci == link.CI_LONG_MSB
    if len(frame.data) < size:
        raise Refused("truncated", "header of %d bytes" % size)
    found, more = records.decode(frame.data[size:], big) if _plain(frame, size) else ([], False)
    return Telegram(_header(frame.data[:size], big), found, more)


def _plain(frame, size) -> bool:
    """Bits 8-12 of the configuration name the encryption; raises Refused when there is one."""
    mode = frame.data[size - 1] & 0x1F if size and frame.ci != link.CI_LONG_MSB else 0
    if mode:
        raise Refused("unsupported", "encrypted, mode %d" % mode)
    return True


def _header(data, big) -> Header:
    if not data:
        return Header(None, None, None)
    address = secondary.unpack(identity(data, big)) if len(data) == 12 else None
    return Header(address, data[-4], data[-3])


def identity(data, big=False) -> bytes:
    """The secondary address in a long header, low byte first."""
    return bytes(reversed(data[:4])) + bytes(reversed(data[4:6])) + data[6:8] if big else data[:8]


def encode(address, identity_bytes, access, status, body) -> bytes:
    """RSP_UD with CI 72, for a simulated meter."""
    data = identity_bytes + bytes([access, status, 0, 0]) + body
    return link.encode(link.RSP_UD, address, link.CI_LONG, data)
