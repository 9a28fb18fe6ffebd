"""The record of who did what: each row is bound to those before it by a hash, and says by which door."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"

INDEXES = (("author", "id"), ("action", "id"), ("subject", "id"))
KEPT = ("UPDATE", "DELETE")


def upgrade() -> None:
    for name in ("origin", "hash"):
        op.add_column("audit", sa.Column(name, sa.Text(), nullable=False, server_default=""))
    for columns in INDEXES:
        op.create_index(op.f(f"ix_audit_{'_'.join(columns)}"), "audit", list(columns))
    _chain(op.get_bind())
    for act in KEPT:
        op.execute(
            f"CREATE TRIGGER audit_no_{act.lower()} BEFORE {act} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'audit is only appended to'); END"
        )


def _chain(c: sa.Connection) -> None:
    """As station.store.audit did when this was written; ids become those of an unbroken count."""
    before = "0" * 64
    old = c.execute(sa.text("SELECT id, t_s, author, action, subject, detail FROM audit ORDER BY id")).all()
    for number, (held, t_s, author, action, subject, detail) in enumerate(old, 1):
        told = [number, t_s, author, action, subject, json.loads(detail), ""]
        text = json.dumps(told, sort_keys=True, separators=(",", ":"))
        before = hashlib.sha256(bytes.fromhex(before) + text.encode()).hexdigest()
        c.execute(
            sa.text("UPDATE audit SET id = :number, hash = :hash WHERE id = :held"),
            {"number": number, "hash": before, "held": held},
        )


def downgrade() -> None:
    for act in KEPT:
        op.execute(f"DROP TRIGGER audit_no_{act.lower()}")
    for columns in INDEXES:
        op.drop_index(op.f(f"ix_audit_{'_'.join(columns)}"), "audit")
    for name in ("hash", "origin"):
        op.drop_column("audit", name)
