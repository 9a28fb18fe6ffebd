"""What operators say of SIM cards, month by month. The cards stand in the archives, kind `sim`."""

from sqlalchemy import Index, Table

from station.store.archives_schema import of_record
from station.store.columns import integer, metadata, text

sim_months = Table(
    "sim_months",
    metadata,
    of_record(primary_key=True),
    integer("month", primary_key=True),  # 202610
    integer("traffic_bytes"),
    integer("quota_bytes"),  # 0: none, or not said
    integer("cost_yuan_e4"),
    text("ip"),  # the last one of the month; empty: not said
    integer("roaming"),  # 1: it was used away from home
    text("state"),  # of station.imports.sim_months.STATES
    Index(None, "month"),
    sqlite_with_rowid=False,
)
