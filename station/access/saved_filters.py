"""Filters that a person keeps: few, each with a name of its own on its page. They give no right: opening one
asks what the page asks."""

from sqlalchemy import Connection

from station.errors import FieldError, Invalid
from station.store import audit
from station.store import filters as store

MOST = 20  # of a person
NAME_CHARS = 40


def save(c: Connection, person: str, page: str, name: str, query: str) -> None:
    """Keep `query` under `name`; a second press changes nothing. Invalid."""
    name = name.strip()
    if not name:
        raise Invalid(FieldError("name", "needed"))
    if len(name) > NAME_CHARS:
        raise Invalid(FieldError("name", "too_long", {"most": NAME_CHARS}))
    held = store.of(c, person)
    there = next((each for each in held if (each["page"], each["name"]) == (page, name)), None)
    if there is not None:
        if there["query"] != query:
            raise Invalid(FieldError("name", "name_taken"))
        return
    if len(held) >= MOST:
        raise Invalid(FieldError("", "filters_full", {"most": MOST}))
    store.add(c, person, page, name, query)
    audit.add(c, person, "filter_saved", name, page=page)


def drop(c: Connection, person: str, number: int) -> bool:
    """False when the person has none of this number."""
    found = store.get(c, person, number)
    if found is not None:
        store.remove(c, number)
        audit.add(c, person, "filter_deleted", found["name"], page=found["page"])
    return found is not None
