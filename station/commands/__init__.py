"""Down: queued rows -> sealed -> published -> state kept true until the device has spoken."""
