"""Fuzz target: messages of the uplink as they are shown to people."""

from station.decoding import uplink
from station.decoding.refused import Refused


def one_input(data: bytes) -> None:
    try:
        uplink.decode(data)
    except Refused:
        pass
