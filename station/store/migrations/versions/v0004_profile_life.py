"""Packages of meter profiles and their ways into terminals; commands that are parts of such a way."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("commands", sa.Column("part", INT, nullable=False, server_default="0"))
    op.create_table(
        "profile_packages",
        sa.Column("id", INT, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("rev", INT, nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("added_s", INT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_packages")),
        sa.UniqueConstraint("digest", name=op.f("uq_profile_packages_digest")),
    )
    op.create_index(op.f("ix_profile_packages_hash"), "profile_packages", ["hash"])
    op.create_table(
        "profile_pushes",
        sa.Column("id", INT, nullable=False),
        sa.Column("device", sa.Text(), nullable=False),
        sa.Column("slot", INT, nullable=False),
        sa.Column("package", INT, nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("begun_s", INT, nullable=False),
        sa.Column("until_s", INT, nullable=False),
        sa.Column("after_event", INT, nullable=False),
        sa.Column("changed_s", INT, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("total", INT, nullable=False),
        sa.Column("held", INT, nullable=True),
        sa.Column("command", INT, nullable=True),
        sa.Column("sent", INT, nullable=False),
        sa.Column("failures", INT, nullable=False),
        sa.Column("anew", INT, nullable=False),
        sa.Column("doubt", INT, nullable=False),
        sa.Column("again_s", INT, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device"], ["devices.device"], name=op.f("fk_profile_pushes_device")),
        sa.ForeignKeyConstraint(["package"], ["profile_packages.id"], name=op.f("fk_profile_pushes_package")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_profile_pushes")),
    )
    op.create_index(op.f("ix_profile_pushes_device_id"), "profile_pushes", ["device", "id"])
    op.create_index(op.f("ix_profile_pushes_state"), "profile_pushes", ["state"])


def downgrade() -> None:
    op.drop_table("profile_pushes")
    op.drop_table("profile_packages")
    op.drop_column("commands", "part")
