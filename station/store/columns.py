"""What all tables are made of: one set of them, its names, and the kinds of columns."""

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, MetaData, Text

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# 64 bits everywhere; SQLite wants the word INTEGER for a rowid alias.
Int = BigInteger().with_variant(Integer, "sqlite")


def integer(name: str, **more: object) -> Column:
    return Column(name, Int, **{"nullable": False, **more})  # type: ignore[arg-type]


def text(name: str, **more: object) -> Column:
    return Column(name, Text, **{"nullable": False, **more})  # type: ignore[arg-type]


def maybe(name: str) -> Column:
    return Column(name, Int, nullable=True)


def of_device(**more: object) -> Column:
    return Column("device", Text, ForeignKey("devices.device"), **{"nullable": False, **more})  # type: ignore[arg-type]
