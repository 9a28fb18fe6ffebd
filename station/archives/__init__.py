"""The archive of devices: what people may change about one after enrolment."""

from station.archives.edit import edit

__all__ = ["edit"]
