"""The meter's side of P1: it sends a telegram again and again, whatever it hears."""

from protocols.lines import iec62056_21_meter, p1


class Server:
    """`store`: {address: text between its first ( and last )}; `feed` gives the next telegram.

    `address` is the identification behind the first /. `with_crc` False: DSMR 2.2 and mode D.
    """

    def __init__(self, address="ISk5\\2MT382-1000", store=None, with_crc=True) -> None:
        self.address = address
        self.store = {} if store is None else store
        self.with_crc = with_crc

    def feed(self, _data: bytes) -> bytes:
        data = b"\r\n" + iec62056_21_meter.lines(self.store)
        return p1.encode(self.address, data, self.with_crc)
