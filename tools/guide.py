"""The tables of the guides to the terminal and to the concentrator, made from the files that own the facts.

    python -m tools.guide            write them between their marks
    python -m tools.guide --check    end with 1 when a file is not as it would be written

Words for people: names of events come from the station's catalogues, of rules and statistics from their own
tables, of parameters from guide_words.txt.
"""

import re
import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from firmware.events import KEPT
from protocols.meters.rules import RULES
from protocols.meters.statistics import STATISTICS
from protocols.uplink import area, codes, parameters
from station.web import i18n

ROOT = Path(__file__).resolve().parent.parent
GUIDES = ("terminal", "concentrator")
PAGES = {
    (guide, language): ROOT / f"docs/{guide}{end}.md"
    for guide in GUIDES
    for language, end in (("en", ""), ("zh_CN", ".zh-CN"))
}
WORDS = Path(__file__).with_name("guide_words.txt")
MARK = re.compile(r"(<!-- table (\w+), made by tools/guide\.py -->\n).*?(<!-- end -->)", re.DOTALL)
OURS = {  # what the tables themselves say
    "en": {
        "parameters": "key|field|range|default|meaning",
        "events": "code|name|meaning|importance|told",
        "rules": "no|anomaly|event|begins|ends|for s",
        "statistics": "no|name|meaning|unit",
        "list": "at most {most} numbers {low} to {high}",
        "rows": "at most {most} rows of {high}",
        "bytes": "{high} bytes",
        "none": "none",
        "important": "important",
        "general": "general",
        "kept": "always",
    },
    "zh_CN": {
        "parameters": "键|字段|范围|默认|含义",
        "events": "代码|名称|含义|级别|必报",
        "rules": "号|异常|事件|开始|恢复|持续 s",
        "statistics": "号|名称|含义|单位",
        "list": "至多 {most} 个数，{low} 至 {high}",
        "rows": "至多 {most} 行，每行 {high} 项",
        "bytes": "{high} 字节",
        "none": "空",
        "important": "重要",
        "general": "一般",
        "kept": "是",
    },
}


def table(heads: str, rows: list[tuple]) -> str:
    lines = [heads.split("|"), ["---"] * (heads.count("|") + 1), *rows]
    return "".join("| " + " | ".join(str(cell) for cell in line) + " |\n" for line in lines)


def meanings(language: str) -> dict[str, str]:
    """{section.field: words}"""
    rows = [line.split("|") for line in WORDS.read_text(encoding="utf-8").splitlines()]
    return {field: en if language == "en" else zh for field, en, zh in rows}


def make_parameters(language: str, says: dict[str, str]) -> str:
    return _sections(language, says, list(parameters.SECTIONS))


def make_area_parameters(language: str, says: dict[str, str]) -> str:
    """Those that a terminal has not."""
    return _sections(language, says, [no for no in area.SECTIONS if no not in parameters.SECTIONS])


def _sections(language: str, says: dict[str, str], numbers: list[int]) -> str:
    words, parts = meanings(language), []
    for section in numbers:
        name = area.SECTIONS[section]
        rows = [
            (
                key,
                f"`{field}`",
                _range(kind, low, high, says),
                _default(default, says),
                words[f"{name}.{field}"],
            )
            for key, field, kind, low, high, default in parameters.rows(section, area.PARAMETERS)
        ]
        parts.append(f"**{section} `{name}`**\n\n" + table(says["parameters"], rows))
    return "\n".join(parts)


def _range(kind: str, low: int, high: int, says: dict[str, str]) -> str:
    most = {"l": parameters.LIST_MAX, "r": parameters.ROWS_MAX}.get(kind)
    form = {"l": says["list"], "r": says["rows"], "b": says["bytes"]}.get(kind, "{low} – {high}")
    return form.format(low=low, high=high, most=most)


def _default(value, says: dict[str, str]) -> str:
    if isinstance(value, bytes):
        return f"`{value[:1].hex()}…`" if len(set(value)) == 1 else f"`{value.hex()}`"
    return says["none"] if value in ([], "") else str(value)


def make_events(language: str, says: dict[str, str]) -> str:
    return _events(language, says, dict(codes.EVENTS.items()))


def make_area_events(language: str, says: dict[str, str]) -> str:
    """Those that a terminal has not."""
    return _events(
        language, says, {code: name for code, name in area.EVENTS.items() if code not in codes.EVENTS}
    )


def _events(language: str, says: dict[str, str], events: dict[int, str]) -> str:
    say = i18n.load(language).gettext
    rows = []
    for code, name in events.items():
        meaning = say(f"event.{name}")
        if meaning == f"event.{name}":
            raise SystemExit(f"guide: the catalogue {language} has no word for the event {name}")
        importance = says["general" if code in codes.GENERAL_EVENTS else "important"]
        rows.append((code, f"`{name}`", meaning, importance, says["kept"] if f" {code} " in KEPT else ""))
    return table(says["events"], rows)


def make_rules(language: str, says: dict[str, str]) -> str:
    rows = []
    for rule in RULES.values():
        moment = rule.by == "moment"
        begins = "" if moment and not rule.unit else f"{rule.sense} {rule.threshold} {rule.unit}".strip()
        ends = "" if moment else f"{rule.recovery} {rule.unit}"
        name = rule.en if language == "en" else rule.zh
        rows.append((rule.no, name, rule.code or "", begins, ends, "" if moment else rule.delay_s))
    return table(says["rules"], rows)


def families() -> Iterator[list[tuple]]:
    """Statistics that differ in the phase or group, or stand for the time of one, in one row."""
    last = [None, ""]

    def family(row):
        stem = re.sub(r"_time$", "", re.sub(r"_([abc]|[1-8])(?=_|$)", "", row[1]))
        stem = re.sub(r"^(max|min)_|_(dw|dv|ma|e3|w)$", "", stem)
        if stem != last[1] or row[0] != last[0] + 1:
            last[:] = row[0], stem
            last.append(row[0])
        last[0] = row[0]
        return last[-1]

    for _first, rows in groupby(STATISTICS, family):
        yield list(rows)


def _at_scale(unit: str, scale: int) -> str:
    """The unit that the integer counts."""
    return f"{10**scale:.{-scale}f} {unit}" if scale else unit


def make_statistics(language: str, says: dict[str, str]) -> str:
    rows = []
    for family in families():
        first, last = family[0], family[-1]
        numbers = str(first[0]) if first is last else f"{first[0]} – {last[0]}"
        words = [row[4] if language == "zh_CN" else row[5] for row in (first, last)]
        meaning = words[0] if first is last else " … ".join(words)
        rows.append((numbers, f"`{first[1]}`", meaning, _at_scale(first[2], first[3])))
    return table(says["statistics"], rows)


MAKE = {
    "parameters": make_parameters,
    "events": make_events,
    "area_events": make_area_events,
    "area_parameters": make_area_parameters,
    "rules": make_rules,
    "statistics": make_statistics,
}


def fresh(page: tuple[str, str]) -> str:
    """The page of PAGES as it should be."""
    language = page[1]

    def fill(match: re.Match[str]) -> str:
        return match[1] + "\n" + MAKE[match[2]](language, OURS[language]) + "\n" + match[3]

    return MARK.sub(fill, PAGES[page].read_text(encoding="utf-8"))


def main(arguments: list[str]) -> int:
    stale = [page for page, path in PAGES.items() if path.read_text(encoding="utf-8") != fresh(page)]
    for page in stale:
        path = PAGES[page]
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)} is not current: python -m tools.guide")
        else:
            path.write_text(fresh(page), encoding="utf-8")
            print(f"{path.relative_to(ROOT)} written")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
