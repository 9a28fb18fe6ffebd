"""The Reader that a terminal always holds: of the meters that profile 0 of an identity reads."""

from protocols.meters.readers.dlt645_read import Reader  # noqa: F401
