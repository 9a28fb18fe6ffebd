"""Stock: devices, meters, modules and SIM cards, from receipt to the place where they work."""
