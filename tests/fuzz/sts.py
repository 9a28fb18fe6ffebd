"""Any text for the check of a token."""

from protocols import sts
from protocols.lines.refused import Refused


def one_input(data: bytes) -> None:
    for text in (data.decode("latin-1"), str(int.from_bytes(data, "big"))[:20]):
        try:
            sts.check(text)
        except Refused:
            pass
