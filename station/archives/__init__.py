"""Archives: customers, things, their history (`records`, `swap`, `checks`); facts of a device (`edit`)."""

from station.archives.edit import edit

__all__ = ["edit"]
