"""The text of a document, taken out in a process of its own, so that a bad file costs that process only.

`python -m station.documents.text PATH TYPE` writes it to stdout; memory and time are bounded.
"""

import io
import resource
import subprocess
import sys
from itertools import islice
from pathlib import Path

from station.imports import reading

CHARS = 200_000  # of a document that are searched
SECONDS, MEMORY_BYTES = 10, 1 << 30
PAGES, ROWS = 200, 20_000
TEXT_BYTES = 8 << 20  # of a larger text the beginning is read


def text_of(path: Path, kind: str) -> str:
    """Text of a whole file, "" when there is none, or none that can be had."""
    command = [sys.executable, "-m", "station.documents.text", str(path), kind]
    try:
        done = subprocess.run(command, capture_output=True, timeout=2 * SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout.decode("utf-8", "replace")[:CHARS] if done.returncode == 0 else ""


def extract(data: bytes, kind: str) -> str:
    return {"pdf": _pdf, "xlsx": _table, "text": _text}[kind](data)[:CHARS]


def _text(data: bytes) -> str:
    try:
        return data[:TEXT_BYTES].decode("utf-8")
    except UnicodeDecodeError:
        return data[:TEXT_BYTES].decode("gb18030", "replace")


def _table(data: bytes) -> str:
    table = reading.opened(data)
    return "\n".join(
        " ".join(cells) for cells in (table.head, *(row for _n, row in islice(table.lines, ROWS)))
    )


def _pdf(data: bytes) -> str:
    from pypdf import PdfReader

    found, size = list[str](), 0
    for page in islice(PdfReader(io.BytesIO(data)).pages, PAGES):
        found.append(page.extract_text())
        size += len(found[-1])
        if size > CHARS:
            break
    return "\n".join(found)


def main(path: str, kind: str) -> int:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    sys.stdout.buffer.write(extract(Path(path).read_bytes(), kind).encode("utf-8", "replace"))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
