"""Purchase orders of energy: numbered, checked, previewed. The terminal keeps the balance."""

from station.prepaid.orders import book, build, check_open, next_order, preview

__all__ = ["book", "build", "check_open", "next_order", "preview"]
