"""Check the laws of tools/laws over the project, or over some files: `tools/lint.py [FILE...]`.

A place that must break a law says so on its line, and why: `# lint: no-endless-wait: keepalive ends it`.
"""

import re
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tools.laws import Law, Source, device, house  # noqa: E402  (run as a file, the root is not on the path)

LAWS: tuple[Law, ...] = (*device.LAWS, *house.LAWS)


def project_files(root: Path) -> list[str]:
    """What git tracks or would track, relative to `root`."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True).stdout.decode()
    return sorted({name for name in listed.split("\0") if name and (root / name).is_file()})


WAIVER = re.compile(r"# lint: (?P<law>[a-z-]+): \S")


def waived(source: Source, line: int, law: Law) -> bool:
    lines = source.text.splitlines()
    found = WAIVER.search(lines[line - 1]) if 0 < line <= len(lines) else None
    return bool(found) and found["law"] == law.name


def findings(source: Source, laws: Iterable[Law] = LAWS) -> list[str]:
    """One line `path:line: law: what` for each place where a law is broken."""
    if source.path.endswith(".py"):
        broken = list(house.parses(source))
        if broken:  # no other law can be checked
            return [f"{source.path}:{line}: parses: {what}" for line, what in broken]
    return [
        f"{source.path}:{line}: {law.name}: {what}"
        for law in laws
        if law.holds_for(source.path)
        for line, what in law.check(source)
        if not waived(source, line, law)
    ]


def main(arguments: list[str]) -> int:
    names = arguments or project_files(ROOT)
    found: list[str] = []
    waivers = 0
    for name in names:
        try:
            text = (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or other binary: no law reads it
        found += findings(Source(name, text))
        waivers += name.endswith(".py") and len(WAIVER.findall(text))
    print(
        "\n".join(found)
        if found
        else f"{len(LAWS)} laws hold over {len(names)} files, {waivers} named exceptions"
    )
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
