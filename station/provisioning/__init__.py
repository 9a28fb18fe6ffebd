"""Devices become known: keys, shard, broker account, the identity that is put into the terminal."""

from station.provisioning import meter_inputs
from station.provisioning.devices import add_device, area_of, identity, shard_for

__all__ = ["add_device", "area_of", "identity", "meter_inputs", "shard_for"]
