"""Indexes for the overview of 100,000 devices: who stands out, who was heard of late."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index(op.f("ix_live_received_s"), "live", ["received_s"])
    op.create_index(op.f("ix_links_last_seen_s"), "links", ["last_seen_s"])
    unusual = "tripped <> 0 OR alarm <> 0 OR guarantee <> 0 OR open IS NULL"
    op.create_index("ix_live_stands_out", "live", ["device"], sqlite_where=sa.text(unusual))


def downgrade() -> None:
    for name, table in (("stands_out", "live"), ("last_seen_s", "links"), ("received_s", "live")):
        op.drop_index(f"ix_{table}_{name}", table)
