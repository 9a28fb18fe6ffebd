"""Pieces of schemas (protocols.gdw376.schema)."""


def fields(*parts) -> tuple:
    """One schema of fields and schemas."""
    out = ()
    for part in parts:
        out += (part,) if isinstance(part[0], str) else part
    return out


def phases(name, form, unit) -> tuple:
    return tuple((name + phase, form, unit) for phase in ("_a", "_b", "_c"))


def total_and_phases(name, form, unit) -> tuple:
    return fields((name, form, unit), phases(name, form, unit))


def per_tariff(name, form, unit) -> tuple:
    """Total and tariffs; TARIFFS before it."""
    return (name, form, unit, "tariffs+1")


TIME = ("time", "15")
TARIFFS = ("tariffs", "bin1")
