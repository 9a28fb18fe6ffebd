"""What stands in a data message of IEC 62056-21 or a P1 telegram: ADDRESS(VALUE*UNIT)(VALUE)... a line.

An address is an OBIS code in full or reduced form (1-0:1.8.0*255, 1.8.0) or the maker's own text. Behind it
*01 or &01 tells a value of the past: that of the billing period so numbered, & when it was closed by hand.
A group without an address belongs to the address before it, on the same line or the next.

Keys of `values`: the address as it stands; of the second group of an address ADDRESS/1, of the third /2 ...
Of an address that comes again only the first counts. A value is
    (int, power of ten)  with a unit or a decimal point: (123456, -2); of kWh, MW, mA ... in Wh, W, A, as the
                         unit's prefix goes into the power of ten: 1234.5*kWh is (12345, 2)
    text                 anything else: numbers of meters, times, states, counters keep their leading zeros
Values of the past come without a unit; they are read as the present value of the same address, wherever that
stands, and stay text when it is not told.
"""

from protocols.lines.iec62056_21 import latin
from protocols.lines.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

MAX_GROUPS = 400  # of ~100 bytes each in memory
MAX_DIGITS = 32
CHUNK = 512  # bytes cut into groups at a time

_SIGNS = (b"-", b"+")
_PREFIXES = {b"m": -3, b"k": 3, b"K": 3, b"M": 6, b"G": 9}
_PREFIXED = (b"wh", b"w", b"varh", b"var", b"vah", b"va", b"v", b"a", b"hz")


def groups(data) -> "Iterator":
    """(key, address, bytes in brackets) as they stand; the key is as at the top.

    Lines without brackets are no data. Refused: truncated (a bracket is open), bad_value (a bracket in
    brackets, no address), too_long.
    """
    left = data.count(b"(")
    if left > MAX_GROUPS:
        raise Refused("too_long", "more than %d values" % MAX_GROUPS)
    address, at, stray = "", 0, b""
    for chunk in _chunks(data):
        pieces = chunk.split(b")")
        rest = pieces.pop()
        for piece in pieces:
            name, opened, raw = piece.partition(b"(")
            if stray:
                name, stray = stray + name, b""
            if not opened:
                stray = name + b")"  # belongs to the next name
                continue
            left -= 1
            name = name.rpartition(b"\n")[2].strip()
            if name:
                address, at = latin(name), 0
                yield address, address, raw
            elif address:
                at += 1
                yield address + "/%d" % at, address, raw
            else:
                raise Refused("bad_value", "no address before (%s)" % latin(raw[:20]))
        if rest.find(b"(") >= 0:
            raise Refused("truncated", "no ) after %s" % latin(rest.partition(b"(")[0][-20:]))
    if left:
        raise Refused("bad_value", "brackets in brackets")


def _chunks(data) -> "Iterator":
    """Pieces that end with ), but for the last: all groups at once take too much memory."""
    at = 0
    while at < len(data):
        end = data.rfind(b")", at, at + CHUNK) + 1 or data.find(b")", at) + 1 or len(data)
        yield data[at:end]
        at = end


def number(raw, power=0) -> "tuple | None":
    """b'-0012.50' -> (-1250, power - 2); None when it is no number."""
    digits, dot, places = raw, raw.find(b"."), 0
    if dot >= 0:
        digits = raw.replace(b".", b"", 1)
        places = len(digits) - dot
    if digits.isdigit():
        return (int(digits), power - places) if len(digits) <= MAX_DIGITS else None
    bare = (raw[1:] if raw[:1] in _SIGNS else raw).strip()
    found = number(bare, power) if bare != raw and bare[:1] not in _SIGNS else None
    return (-found[0], found[1]) if found and raw[:1] == b"-" else found


def unit_power(unit) -> int:
    """b"kWh" -> 3; 0 of a unit without a prefix that we know."""
    power = _PREFIXES.get(unit[:1])
    return power if power and unit[1:].lower() in _PREFIXED else 0


def values(data) -> dict:
    """{key: value} of a readout; keys and values as at the top. Refused as `groups`."""
    out, powers, units, past = _roomy(data), _roomy(data), {}, False
    for key, address, raw in groups(data):
        if key in out:
            continue
        digits, star, unit = raw.partition(b"*")
        found = None
        if star:
            if unit not in units:
                units[unit] = unit_power(unit)
            found = number(digits, units[unit])
        elif _present(address) != address:
            past = True
        elif raw.find(b".") >= 0:
            found = number(raw)
        out[key] = found or latin(raw)
    if past:
        _add_units(out, powers, data)
    return out


def _present(address) -> str:
    """1.8.0*01, 1.8.0&01 -> 1.8.0; what is no value of the past as it stands."""
    return address if address[-4:] == "*255" else address.replace("&", "*").partition("*")[0]


def _add_units(out, powers, data) -> None:
    """Reads the values of the past as the present ones, which may stand behind them.

    `powers`: empty, becomes {address without *255, /n: power of ten of its unit, None without one}.
    """
    for key, address, raw in groups(data):
        if _present(address) == address:
            name = (address[:-4] if address[-4:] == "*255" else address) + key[len(address) :]
            powers[name] = unit_power(raw.partition(b"*")[2]) if b"*" in raw else None
    for key, address, _raw in groups(data):
        text, name = out[key], _present(address) + key[len(address) :]
        if name == key or name not in powers or not isinstance(text, str):
            continue
        if powers[name] is not None or "." in text:
            out[key] = number(text.encode(), powers[name] or 0) or text


def _roomy(data) -> dict:
    """Empty, but for many values it need not grow in a memory that reading them cuts into small pieces."""
    if len(data) <= CHUNK:
        return {}
    out = dict.fromkeys(range(min(data.count(b"("), MAX_GROUPS)))
    for key in range(len(out)):
        del out[key]
    return out


def reduced(address) -> str:
    """1-0:1.8.0*255 -> 1.8.0, 1.8.0&01 -> 1.8.0*01: what two spellings of one address have in common."""
    code = address.replace("&", "*")
    code = code.partition(":")[2] or code
    return code[:-4] if code[-4:] == "*255" else code


def find(found, address) -> str:
    """The key of `found` that means `address`, however much of the code either spells; "" none."""
    if address in found:
        return address
    code, medium = reduced(address), _medium(address)
    for key in found:
        if reduced(key) == code and (not medium or _medium(key) in ("", medium)):
            return key
    return ""


def _medium(address) -> str:
    """1-0:1.8.0 -> 1-0, "" when it is left out."""
    return address.partition(":")[0] if ":" in address else ""
