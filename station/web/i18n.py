"""Language of a page: the viewer's choice (kept in a cookie), else what the browser asks for, else Chinese.

English sentences stand in templates and code as message ids; names owned by protocols (`reason.guaranteed`)
are ids too and have words in both catalogues. The catalogues are read from the .po files when first needed,
so there is no compiled file to forget.
"""

from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, has_request_context, request
from flask_babel import Babel, Domain, get_locale, gettext

LANGUAGES = {"zh_CN": "中文", "en": "English"}
DEFAULT = "zh_CN"
CATALOGUES = Path(__file__).parent / "translations"


class _Catalogues(Domain):
    def get_translations(self) -> Translations:
        name = shown()
        if name not in self.cache:
            self.cache[name] = load(name)
        return self.cache[name]


def load(language: str) -> Translations:
    """Return the catalogue of one of LANGUAGES."""
    whole = Catalog(locale=language)
    for path in catalogues(language):
        with path.open("rb") as source:
            for message in read_po(source, locale=language):
                if message.id:
                    whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return Translations(compiled)


def catalogues(language: str) -> list[Path]:
    """One file a room of pages; an id stands in one of them only."""
    return sorted((CATALOGUES / language / "LC_MESSAGES").glob("*.po"))


def shown() -> str:
    """Return the language words are shown in now, one of LANGUAGES."""
    locale = get_locale()
    return "en" if locale is not None and locale.language == "en" else DEFAULT


def language() -> str:
    """Return the language of the current request."""
    if not has_request_context():
        return DEFAULT
    chosen = request.cookies.get("lang")
    if chosen in LANGUAGES:
        return chosen
    wished = request.accept_languages.best_match(["zh", "en"], default="zh")
    return "en" if wished == "en" else DEFAULT


def word(space: str, name: str | int | None) -> str:
    """Return the words for a name of protocols.uplink.codes; an unknown one is shown as it is."""
    key = f"{space}.{name}"
    text = gettext(key)
    return str(name) if text == key else text


def init_app(app: Flask) -> None:
    Babel(app, default_locale=DEFAULT, locale_selector=language)
    app.extensions["babel"].instance.domain_instance = _Catalogues()
    app.jinja_env.globals.update(word=word, languages=LANGUAGES, current_language=shown)
