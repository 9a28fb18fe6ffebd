"""The organisation: units, roles, grants; every device stands in a unit; who was a user may do all."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

INT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "org_units",
        sa.Column("id", INT, nullable=False),
        sa.Column("parent", INT, nullable=True),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("closed_s", INT, nullable=True),
        sa.ForeignKeyConstraint(["parent"], ["org_units.id"], name=op.f("fk_org_units_parent")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_org_units")),
        sa.UniqueConstraint("code", name=op.f("uq_org_units_code")),
    )
    op.create_index(op.f("ix_org_units_parent"), "org_units", ["parent"])
    op.create_table(
        "org_tree",
        sa.Column("ancestor", INT, nullable=False),
        sa.Column("unit", INT, nullable=False),
        sa.ForeignKeyConstraint(["ancestor"], ["org_units.id"], name=op.f("fk_org_tree_ancestor")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_org_tree_unit")),
        sa.PrimaryKeyConstraint("ancestor", "unit", name=op.f("pk_org_tree")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_org_tree_unit"), "org_tree", ["unit"])
    op.create_table(
        "roles",
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("functions", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("role", name=op.f("pk_roles")),
    )
    op.create_table(
        "grants",
        sa.Column("id", INT, nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("unit", INT, nullable=False),
        sa.Column("from_s", INT, nullable=False),
        sa.Column("until_s", INT, nullable=True),
        sa.Column("instead_of", sa.Text(), nullable=True),
        sa.Column("author", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name=op.f("fk_grants_user")),
        sa.ForeignKeyConstraint(["unit"], ["org_units.id"], name=op.f("fk_grants_unit")),
        sa.ForeignKeyConstraint(["instead_of"], ["users.name"], name=op.f("fk_grants_instead_of")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_unit"), "grants", ["unit"])
    op.create_index(op.f("ix_grants_user"), "grants", ["user"])
    op.execute("INSERT INTO org_units (id, level, code, name) VALUES (1, 'province', 'root', '')")
    op.execute("INSERT INTO org_tree (ancestor, unit) VALUES (1, 1)")
    op.execute(
        "INSERT INTO grants (user, role, unit, from_s, author)"
        " SELECT name, 'chief', 1, created_s, 'station' FROM users"
    )
    op.add_column("devices", sa.Column("unit", INT, nullable=False, server_default="1"))
    op.create_index(op.f("ix_devices_unit_device"), "devices", ["unit", "device"])


def downgrade() -> None:
    op.drop_index(op.f("ix_devices_unit_device"), "devices")
    op.drop_column("devices", "unit")
    for table in ("grants", "roles", "org_tree", "org_units"):
        op.drop_table(table)
