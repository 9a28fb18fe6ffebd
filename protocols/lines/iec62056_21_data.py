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
CHUNK = 512  # bytes made text at a time

_PREFIXES = {"m": -3, "k": 3, "K": 3, "M": 6, "G": 9}
_PREFIXED = ("wh", "w", "varh", "var", "vah", "va", "v", "a", "hz")


def groups(data) -> "Iterator":
    """(address, "" or of its second group "/1", of the third "/2" ..., text in brackets), as they stand.

    Lines without brackets are no data. Refused: truncated (a bracket is open), bad_value (a bracket in
    brackets, no address), too_long.
    """
    if data.count(b"(") > MAX_GROUPS:
        raise Refused("too_long", "more than %d values" % MAX_GROUPS)
    address, at = "", 0
    for chunk in _chunks(data):
        before, *opened = chunk.split("(")
        for piece in opened:
            named = before.rpartition("\n")[2].strip()
            text, closed, after = piece.partition(")")
            if not closed and chunk[-1] != ")":
                raise Refused("truncated", "no ) after %s" % before[-20:])
            if not closed or not (named or address):
                raise Refused("bad_value", (named + "(" + text)[:40])
            if named:
                yield named, "", text
                address, at = named, 0
            else:
                at += 1
                yield address, "/%d" % at, text
            before = after


def _chunks(data) -> "Iterator":
    """Texts that end with ), but for the last: the whole as text, and in pieces, takes too much memory."""
    at = 0
    while at < len(data):
        end = data.rfind(b")", at, at + CHUNK) + 1 or data.find(b")", at) + 1 or len(data)
        yield latin(data[at:end])
        at = end


def number(text, power=0) -> "tuple | None":
    """'-0012.50' -> (-1250, power - 2); None when it is no number."""
    sign = text[:1]
    if sign in "+-":
        text = text[1:]
    whole, _, part = text.strip().partition(".")
    digits = whole + part
    if len(digits) > MAX_DIGITS or not digits.encode().isdigit():  # of text a superscript is a digit too
        return None
    return -int(digits) if sign == "-" else int(digits), power - len(part)


def unit_power(unit) -> int:
    """kWh -> 3; 0 of a unit without a prefix that we know."""
    power = _PREFIXES.get(unit[:1])
    return power if power and unit[1:].lower() in _PREFIXED else 0


def value(text, power=None) -> "tuple | str":
    """The value of one group. `power`: that of the unit it would have, when it is known to be a number."""
    digits, star, unit = text.partition("*")
    if star:
        power = unit_power(unit)
    elif power is None and "." not in digits:
        return text
    return number(digits, power or 0) or text


def values(data) -> dict:
    """{key: value} of a readout; keys and values as at the top. Refused as `groups`."""
    out, powers, past = _roomy(data), _roomy(data), False
    for address, tail, text in groups(data):
        key = address + tail
        if key in out:
            continue
        if "*" not in text and _present(address) != address:
            out[key], past = text, True
        else:
            out[key] = value(text)
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
    for address, tail, text in groups(data):
        if _present(address) == address:
            name = (address[:-4] if address[-4:] == "*255" else address) + tail
            powers[name] = unit_power(text.partition("*")[2]) if "*" in text else None
    for address, tail, _text in groups(data):
        key, name = address + tail, _present(address) + tail
        if name != key and name in powers and isinstance(out[key], str):
            out[key] = value(out[key], powers[name])


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
