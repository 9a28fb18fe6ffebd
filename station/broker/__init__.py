"""The embedded broker: nats-server with MQTT 3.1.1, one account a device, messages kept on disk."""

from station.broker.config import write_config
from station.broker.server import binary, command, ready
from station.broker.violations import Violations

__all__ = ["Violations", "binary", "command", "ready", "write_config"]
