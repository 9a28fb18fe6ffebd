"""Fuzz target: DL/T 645-2007, framer, meter, reader, records."""

from protocols.lines import dlt645, dlt645_admin
from protocols.lines.dlt645_server import Server
from protocols.lines.refused import Refused
from protocols.meters import dlt645_items, dlt645_records
from protocols.meters.readers.dlt645 import Reader
from tests.unit.protocols.drive import drive

ADDRESS = "123456789012"


class Echo:
    """A meter that answers with pieces of the input, as good frames."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def feed(self, request: bytes) -> bytes:
        size = self._data[0] if self._data else 0
        piece, self._data = self._data[1 : 2 + size], self._data[2 + size :]
        asked = dlt645.Framer().feed(request)[0]
        control = asked.control | 0x80 | (piece[0] & 0x60 if piece else 0)
        return dlt645.encode(ADDRESS, control, asked.data[:4] + piece[1:251])


def one_input(data: bytes) -> None:
    server = Server(ADDRESS, {"00010000": bytes(4), "05060001": bytes(400), "04000503": bytes(2)})
    server.programming = True
    framer = dlt645.Framer()
    for frame in framer.feed(data) + framer.quiet():
        dlt645.reply_data(frame)
        dlt645_admin.errors_of(frame)
    server.feed(data)
    server.feed(dlt645.encode(server.address, data[0] & 0x1F if data else 0, data[1:200]))
    dlt645_admin.request_text(data)
    di = int.from_bytes(data[:4], "little")
    for decode in (
        dlt645_items.decode,
        dlt645_records.decode,
        dlt645_records.freeze_block,
        dlt645_records.load_records,
    ):
        try:
            decode(di, data[4:])
        except (Refused, dlt645_items.ItemError):
            pass
    reader = Reader(ADDRESS, {})
    try:
        drive(reader.read("05060001"), reader, Echo(data))
    except Refused:
        pass
