"""Where a device runs other parameters than were sent to it; found again and again by station.query.look."""

from sqlalchemy import Table

from station.store.columns import integer, metadata, of_device

parameter_differences = Table(
    "parameter_differences",
    metadata,
    of_device(primary_key=True),
    integer("section", primary_key=True),  # protocols.uplink.area.SECTIONS
    integer("wanted"),  # version executed last, 0 none from this station
    integer("reported"),  # version the device says it runs, 0 its defaults
    integer("since_s"),  # station time when it was found first
    sqlite_with_rowid=False,
)
