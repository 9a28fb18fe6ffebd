"""Fuzz target: DL/T 645-1997, meter, reader, items. The framer is that of 2007."""

from protocols.lines import dlt645, dlt645_97
from protocols.lines.dlt645_97_meter import Server
from protocols.lines.refused import Refused
from protocols.meters import dlt645_97_items
from protocols.meters.dlt645_items import ItemError
from protocols.meters.readers.dlt645_97 import Reader
from tests.fuzz.dlt645 import ADDRESS, Echo
from tests.unit.protocols.drive import drive


def one_input(data: bytes) -> None:
    server = Server(ADDRESS, {"9010": bytes(4), "901F": bytes(400)})
    server.programming = True
    server.feed(data)
    server.feed(dlt645.encode(dlt645.BROADCAST, data[0] & 0x1F if data else 0, data[1:200]))
    for frame in dlt645_97.Framer().feed(data):
        dlt645_97.reply_data(frame)
    try:
        dlt645_97_items.decode(int.from_bytes(data[:2], "little"), data[2:])
    except ItemError:
        pass
    reader = Reader(ADDRESS, {})
    try:
        drive(reader.read("901F"), reader, Echo(data))
    except Refused:
        pass
