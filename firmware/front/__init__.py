"""What people on the spot see and touch: pages on the display, keys, the service console."""
