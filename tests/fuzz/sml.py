"""Any bytes for the framer, the decoders and the reader of SML."""

from protocols.lines.refused import Refused
from protocols.lines.sml import messages, tlv, transport
from protocols.meters.readers.sml import Reader
from station.decoding import sml as people
from station.decoding.refused import Refused as Unreadable


def one_input(data: bytes) -> None:
    framer = transport.Framer()
    framer.feed(data)
    framer.quiet()
    for decode in (tlv.decode, messages.decode):
        try:
            decode(data)
        except Refused:
            pass
    signed = messages.encode(data[:4], messages.GET_LIST, data) if data else b""
    for file in (data, signed):
        try:
            people.decode(transport.encode(file))
        except Unreadable:
            pass
        next(Reader("", {"unsigned": ["1-0:16.7.0*255"]}).read("")).judge(transport.Frame(file))
