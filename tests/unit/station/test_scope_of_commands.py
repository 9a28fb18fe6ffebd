"""A command to many says so to the terminal; an addressed one is as it always was."""

from pathlib import Path

from alembic import command as alembic
from alembic.config import Config

from protocols.uplink import messages, topics
from protocols.uplink.codes import ADDRESSED, TO_MANY
from protocols.uplink.envelope import unseal
from station import controls
from station.commands.dispatcher import sealed
from station.store import commands, db
from station.store.schema import commands as table


def sent(c, settings, **more):
    number = controls.submit(c, "T1", messages.PERMIT_CLOSE, controls.permit([1]), "me", **more)
    row = commands.get(c, "T1", number)
    body, _approved = unseal(settings.key("T1", "operator"), topics.CMD, "T1", sealed(settings, row))  # pyright: ignore[reportArgumentType]
    return row, messages.unpack(messages.COMMAND, body)


def test_the_scope_is_stored_and_sealed(c, settings):
    row, heard = sent(c, settings, scope=TO_MANY)
    assert row["scope"] == TO_MANY
    assert heard["scope"] == TO_MANY
    assert heard["params"] == {1: 1}


def test_an_addressed_command_leaves_the_scope_out(c, settings):
    row, heard = sent(c, settings)
    assert row["scope"] == ADDRESSED
    assert "scope" not in heard


def test_commands_of_an_older_station_were_addressed(engine):
    with db.writing(engine) as c:
        controls.submit(c, "T1", messages.PERMIT_CLOSE, controls.permit([1]), "me", scope=TO_MANY)
    config = Config()
    config.set_main_option("script_location", str(Path(db.__file__).parent / "migrations"))
    for step, to in ((alembic.downgrade, "0002"), (alembic.upgrade, db.HEAD)):
        with db.writing(engine) as c:
            config.attributes["connection"] = c
            step(config, to)
    with db.reading(engine) as c:
        assert c.execute(table.select()).mappings().one()["scope"] == ADDRESSED
