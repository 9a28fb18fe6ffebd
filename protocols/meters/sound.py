"""Whether a compiled profile can be used: every answer of a meter must find each of its fields readable.

For the moment before it is stored; what runs from it (`interpret`) looks at nothing again.
"""

import struct

from protocols import cbor
from protocols.meters import dlt645_types, links, types
from protocols.meters import interpret as form

NAMES = (  # of the keys, for people
    "format id rev link serial options requests counts steps ends rows keys extras"
    " singles fast slow freeze power energy curve daily controls"
)
MAX_REQUESTS = 200
MAX_FIELDS = 400  # rows in all
MAX_BYTES = 8192  # of the encoded document
OPTIONS_BYTES = 512  # of these, encoded
SHIFT_MAX = 12
MAX_KEYS = 128  # each field of an answer looks for its key from the first on
# How long one meter may hold a line, on which others may be
BAUD_LEAST, BAUD_MOST = 300, 115200
TIMEOUT_MS, GAP_MS, TRIES = 15000, 2000, 5  # the most of each
MAX_FAST, MAX_SLOW, MAX_RECORD = 8, 64, 32  # reads each second and in turn; points of a record
COUNTED = (8, 320, 384)  # power, energy imported and exported: a device calculates with them


class ProfileError(ValueError):
    """The profile cannot be used; args[0] says where and why."""


# ---- one field


def order_len(kind, order) -> int:
    """Bytes that a time with this order of letters has."""
    return sum([types.PIECES[kind].get(letter, types.PIECE[kind]) for letter in order])


def fits(kind, width, shift, order="") -> bool:
    """Whether answers can be read with such a field. `width`: bytes; 0 of what a reader gives whole."""
    if ((kind in types.TEXTS or kind in types.TIMES) and shift) or not -SHIFT_MAX <= shift <= SHIFT_MAX:
        return False
    if kind in types.ORDERED:
        return _is_order(order) and width == order_len(kind, order)
    if order:
        return False
    if kind in _WIDTHS or kind in dlt645_types.ORDERS:
        return width == _WIDTHS.get(kind, len(dlt645_types.ORDERS.get(kind, "")))
    if types.NUMERIC <= kind < types.NUMERIC + 16:
        paired = not width % 2 or (kind & 3) in (types.ABCD, types.DCBA)
        return paired and (width in (4, 8) if (kind - types.NUMERIC) >> 2 == types.FLOAT else 0 < width <= 8)
    if kind in (types.ASCII, types.HEX, types.NUMERAL):
        return 0 <= width <= types.LEN_MAX
    return 0 <= kind < dlt645_types.DATE and 0 < width <= types.LEN_MAX


_WIDTHS = {types.MBUS_DATE: 2, types.MBUS_TIME: 4, types.NUMBER: 0, types.TEXT: 0}


def _is_order(order) -> bool:
    date = [letter in order for letter in "DM"] + ["Y" in order or "y" in order]
    known = all([letter in "snhDMYyW." for letter in order])
    return known and 0 < len(order) <= types.LEN_MAX and sum(date) in (0, 3)


# ---- the whole


def _want(fine, where, why):
    if not fine:
        raise ProfileError(where + ": " + why)


def _is_whole(value, least=0, most=0xFFFFFFFF) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def checked(document) -> "form.Profile":
    """The profile of a decoded document; ProfileError for one that is not sound."""
    _want(isinstance(document, dict), "profile", "is no map")
    _want(document.get(form.FORMAT) == form.VERSION, "format", "is not %d, the one read here" % form.VERSION)
    for key, name in enumerate(NAMES.split(" ")):
        _want(key in document, name, "is missing")
    for kind, what, keys in _KINDS:
        for key in keys:
            _want(isinstance(document[key], kind), NAMES.split(" ")[key], what)
    _head(document)
    _rows(document)
    _singles(document)
    _roles(document)
    _controls(document)
    return form.Profile(document)


_KINDS = (
    (str, "is no text", (form.ID, form.LINK, form.REQUESTS, form.KEYS)),
    (
        bytes,
        "is not bytes",
        (form.COUNTS, form.STEPS, form.ENDS, form.ROWS, form.FAST, form.SLOW, form.FREEZE),
    ),
    (list, "is no list", (form.SERIAL, form.EXTRAS, form.SINGLES, form.CURVE, form.DAILY)),
    (dict, "is no map", (form.OPTIONS, form.CONTROLS)),
)


def _head(document):
    _want(0 < len(document[form.ID]) <= 40, "id", "is no name")
    _want(_is_whole(document[form.REV], 1, 65535), "rev", "is not 1 to 65535")
    _want(document[form.LINK] in links.LINKS, "link", "is not known here")
    line = document[form.SERIAL]
    _want(len(line) == 5 and _is_format(line[1]), "serial", "is malformed")
    for at, least, most in ((0, BAUD_LEAST, BAUD_MOST), (2, 1, TIMEOUT_MS), (3, 1, GAP_MS), (4, 1, TRIES)):
        _want(_is_whole(line[at], least, most), "serial/%d" % at, "is not %d to %d" % (least, most))
    _want(_are_options(document[form.OPTIONS]), "options", "are not a few plain values")
    baud = document[form.OPTIONS].get("baud", BAUD_LEAST)
    _want(_is_whole(baud, BAUD_LEAST, BAUD_MOST), "options/baud", "is not %d to %d" % (BAUD_LEAST, BAUD_MOST))


