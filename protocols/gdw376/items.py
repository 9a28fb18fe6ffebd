"""Which schema a unit has, by AFN, direction and F.

Taken from public descriptions of Q/GDW 376.1-2009 and 1376.1-2013 that agree; the standard itself was not at
hand. Version 1 frames are read with the same tables, proved for the items of one capture only.
"""

from protocols.gdw376 import class1, class2, commands, parameters
from protocols.lines.refused import Refused

UP, DOWN = True, False


def _asked(rows) -> dict:
    """Asked by identifier alone."""
    return {number: (row[0], (), row[2]) for number, row in rows.items()}


def _tagged(with_data) -> dict:
    return {
        number: (name, tag + schema if with_data else tag, mark)
        for number, (name, tag, schema, mark) in class2.CLASS_2.items()
    }


# some parameters are asked for in part; those in _ASKED_DIFFERENTLY in ways that differ by edition
_NUMBERS = (("count", "bin2"), ("numbers", "bin2", "", "count"))
_CLASSES = (("class", "bin1"), ("count", "bin1"), ("subclasses", "bin1", "", "count"))
_ASKED_DIFFERENTLY = (11, 13, 14, 15, 33)

_PARAMETERS_ASKED = _asked(parameters.PARAMETERS)
for _number in _ASKED_DIFFERENTLY:
    del _PARAMETERS_ASKED[_number]
_PARAMETERS_ASKED[10] = ("meters", _NUMBERS, "")
_PARAMETERS_ASKED[38] = ("class_1_items", _CLASSES, "")
_PARAMETERS_ASKED[39] = ("class_2_items", _CLASSES, "")

# (AFN, direction): {F: (name, schema, mark)}
ITEMS = {
    (0x00, UP): commands.CONFIRM,
    (0x00, DOWN): commands.CONFIRM,
    (0x01, DOWN): commands.RESET,
    (0x02, UP): commands.LINK,
    (0x04, DOWN): parameters.PARAMETERS,
    (0x05, DOWN): commands.CONTROL,
    (0x06, DOWN): commands.AUTHENTICATE_DOWN,
    (0x06, UP): commands.AUTHENTICATE_UP,
    (0x09, DOWN): commands.INFO_ASKED,
    (0x09, UP): commands.INFO,
    (0x0A, DOWN): _PARAMETERS_ASKED,
    (0x0A, UP): parameters.PARAMETERS,
    (0x0C, DOWN): _asked(class1.CLASS_1),
    (0x0C, UP): class1.CLASS_1,
    (0x0D, DOWN): _tagged(False),
    (0x0D, UP): _tagged(True),
    (0x0E, DOWN): commands.EVENTS_ASKED,
    (0x0E, UP): commands.EVENTS,
    (0x0F, DOWN): commands.FILE,
    (0x0F, UP): commands.FILE_ANSWER,
    (0x10, DOWN): commands.FORWARD,
    (0x10, UP): commands.FORWARD_ANSWER,
}


def find(afn, up, number) -> tuple:
    """(name, schema, mark: "" or "K" for one source); raises Refused."""
    row = ITEMS.get((afn, bool(up)), {}).get(number)
    if row is None:
        raise Refused("unknown_item", "AFN %02X F%d %s" % (afn, number, "up" if up else "down"))
    return row
