"""Filters of lists that people keep under a name."""

from sqlalchemy import Column, ForeignKey, Table, Text, UniqueConstraint

from station.store.columns import integer, metadata, text

saved_filters = Table(
    "saved_filters",
    metadata,
    integer("id", primary_key=True),
    Column("person", Text, ForeignKey("users.name"), nullable=False),
    text("page"),  # endpoint of the list, a key of station.web.filters.PAGES
    text("name"),
    text("query"),  # arguments of its address, encoded
    UniqueConstraint("person", "page", "name"),
)
