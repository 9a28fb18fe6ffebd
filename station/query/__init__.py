"""Data query: which slots and items may be asked for, what a register used, what a device runs. Pure."""
