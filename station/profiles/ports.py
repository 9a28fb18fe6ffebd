"""A laptop's way to a meter: a serial port (RS-485 adapter, optical head) or a serial server behind TCP."""

import contextlib
import os
import re
import socket
import time
from typing import Any, Protocol

import serial

try:
    from termios import error as termios_error  # what pyserial lets through when an adapter vanished
except ImportError:  # Windows
    termios_error = OSError

GONE = (OSError, termios_error)
TICK_S = 0.01  # the longest that `read` sleeps before it looks at its time-out again
CHUNK = 4096
CONNECT_S = 10


class PortError(OSError):
    """The port cannot be opened or is lost; args[0] says to a person why."""


class Port(Protocol):
    baud: int

    def write(self, data: bytes) -> None: ...
    def read(self, timeout_s: float) -> bytes: ...
    def drop_input(self) -> None: ...
    def set_baud(self, baud: int) -> None: ...
    def close(self) -> None: ...


def address_of(text: str) -> tuple[str, int]:
    """('host', port) of tcp://host:port; PortError."""
    found = re.fullmatch(r"tcp://(\[[0-9A-Fa-f:.%]+\]|[^:/\[\]]+):(\d{1,5})", text)
    if not found or int(found[2]) > 65535:
        raise PortError(f"{text} is not tcp://HOST:PORT")
    return found[1].strip("[]"), int(found[2])


def open_port(text: str, baud: int, form: str) -> Port:
    """`text`: tcp://host:port, or a serial port by its name; `form` such as "8E1". PortError."""
    return _Tcp(text, baud) if text.startswith("tcp://") else _Serial(text, baud, form)


def bits_of(form: str) -> int:
    """On the line, of one byte in the form "8E1": with start and stop."""
    return 1 + int(form[0]) + (form[1] != "N") + int(form[2])


class _Tcp:
    def __init__(self, text: str, baud: int) -> None:
        self.baud = baud
        try:
            self._socket = socket.create_connection(address_of(text), CONNECT_S)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except PortError:
            raise
        except OSError as error:
            raise PortError(f"{text}: {error.strerror or error}") from None

    def write(self, data: bytes) -> None:
        self._socket.settimeout(CONNECT_S)
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise PortError(f"connection lost: {error.strerror or error}") from None

    def read(self, timeout_s: float) -> bytes:
        self._socket.settimeout(max(timeout_s, 0.001))
        try:
            data = self._socket.recv(CHUNK)
        except TimeoutError:
            return b""
        except OSError as error:
            raise PortError(f"connection lost: {error.strerror or error}") from None
        if not data:
            raise PortError("connection lost: closed by the other side")
        return data

    def drop_input(self) -> None:
        while self.read(0):
            pass

    def set_baud(self, baud: int) -> None:
        """A serial server keeps the speed it was set to."""
        self.baud = baud

    def close(self) -> None:
        self._socket.close()


_PARITY = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


class _Serial:
    def __init__(self, name: str, baud: int, form: str) -> None:
        self.baud = baud
        shape: dict[str, Any] = {
            "bytesize": int(form[0]),
            "parity": _PARITY[form[1]],
            "stopbits": int(form[2]),
        }
        if _is_pty(name):  # it knows no parity: pyserial could change nothing later
            shape = {}
        try:
            self._port = serial.Serial(
                name, baud, timeout=0, write_timeout=CONNECT_S, exclusive=_exclusive(), **shape
            )
        except (*GONE, ValueError) as error:
            raise PortError(f"{name}: {_reason(error)}") from None

    def write(self, data: bytes) -> None:
        try:
            self._port.write(data)
            self._port.flush()
        except GONE as error:
            raise PortError(f"port lost: {_reason(error)}") from None

    def read(self, timeout_s: float) -> bytes:
        until = time.monotonic() + timeout_s
        while True:
            try:
                data = self._port.read(CHUNK)
            except GONE as error:
                raise PortError(f"port lost: {_reason(error)}") from None
            left_s = until - time.monotonic()
            if data or left_s <= 0:
                return bytes(data)
            time.sleep(min(TICK_S, left_s))

    def drop_input(self) -> None:
        with contextlib.suppress(*GONE):  # `write` tells it
            self._port.reset_input_buffer()

    def set_baud(self, baud: int) -> None:
        self.baud = baud
        try:
            self._port.baudrate = baud
        except (*GONE, ValueError) as error:
            raise PortError(f"the port cannot do {baud} Bd: {_reason(error)}") from None

    def close(self) -> None:
        with contextlib.suppress(*GONE):
            self._port.close()


def _reason(error: Exception) -> str:
    """pyserial wraps the system's words in its own; termios gives the number first."""
    number = getattr(error, "errno", None) or (error.args[0] if type(error) is termios_error else None)
    return os.strerror(number) if number else str(error)


def _is_pty(name: str) -> bool:
    return os.path.realpath(name).startswith("/dev/pts/")


def _exclusive() -> bool | None:
    return True if os.name == "posix" else None
