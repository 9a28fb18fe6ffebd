"""Templates of notices: plain text with placeholders in braces. Pure."""

import re
from collections.abc import Mapping, Sequence

from station.errors import FieldError, Invalid

LANGUAGES = ("zh_CN", "en")
WHAT = ("opened", "escalated")
PLACEHOLDERS = ("alarm", "severity", "device", "name", "unit", "began", "times", "number")
SUBJECT_CHARS, BODY_CHARS = 120, 1000
_HOLE = re.compile(r"\{([^{}]*)\}")

# (language, what) -> (subject, body)
DEFAULTS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("zh_CN", "opened"): (
        "[{severity}] {alarm} {name}",
        "告警 {number}：{alarm}\n级别：{severity}\n终端：{name} {device}\n单位：{unit}\n"
        "发生时间：{began}\n次数：{times}",
    ),
    ("zh_CN", "escalated"): (
        "[{severity}][升级] {alarm} {name}",
        "告警 {number} 无人确认，已升级：{alarm}\n终端：{name} {device}\n单位：{unit}\n发生时间：{began}",
    ),
    ("en", "opened"): (
        "[{severity}] {alarm} {name}",
        "Alarm {number}: {alarm}\nSeverity: {severity}\nTerminal: {name} {device}\nUnit: {unit}\n"
        "Began: {began}\nTimes: {times}",
    ),
    ("en", "escalated"): (
        "[{severity}][escalated] {alarm} {name}",
        "Alarm {number} was not acknowledged and is escalated: {alarm}\n"
        "Terminal: {name} {device}\nUnit: {unit}\nBegan: {began}",
    ),
}
_DIGEST = {"zh_CN": "{n} 条告警", "en": "{n} alarms"}
_TEST = {"zh_CN": "Loadkeeper 测试通知", "en": "Loadkeeper test notice"}


def check(subject: str, body: str) -> None:
    """Invalid names placeholders that there are not."""
    problems = []
    for field, text, most in (("subject", subject, SUBJECT_CHARS), ("body", body, BODY_CHARS)):
        if not text.strip():
            problems.append(FieldError(field, "needed"))
        if len(text) > most:
            problems.append(FieldError(field, "too_long", {"most": most}))
        strange = [name for name in _HOLE.findall(text) if name not in PLACEHOLDERS]
        if strange:
            problems.append(FieldError(field, "bad_template", {"names": ", ".join(strange)[:60]}))
    if problems:
        raise Invalid(*problems)


def fill(text: str, facts: Mapping[str, str]) -> str:
    """Values are put in once: a name with braces in it stays as it is."""
    return _HOLE.sub(lambda hole: facts.get(hole[1], hole[0]), text)


def one_line(text: str) -> str:
    return " ".join(text.split())[:SUBJECT_CHARS]


def digest(language: str, subjects: Sequence[str]) -> tuple[str, str]:
    """(subject, body) of several in one."""
    return _DIGEST[language].format(n=len(subjects)), "\n".join(subjects)


def test(language: str) -> tuple[str, str]:
    return _TEST[language], _TEST[language]
