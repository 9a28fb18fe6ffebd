"""A simulated meter on a real line: answers what comes through a port, one line at a time."""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from station.profiles.ports import PortError, address_of, open_port

POLL_S = 0.05
CHUNK = 4096


class Line(Protocol):
    """Where a meter hangs: `take` gives what came (b"" nothing yet), None when the line is gone for good."""

    name: str

    def take(self) -> bytes | None: ...
    def give(self, data: bytes) -> None: ...
    def close(self) -> None: ...


def open_line(text: str, baud: int, form: str) -> Line:
    """tcp://HOST:PORT listens there (port 0: any), "pty" makes a pair, else a serial port. PortError."""
    if text.startswith("tcp://"):
        return _Listener(text)
    return _Pty() if text == "pty" else _Wire(text, baud, form)


class _Listener:
    """One client after the other, as with a serial server."""

    def __init__(self, text: str) -> None:
        try:
            self._listening = socket.create_server(address_of(text))
        except PortError:
            raise
        except OSError as error:
            raise PortError(f"{text}: {error.strerror or error}") from None
        self._listening.settimeout(POLL_S)
        self._client: socket.socket | None = None
        host, port = self._listening.getsockname()[:2]
        self.name = f"tcp://{host}:{port}"

    def take(self) -> bytes | None:
        if self._client is None:
            with contextlib.suppress(TimeoutError):
                self._client, _address = self._listening.accept()
                self._client.settimeout(POLL_S)
            return b""
        try:
            data = self._client.recv(CHUNK)
        except TimeoutError:
            return b""
        except OSError:
            data = b""
        if not data:
            self._client.close()
            self._client = None
        return data

    def give(self, data: bytes) -> None:
        if self._client is not None:
            with contextlib.suppress(OSError):  # the next `take` sees that it is gone
                self._client.sendall(data)

    def close(self) -> None:
        if self._client is not None:
            self._client.close()
        self._listening.close()


class _Pty:
    def __init__(self) -> None:
        if not hasattr(os, "openpty"):
            raise PortError("this system has no PTYs: use tcp://127.0.0.1:0")
        import tty

        self._master, self._slave = os.openpty()  # the slave stays open, so that clients may come and go
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.name = os.ttyname(self._slave)

    def take(self) -> bytes | None:
        try:
            return os.read(self._master, CHUNK)
        except BlockingIOError:
            time.sleep(POLL_S / 5)
            return b""

    def give(self, data: bytes) -> None:
        while data:
            try:
                data = data[os.write(self._master, data) :]
            except BlockingIOError:  # nobody reads: a line loses what nobody hears
                return

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


class _Wire:
    def __init__(self, text: str, baud: int, form: str) -> None:
        self._port = open_port(text, baud, form)
        self.name = text

    def take(self) -> bytes | None:
        return self._port.read(POLL_S)

    def give(self, data: bytes) -> None:
        self._port.write(data)

    def close(self) -> None:
        self._port.close()


def serve(
    server: Any,
    line: Line,
    stop: threading.Event,
    push_s: float = 0.0,
    told: Callable[[bytes, bytes], None] | None = None,
) -> None:
    """Answer until `stop`; `push_s` > 0: a meter that sends by itself so often. `told(request, answer)`."""
    next_s = time.monotonic() + push_s
    while not stop.is_set():
        data = line.take()
        if data is None:
            return
        pushed = push_s and time.monotonic() >= next_s
        if not data and not pushed:
            continue
        if pushed:
            next_s = time.monotonic() + push_s
        answer = server.feed(data)
        if answer:
            line.give(answer)
        if told:
            told(data, answer)
