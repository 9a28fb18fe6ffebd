"""Plays a Reader against a Server in memory, as a bus would, with a line that may do wrong."""

from collections.abc import Callable, Generator
from typing import Any

MOST = 400  # exchanges of one read

Fault = Callable[[int, bytes, bytes], bytes]  # (number of the exchange, request, reply) -> what arrives


def drive(generator: Generator[Any, Any, Any], reader: Any, server: Any, fault: Fault | None = None) -> Any:
    """The generator's result. `server.feed(request)` answers; `fault` may change, lose or add bytes."""
    answer = None
    for number in range(MOST):
        try:
            ask = generator.send(answer)
        except StopIteration as end:
            return end.value
        reply = server.feed(ask.data)
        answer = _heard(reader, ask, fault(number, ask.data, reply) if fault else reply)
    raise AssertionError("the exchange does not end")


def _heard(reader: Any, ask: Any, data: bytes) -> Any:
    framer = reader.FRAMER()
    for frame in framer.feed(data) + framer.quiet():
        if not ask.judge(frame):
            return frame
    return None


# ---- faults


def lost(numbers: set[int]) -> Fault:
    return lambda number, _request, reply: b"" if number in numbers else reply


def echoed(_number: int, request: bytes, reply: bytes) -> bytes:
    return request + reply


def noisy(_number: int, _request: bytes, reply: bytes) -> bytes:
    return b"\x00\x68\xff\x16\x7e" + reply


class Late:
    """The reply to each request but the first comes after the one to the request before."""

    def __init__(self) -> None:
        self._before = b""

    def __call__(self, _number: int, _request: bytes, reply: bytes) -> bytes:
        out, self._before = self._before + reply, reply
        return out
