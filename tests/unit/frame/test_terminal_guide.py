"""The guides to terminal and concentrator say what the code says: tables, pictures, help, commands."""

import re
import shlex

import click
import pytest

from protocols.uplink import area, parameters
from station import controls
from station.cli.main import cli
from station.store import db
from tests.conftest import MICROPYTHON
from tests.unit.front import pictures
from tools import guide

TABLES = {
    "terminal": ["statistics", "events", "rules", "parameters"],
    "concentrator": ["area_events", "area_parameters"],
}
CHANGES = {"terminal": ("0 3600 60", "0 3600 61"), "concentrator": ("5 3600 10", "5 3600 11")}


@pytest.fixture(params=guide.PAGES, ids="-".join)
def page(request):
    return request.param


@pytest.fixture(params=["en", "zh_CN"])
def language(request):
    return request.param


def text_of(page):
    return guide.PAGES[page].read_text(encoding="utf-8")


def test_the_tables_are_current(page):
    assert text_of(page) == guide.fresh(page), "run: python -m tools.guide"


def test_every_table_has_its_place(page):
    assert [match[2] for match in guide.MARK.finditer(text_of(page))] == TABLES[page[0]]


def test_a_changed_fact_is_found(page, monkeypatch):
    old, new = CHANGES[page[0]]
    (part,) = [part for part in area.PARAMETERS._parts if old in part.text]
    monkeypatch.setattr(part, "text", part.text.replace(old, new))
    assert guide.fresh(page) != text_of(page)


def test_every_parameter_has_its_words_and_no_other_does(language):
    fields = {
        f"{name}.{row[1]}"
        for section, name in area.SECTIONS.items()
        for row in parameters.rows(section, area.PARAMETERS)
    }
    words = guide.meanings(language)
    assert set(words) == fields
    assert all(words.values())


def test_every_statistic_is_in_one_row():
    rows = [row for family in guide.families() for row in family]
    assert rows == list(guide.STATISTICS)
    assert all(
        last - first == len(family) - 1 for family in guide.families() for first, last in [_ends(family)]
    )


def _ends(family):
    return family[0][0], family[-1][0]


def test_the_help_of_the_console_is_quoted(language, repo_root):
    words = (repo_root / f"firmware/front/{language[:2]}.txt").read_text(encoding="utf-8")
    quoted = "lk> help\n" + re.search(r"\n=help\n(.*?)\n=", words, re.DOTALL)[1] + "\n"
    assert quoted in text_of(("terminal", language))


def test_the_commands_are_taken(page, tmp_path):
    """Each that is shown, as far as it can be judged without a device."""
    (tmp_path / "area.csv").touch()
    shown = [shlex.split(line) for line in re.findall(r"^    loadkeeper (.*)", text_of(page), re.MULTILINE)]
    assert shown
    for words in shown:
        given = [str(tmp_path / word) if word.endswith(".csv") else word for word in words]
        command, context = cli, click.Context(cli)
        while isinstance(command, click.Group):
            name, *given = given
            found = command.get_command(context, name)
            assert found, words
            command = found
        params = command.make_context(name, given).params
        if words[:2] == ["command", "send"]:
            built(tmp_path, params)


def built(home, params):
    engine = db.engine(home)
    try:
        with db.reading(engine) as c:
            texts = dict(field.split("=", 1) for field in params["fields"])
            assert controls.build(c, params["device"], params["kind"], texts, 8)
    finally:
        engine.dispose()


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython wheel for this platform")
@pytest.mark.parametrize("shown", pictures.LANGUAGES)
def test_the_pictures_of_the_display_are_current(shown):
    kept, drawn = (
        pictures.content(data) for data in (pictures.kept(shown).read_bytes(), pictures.sheet(shown))
    )
    assert kept == drawn, "run: python -m tests.unit.front.pictures"
