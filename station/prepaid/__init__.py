"""Purchase orders of energy: numbered, checked, previewed. The terminal keeps the balance."""

from station.prepaid.orders import ORDERS, book, build, check_open, next_order, preview

__all__ = ["ORDERS", "book", "build", "check_open", "next_order", "preview"]
