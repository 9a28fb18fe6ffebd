"""Requests of profiles and orders -> what a DL/T 698.45 meter is asked; dlt698.py tells how they look."""

from protocols.lines.dlt698 import apdu, axdr

TIME_COLUMN = 0x20210200


def _relays(*parts) -> tuple:
    """The parameter of methods 129 and 130: one relay."""
    return axdr.ARRAY, [(axdr.STRUCTURE, list(parts))]


def oad(text) -> int:
    if len(text) != 8:
        raise ValueError("no object: " + text)
    return int(text, 16)


def _relay(fields) -> tuple:
    return axdr.OAD, oad(fields.get("relay", "F2050201"))


def _trip(fields) -> tuple:
    return _relays(
        _relay(fields),
        (axdr.U8, fields.get("alarm_min", 0)),
        (axdr.U16, fields.get("limit_min", 0)),
        (axdr.BOOL, fields.get("auto_close", False)),
    )


def _nothing(_fields) -> tuple:
    return axdr.NULL, None


CONTROLS = {  # name: (OMD, parameter of the fields)
    "alarm": (0x80007F00, _nothing),
    "alarm_off": (0x80008000, _nothing),
    "trip": (0x80008100, _trip),
    "permit_close": (0x80008200, lambda fields: _relays(_relay(fields), (axdr.ENUM, 0))),
    "close": (0x80008200, lambda fields: _relays(_relay(fields), (axdr.ENUM, 1))),
    "guarantee_on": (0x80017F00, _nothing),
    "guarantee_off": (0x80018000, _nothing),
}


def _moment(text) -> tuple:
    """ "20160120000000" -> date_time_s; ValueError."""
    if len(text) != 14 or not text.isdigit():
        raise ValueError("no time: " + text)
    year, rest = int(text[:4]), [int(text[at : at + 2]) for at in range(4, 14, 2)]
    return axdr.MOMENT, (year,) + tuple(rest)


def _rows(text) -> tuple:
    """RSD; ValueError."""
    word, _, value = text.partition("=")
    if word == "at":
        return 1, (TIME_COLUMN, _moment(value))
    if word == "from":
        first, _, last = value.partition("-")
        return 2, (TIME_COLUMN, _moment(first), _moment(last), (axdr.NULL, None))
    if word == "last":
        return 9, int(value)
    if word == "newest":
        return 10, (int(value), (0, None))
    if text != "all":
        raise ValueError("no rows: " + text)
    return 0, None


def query(text) -> tuple:
    """(kind, body) of GET for the text of a request; ValueError."""
    if text.startswith("record:"):
        _word, table, rows, columns = (text + ":").split(":")[:4]
        named = [(0, oad(column)) for column in columns.split(",") if column]
        return apdu.RECORD, (oad(table), _rows(rows), named)
    oads = [oad(one) for one in text.split(",")]
    return (apdu.LIST, oads) if len(oads) > 1 else (apdu.NORMAL, oads[0])


def order(name, fields) -> tuple:
    """(OMD, data, time tag or None); ValueError."""
    if name == "action":
        omd, value = oad(fields["omd"]), axdr.decode("data", fields["data"])
    elif name in CONTROLS:
        omd, parameter = CONTROLS[name]
        value = parameter(fields)
    else:
        raise ValueError("no control: " + name)
    return omd, value, (tuple(fields["sent"]), (1, fields["valid_min"])) if "sent" in fields else None
