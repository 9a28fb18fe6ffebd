"""A bare MQTT broker for tests of the terminal alone: nats-server with JetStream in a folder of the test."""

import socket
from pathlib import Path

from hil.adapters.process import Child
from station.broker import server

CONFIG = """
server_name: rig
host: 127.0.0.1
port: {port}
jetstream {{ store_dir: "{store}", max_memory_store: 16MB, max_file_store: 64MB }}
mqtt {{ host: 127.0.0.1, port: {mqtt} }}
"""  # MQTT sessions of nats-server live in JetStream, so it must be on


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


class Broker:
    """Listens on loopback `port`. `stop` and `start` keep port and store: a broker restart."""

    def __init__(self, folder):
        self._folder = Path(folder)
        self.port = free_port()
        self.host = "127.0.0.1"
        self._config = self._folder / "broker.conf"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._config.write_text(
            CONFIG.format(port=free_port(), mqtt=self.port, store=self._folder / "jetstream"),
            encoding="utf-8",
        )
        self.start()

    def start(self):
        self.child = Child(server.command(self._config), self._folder / "broker.log")
        self.child.wait_for(self._listens, "MQTT port")

    def _listens(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex((self.host, self.port)) == 0

    def stop(self):
        self.child.stop()

    def kill(self):
        self.child.kill()
