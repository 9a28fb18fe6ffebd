"""Concentrators: the archive of their meters, its way into them, orders and commands of meters."""
