"""What stands in a form or a file of the archive, as values: text in, value or FieldError out. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import Any

from station.archives.kinds import KINDS, NUMBER_CHARS, Field
from station.errors import FieldError, Invalid

NAME_CHARS = 60
EPOCH_DAY = date(1970, 1, 1)
_WHOLE = re.compile(r"[0-9]{1,12}")
_DIALLED = re.compile(r"[0-9+() -]*")
_PHONE = re.compile(r"1[3-9][0-9]{9}|0[1-9][0-9]{1,2}[0-9]{7,8}|[2-8][0-9]{6,7}|400[0-9]{7}")
_PUNCTUATION = re.compile(r"[+() -]")
_CUTS = re.compile(r"(?<=[省市区县镇乡村路街巷号栋幢])|[\s,，-]+")
WORDS_MOST = 16  # of a record that can be searched
TAIL = 6  # people read the last digits from a meter


def good_phone(text: str) -> bool:
    """Whether it can be dialled in China: mobile, land line with or without area, 400."""
    plain = _PUNCTUATION.sub("", text)
    plain = plain.removeprefix("86") if text.strip().startswith("+86") else plain
    return bool(_PHONE.fullmatch(plain)) and len(set(plain[-7:])) > 1


def day_of(text: str) -> int:
    """Days since 1970 of YYYY-MM-DD; ValueError."""
    return (date.fromisoformat(text) - EPOCH_DAY).days


def day_text(day: int) -> str:
    return (EPOCH_DAY + timedelta(days=day)).isoformat()


def _refused(field: Field, key: str, **facts: Any) -> Invalid:
    return Invalid(FieldError(field.name, key, facts))


def _text(text: str, field: Field) -> str:
    if len(text) > field.most:
        raise _refused(field, "too_long", most=field.most)
    return text


def _phone(text: str, field: Field) -> str:
    # loose: what the customer gave is kept, the nightly check judges it
    if not _DIALLED.fullmatch(text):
        raise _refused(field, "bad_phone")
    return _text(text, field)


def _whole(text: str, field: Field) -> int:
    if not _WHOLE.fullmatch(text):
        raise _refused(field, "not_a_number")
    if not field.least <= int(text) <= field.most:
        raise _refused(field, "out_of_range", least=field.least, most=field.most)
    return int(text)


def _choice(text: str, field: Field) -> str:
    if text not in field.among:
        raise _refused(field, "not_among")
    return text


def _day(text: str, field: Field) -> str:
    try:
        return day_text(day_of(text))
    except ValueError:
        raise _refused(field, "bad_day") from None


def _digits(text: str, field: Field) -> str:
    if not (text.isascii() and text.isdecimal() and field.least <= len(text) <= field.most):
        raise _refused(field, "bad_meter_address")
    return text


SHAPES: Mapping[str, Callable[[str, Field], Any]] = {
    "text": _text,
    "phone": _phone,
    "whole": _whole,
    "choice": _choice,
    "day": _day,
    "digits": _digits,
    "device": _text,  # that there is such a device, the room asks the store
}


def read(kind: str, given: Mapping[str, str], problems: list[FieldError]) -> dict[str, Any]:
    """Name and fields of `kind` out of text; an empty one is None, one that is not given stays out."""
    values: dict[str, Any] = {}
    for field in (Field("name", "text", most=NAME_CHARS), *KINDS[kind].fields):
        if field.name not in given:
            continue
        text = given[field.name].strip()
        try:
            values[field.name] = SHAPES[field.shape](text, field) if text else None
        except Invalid as invalid:
            problems.extend(invalid.errors)
    return values


def number(text: str, problems: list[FieldError]) -> str:
    """The natural number of a record: printable, without blanks."""
    text = text.strip()
    if not text:
        problems.append(FieldError("number", "needed"))
    elif len(text) > NUMBER_CHARS:
        problems.append(FieldError("number", "too_long", {"most": NUMBER_CHARS}))
    elif not text.isprintable() or " " in text:
        problems.append(FieldError("number", "bad_number"))
    return text


def words(number: str, values: Mapping[str, Any]) -> list[str]:
    """A record is found by how these begin: number, its tail, name, address from each of its parts on."""
    found = [number]
    found += [text[-TAIL:] for text in (number, values.get("meter_address") or "") if len(text) > TAIL]
    for name in ("name", "address", "meter_address"):
        text = values.get(name)
        starts = [0, *(cut.end() for cut in _CUTS.finditer(text))] if text else []
        found += [text[at:] for at in starts if text and at < len(text)]
    return list(dict.fromkeys(word.lower() for word in found))[:WORDS_MOST]
