"""A second, slow reading of a profile straight from its JSON, to compare the compiled form with.

Written from docs/meter-profiles.md with struct, Fraction and datetime; shares the points table, nothing else.
"""

import struct
from datetime import UTC, datetime
from fractions import Fraction

from protocols.meters.points import BY_ALIAS, BY_OBIS

PREFIX = {"k": 3, "M": 6, "m": -3}


def decode(profile, request, answer):
    """{point: value} as interpret.Profile.decode gives it."""
    read, only = _read_of(profile, request)
    fields = _fields(read)
    if only is not None:
        fields = [fields[only] | {"at": 0}]
    if isinstance(answer, dict):
        return _by_key(profile, fields, answer)
    step = read.get("step", 0) if only is None else fields[0]["len"]
    end = bytes.fromhex(read.get("end", "")) if only is None else b""
    if end and step and len(answer) % step == 1 and answer[-1:] == end:
        answer = answer[:-1]
    return {} if step and len(answer) % step else _by_offset(profile, fields, answer)


def _row(field):
    return BY_ALIAS.get(field["point"]) or BY_OBIS[field["point"]]


def _by_key(profile, fields, answer):
    out = {}
    for field in fields:
        told = [key for key in field.get("key", "").split("|") if key in answer]
        if told and "key" in field:
            out[_row(field)[0]] = _value(profile, field, _row(field), answer[told[0]])
    return out


def _by_offset(profile, fields, answer):
    out = {}
    for field in fields:
        if field["at"] >= len(answer):
            continue
        piece = answer[field["at"] : field["at"] + field["len"]]
        if len(piece) < field["len"]:
            return {}
        out[_row(field)[0]] = _value(profile, field, _row(field), piece)
    return out


def _read_of(profile, request):
    for read in profile["reads"]:
        if read["req"] == request:
            return read, None
    for read in profile["reads"]:
        if request in read.get("fallback", ()):
            return read, read["fallback"].index(request)
    raise AssertionError(request)


def _fields(read):
    out = []
    for part in read["parts"]:
        width = part.get("len") or _width(part)
        at = part.get("at", 0)
        if "reg" in part:
            at = 2 * (int(part["reg"], 16) - int(read["req"].split(":")[1], 16))
        for n, name in enumerate(part["points"] if "points" in part else [part["point"]]):
            place = {"key": part["key"].replace("{}", str(n))} if "key" in part else {"at": at + n * width}
            if name is not None:
                shared = {
                    key: value for key, value in part.items() if key not in ("points", "at", "key", "reg")
                }
                out.append(shared | {"point": name, "len": width} | place)
    return out


_FIXED = {"date-645": 4, "time-645": 3, "clock-645": 7, "minute-645": 5, "dlms-time": 12, "time-698": 7,
          "mbus-date": 2, "mbus-time": 4}  # fmt: skip


def _width(part):
    name = part["type"]
    if name in _FIXED:
        return _FIXED[name]
    if name[0] in "uif" and name[1:3].strip("-").isdigit():
        return int(name[1:].split("-")[0]) // 8
    return 0


def _value(profile, field, row, raw):
    if raw is None:
        return None
    fills = [bytes.fromhex(fill) for fill in field.get("absent", profile.get("absent", ()))]
    if isinstance(raw, bytes) and any(
        raw in (fill, fill * len(raw)) for fill in fills if len(fill) == 1 or raw == fill
    ):
        return None
    if field["type"] not in ("number", "text") and not isinstance(raw, (bytes, str)):
        return None
    got = None if raw in (b"", "") and field["type"] != "text" else _number(field, raw)
    if (
        got is None
        or isinstance(got, str)
        or row[5] == "time"
        or field["type"].endswith(("-time", "-645", "-698"))
    ):
        value = got if got is None or isinstance(got, (str, int)) else int(got)
    else:
        unit = field.get("unit", row[3])
        prefix = 0
        if unit != row[3]:
            prefix = (
                PREFIX.get(unit[0], 0) - PREFIX.get(row[3][0], 0)
                if unit[1:] == row[3][1:]
                else -PREFIX[row[3][0]]
            )
        exact = Fraction(got) * Fraction(10) ** (field.get("scale", 0) + prefix - row[4])
        floating = field["type"][0] == "f"
        whole = abs(exact) + (Fraction(1, 2) if floating else 0)
        value = int(whole) if exact >= 0 else -int(whole)
        if not -(1 << 63) <= value < 1 << 63:
            return None
    if value is None:
        return None
    if "bit" in field or "bits" in field:
        first, count = field.get("bits", [field.get("bit"), 1])
        value = (value >> first) % (1 << count)
    if "map" in field:
        return field["map"].get(str(value))
    return value


