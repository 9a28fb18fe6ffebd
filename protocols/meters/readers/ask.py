"""What a reader asks of whoever drives it: see protocols/meters/readers/README.md."""

from collections import namedtuple

# data: bytes to send, b"" to listen only; judge(frame): "" when it is the answer, else why not;
# baud: change to this speed after sending, 0 stay; wait_ms: until the first byte, 0 the driver's own
Ask = namedtuple("Frame", ("data", "judge", "baud", "wait_ms"))


def ask(data, judge, baud=0, wait_ms=0) -> Ask:
    return Ask(data, judge, baud, wait_ms)