def _is_format(text) -> bool:
    """Such as 8E1."""
    fine = isinstance(text, str) and len(text) == 3
    return fine and all([letter in known for letter, known in zip(text, ("78", "NEO", "12"))])


def _are_options(options) -> bool:
    for name, value in options.items():
        values = value if isinstance(value, list) else [value]
        if not isinstance(name, str) or not all([isinstance(v, (int, str, bytes)) for v in values]):
            return False
    return len(cbor.encode(options)) <= OPTIONS_BYTES


def _rows(document):
    size = document[form.REQUESTS].count("\n") + 1
    _want(size <= MAX_REQUESTS, "requests", "are more than %d" % MAX_REQUESTS)
    for key in (form.COUNTS, form.STEPS, form.ENDS):
        _want(len(document[key]) == size, NAMES.split(" ")[key], "is not one a request")
    fields = sum(document[form.COUNTS])
    fine = len(document[form.ROWS]) == fields * form.ROW_BYTES and fields <= MAX_FIELDS
    _want(fine, "rows", "do not fit the counts")
    extras = document[form.EXTRAS]
    _want(extras, "extras", "is empty")
    for at, extra in enumerate(extras):
        _want(_is_extra(extra), "extras/%d" % at, "is malformed")
    keys = document[form.KEYS].count("\n") + 1 if document[form.KEYS] else 0
    _want(keys <= MAX_KEYS, "keys", "are more than %d" % MAX_KEYS)
    numbers = COUNTED + (document[form.POWER], document[form.ENERGY])
    for at in range(fields):
        row = struct.unpack_from(form.ROW, document[form.ROWS], at * form.ROW_BYTES)
        _row("rows/%d" % at, row, keys, extras)
        fine = row[0] not in numbers or row[2] & ~form.KEYED not in types.TEXTS + types.TIMES
        _want(fine, "rows/%d" % at, "shows as text or time what a device calculates with")


def _is_extra(extra) -> bool:
    if not isinstance(extra, list) or len(extra) != 5:
        return False
    absent, first, bits, table, order = extra
    fine = isinstance(absent, list) and all([isinstance(fill, bytes) and fill for fill in absent])
    fine = fine and _is_whole(first, 0, 63) and _is_whole(bits, 0, 64) and isinstance(order, str)
    fine = fine and isinstance(table, list) and len(table) % 2 == 0
    return fine and all([_is_whole(n, -0x80000000) for n in table])


def _row(where, row, keys, extras):
    no, place, kind, width, shift, extra = row
    keyed, kind = kind & form.KEYED, kind & ~form.KEYED
    _want(no and extra < len(extras) and (not keyed or place < keys), where, "points to nothing")
    _absent, _first, bits, table, order = extras[extra]
    _want(fits(kind, width, shift, order), where, "has an impossible field")
    _want(keyed or width, where, "has a field of no length without a key")
    counted = kind in (types.NUMBER, dlt645_types.BITS) or types.NUMERIC <= kind < types.NUMERIC + 4
    _want(not bits or (counted and not shift), where, "takes bits of what has none")
    _want(not table or (kind not in types.TEXTS and not shift), where, "maps what is no state")


def _singles(document):
    counts = document[form.COUNTS]
    shown = [index for index in range(len(counts)) if counts[index]]
    for at, single in enumerate(document[form.SINGLES]):
        fine = isinstance(single, bytes) and len(single) > 1 and max(single) < len(counts)
        fine = fine and len(set(single)) == len(single) and len(single) - 1 <= counts[single[0]]
        _want(fine, "singles/%d" % at, "is malformed")
        shown += list(single[1:])
    for index in range(len(counts)):
        _want(index in shown, "requests/%d" % index, "shows no point")


def _roles(document):
    names, size = NAMES.split(" "), len(document[form.COUNTS])
    for key in (form.FAST, form.SLOW, form.FREEZE):
        _want(all([index < size for index in document[key]]), names[key], "names a read that is not there")
    _want(
        document[form.FAST] or document[form.SLOW], "slow", "is empty and so is fast: nothing would be read"
    )
    fast = document[form.FAST]
    _want(len(fast) <= MAX_FAST, "fast", "is more than %d reads" % MAX_FAST)
    _want(len(set(fast)) == len(fast), "fast", "names a read twice")
    _want(len(document[form.SLOW]) <= MAX_SLOW, "slow", "is more than %d reads" % MAX_SLOW)
    _want(len(document[form.FREEZE]) in (0, 2), "freeze", "is not the reads of time and energy")
    for key in (form.POWER, form.ENERGY):
        _want(document[key] is None or _is_whole(document[key], 1, 65535), names[key], "is no point")
    for key in (form.CURVE, form.DAILY):
        fine = all([_is_whole(no, 1, 65535) for no in document[key]])
        _want(fine, names[key], "is no list of points")
        _want(len(document[key]) <= MAX_RECORD, names[key], "is more than %d points" % MAX_RECORD)


def _controls(document):
    for name, control in document[form.CONTROLS].items():
        fine = isinstance(name, str) and isinstance(control, list) and len(control) == 7
        fine = fine and isinstance(control[0], str) and isinstance(control[1], (bytes, dict))
        fine = fine and all([_is_whole(control[i]) for i in (2, 3, 4, 5, 6)])
        _want(fine and control[3] < len(document[form.COUNTS]), "controls", "one is malformed")