def _number(field, raw):
    name = field["type"]
    if name == "number":
        if isinstance(raw, (str, bytes)):
            return None
        number = raw if isinstance(raw, tuple) else (raw, 0)
        return Fraction(number[0]) * Fraction(10) ** number[1]
    if name == "text":
        return raw if isinstance(raw, str) else None
    if isinstance(raw, str):
        raw = raw.encode()
    base, _, order = name.partition("-")
    if base[0] in "uif" and base[1:].isdigit():
        return _binary(base, order, raw)
    return _READ[name](raw) if name in _READ else _bcd(name, raw)


def _binary(base, order, raw):
    words = [raw[n : n + 2] for n in range(0, len(raw), 2)]
    if order in ("cdab", "dcba"):
        words.reverse()
    if order in ("badc", "dcba"):
        words = [bytes(reversed(word)) for word in words]
    data = b"".join(words) if len(raw) > 1 else raw
    if base[0] == "f":
        number = struct.unpack(">f" if len(data) == 4 else ">d", data)[0]
        return None if number != number or number in (float("inf"), float("-inf")) else Fraction(number)
    return Fraction(int.from_bytes(data, "big", signed=base[0] == "i"))


def _bcd(name, raw):
    data = raw if name == "bcd-be" else raw[::-1]
    sign = 1
    if name == "bcd-sign" and data[0] & 0x80:
        sign, data = -1, bytes([data[0] & 0x7F]) + data[1:]
    filled = raw == b"\xff" * len(raw) or raw == b"\xee" * len(raw)
    digits = data.hex()
    if filled or not digits.isdigit():
        return None
    return digits if name == "digits" else Fraction(sign * int(digits))


def _text(data):
    text = data.decode("latin-1").strip("\0 ")
    return text if text.isascii() and all(" " <= c <= "~" for c in text) else None


def _when(*parts):
    try:
        when = datetime(*parts, tzinfo=UTC)
    except ValueError:
        return None
    return int(when.timestamp()) if 2000 <= when.year <= 2099 else None


def _645(order):
    def read(raw):
        if raw in (b"\xff" * len(raw), b"\xee" * len(raw)) or not raw.hex().isdigit():
            return None
        got = {letter: int(f"{byte:02x}") for letter, byte in zip(order, raw, strict=True)}
        clock = got.get("h", 0), got.get("n", 0), got.get("s", 0)
        if "Y" in got:
            return _when(2000 + got["Y"], got["M"], got["D"], *clock)
        whole = _when(2000, 1, 1, *clock)
        return None if whole is None else whole - 946684800

    return read


def _moment(raw):
    return _when(int.from_bytes(raw[:2], "big"), *raw[2:7])


def _cosem(raw):
    return _when(int.from_bytes(raw[:2], "big"), raw[2], raw[3], *raw[5:8])


def _spelled(raw):
    """2011-01-05T15:26."""
    text = raw.decode("latin-1")
    parts = text[:4], text[5:7], text[8:10], text[11:13], text[14:16]
    return _when(*map(int, parts)) if len(text) == 16 and all(part.isdigit() for part in parts) else None


def _numeral(raw):
    text = _text(raw)
    if text is None:
        return None
    body = text[1:] if text[:1] in ("+", "-") else text
    whole, _, part = body.partition(".")
    if not (whole + part).isdigit():
        return None
    return Fraction(int(whole + part), 10 ** len(part)) * (-1 if text[:1] == "-" else 1)


def _unfilled(read):
    return lambda raw: None if raw in (b"\xff" * len(raw), b"\xee" * len(raw)) else read(raw)


_READ = {
    "bits": _unfilled(lambda raw: Fraction(int.from_bytes(raw, "little"))),
    "ascii": _text, "hex": lambda raw: raw.hex().upper(), "numeral": _numeral,
    "text-reversed": _unfilled(lambda raw: _text(raw[::-1])),
    "date-645": _645("WDMY"), "time-645": _645("snh"), "clock-645": _645("snhWDMY"),
    "minute-645": _645("nhDMY"),
    "time-698": lambda raw: _moment(raw) if len(raw) == 7 else None,
    "dlms-time": lambda raw: _cosem(raw) if len(raw) == 12 else None, "text-time": _spelled,
}  # fmt: skip
