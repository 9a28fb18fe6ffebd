"""The long day by hand. `python -m tests.e2e.day [--hours H] [--factor N] [--home DIR]` prints a timeline."""

import argparse
import tempfile
from pathlib import Path

from tests.e2e.day import run
from tests.e2e.day.checks import failures, table

if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hours", type=float, default=25)
    parser.add_argument("--factor", type=int, default=run.FACTOR)
    parser.add_argument("--home", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        day = run.run(given.home or Path(folder), given.hours, print, given.factor)
    print(table(day))
    found = failures(day)
    print("\n".join(found) or "all as expected")
    raise SystemExit(bool(found))
