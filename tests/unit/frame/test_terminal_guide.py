"""docs/terminal.md and its Chinese sister say what the code says: tables, pictures, help, commands."""

import json
import re
import shlex

import pytest

from protocols.uplink import messages, parameters
from tests.conftest import MICROPYTHON
from tests.unit.front import pictures
from tools import guide


@pytest.fixture(params=guide.PAGES)
def language(request):
    return request.param


@pytest.fixture
def text(language):
    return guide.PAGES[language].read_text(encoding="utf-8")


def test_the_tables_are_current(language, text):
    assert text == guide.fresh(language), "run: python -m tools.guide"


def test_every_table_has_its_place(text):
    assert [match[2] for match in guide.MARK.finditer(text)] == [
        "statistics",
        "events",
        "rules",
        "parameters",
    ]


def test_a_changed_fact_is_found(language, text, monkeypatch):
    changed = parameters.TEXTS.text.replace("0 3600 60", "0 3600 61")
    monkeypatch.setattr(parameters.TEXTS, "text", changed)
    assert guide.fresh(language) != text


def test_every_parameter_has_its_words_and_no_other_does(language):
    fields = {
        f"{name}.{row[1]}"
        for section, name in parameters.SECTIONS.items()
        for row in parameters.rows(section)
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


def test_the_help_of_the_console_is_quoted(language, text, repo_root):
    words = (repo_root / f"firmware/front/{language[:2]}.txt").read_text(encoding="utf-8")
    assert "lk> help\n" + re.search(r"\n=help\n(.*?)\n=", words, re.DOTALL)[1] + "\n" in text


def test_the_command_names_a_section_and_its_fields(text):
    command = re.search(r"loadkeeper command send (.*)", text)[1]
    device, kind, section, values = shlex.split(command)
    assert device
    assert kind in [name for _no, name in messages.COMMAND_NAMES.items()]
    number = {name: no for no, name in parameters.SECTIONS.items()}[section.removeprefix("section=")]
    named = json.loads(values.removeprefix("values="))
    assert parameters.read(number, parameters.write(number, named))


@pytest.mark.skipif(not MICROPYTHON.exists(), reason="no MicroPython wheel for this platform")
@pytest.mark.parametrize("shown", pictures.LANGUAGES)
def test_the_pictures_of_the_display_are_current(shown):
    kept, drawn = (
        pictures.content(data) for data in (pictures.kept(shown).read_bytes(), pictures.sheet(shown))
    )
    assert kept == drawn, "run: python -m tests.unit.front.pictures"
