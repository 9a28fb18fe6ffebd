"""What is done with the cases of dlt645_97.json."""

from binascii import unhexlify

from protocols.lines import dlt645_97
from protocols.lines.dlt645_97_meter import Server
from protocols.meters import dlt645_97_items
from protocols.meters.readers.dlt645_97 import Reader
from tests.vectors.lines import dlt645 as of_2007
from tests.vectors.run import plain


def match(case) -> str:
    asked, answer = [dlt645_97.Framer().feed(unhexlify(case[key]))[0] for key in ("request", "answer")]
    return dlt645_97.match(asked, answer)


def points(case):
    """Of a captured reply: identifier in the frame, then what the table says."""
    (frame,) = of_2007.frames(case)
    di, data, _more, _errors = dlt645_97.reply_data(frame)
    return dlt645_97_items.decode(di, data)


def items(case):
    data = unhexlify(case["hex"])
    rows = dlt645_97_items.decode(case["di"], data)
    back = dlt645_97_items.encode(case["di"], {row[0]: row[1] for row in rows})
    return rows if back in (data, data[:-1]) else "encodes differently"


DO = {
    "parse": lambda case: [list(f) + list(dlt645_97.reply_data(f)) for f in of_2007.frames(case)],
    "points": points,
    "items": items,
    "build": lambda case: getattr(dlt645_97, case["builder"])(*plain(case["args"])),
    "match": match,
    "serve": lambda case: of_2007.serve(case, Server),
    "read": lambda case: of_2007.read(case, Reader, Server),
}
