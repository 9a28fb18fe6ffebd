"""The static files: as fetched, nothing from outside, and colours that can be read."""

import re
import runpy
from pathlib import Path

import pytest

from station.web import i18n

ROOT = Path(__file__).parents[3]
STATIC = Path(i18n.__file__).parent / "static"
TOKENS = (STATIC / "css" / "tokens.css").read_text("utf-8")
READ = 4.5  # WCAG 2.2 AA, normal text
SEEN = 3.0  # lines and shapes that carry meaning

TEXT = [
    (ink, ground)
    for ink in ("ink", "ink-2", "accent", "ok", "warn", "trip", "unknown", "idle")
    for ground in ("bg", "surface", "surface-2")
] + [(tone, f"{tone}-soft") for tone in ("accent", "ok", "warn", "trip", "unknown", "idle")]
TEXT += [("accent-ink", "accent"), ("surface", "trip"), ("surface", "ok")]
SHAPES = [("chart-power", "surface"), ("chart-setpoint", "surface"), ("unknown", "surface")]


def palette(theme: str) -> dict[str, str]:
    light, dark = TOKENS.split('[data-theme="dark"]')
    found = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return found | (dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", dark)) if theme == "dark" else {})


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_read_on_its_ground(theme: str) -> None:
    have = palette(theme)
    weak = {
        (a, b): round(contrast(have[a], have[b]), 2) for a, b in TEXT if contrast(have[a], have[b]) < READ
    }
    weak |= {
        (a, b): round(contrast(have[a], have[b]), 2) for a, b in SHAPES if contrast(have[a], have[b]) < SEEN
    }
    assert weak == {}


def test_vendored_files_are_as_fetched_and_carry_their_licence() -> None:
    vendor = runpy.run_path(str(ROOT / "tools" / "vendor.py"))
    assert vendor["check"]() == []
    for package in (STATIC / "vendor").iterdir():
        assert package.is_file() or (package / "LICENSE").is_file()


def test_our_own_files_ask_nothing_of_other_hosts() -> None:
    for path in [*STATIC.glob("js/*.js"), *STATIC.glob("css/*.css")]:
        assert not re.search(r"https?://|@import|url\(", path.read_text("utf-8")), path
