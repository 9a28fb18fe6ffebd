"""Tables of the periodic work: what there is, and how each run ended."""

from sqlalchemy import Column, Index, Table, Text

from station.store.columns import integer, maybe, metadata, text

jobs = Table(
    "jobs",
    metadata,
    text("name", primary_key=True),
    maybe("every_s"),  # either this ...
    maybe("at_min"),  # ... or the minute of the local day
    maybe("wanted_s"),  # somebody asked for a run now
    text("wanted_by", server_default=""),
    text("token", server_default=""),  # of the form that asked last
    sqlite_with_rowid=False,
)

job_runs = Table(
    "job_runs",
    metadata,
    integer("id", primary_key=True),
    Column("job", Text, nullable=False),  # a job may be gone, its history stays
    text("author"),  # "" = its time had come
    integer("start_s"),
    maybe("end_s"),
    text("result"),  # of station.jobs.due.RESULTS
    maybe("rows"),
    text("error", server_default=""),
    Index(None, "job", "id"),
    Index(None, "start_s"),
)
