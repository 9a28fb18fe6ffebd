"""Says how much the proof covered, on a line of its own at the end of the run (under xdist too)."""

import pytest

COVERED = "covered"


class Covered:
    """Counts of one test; `say` hands them to the end of the run."""

    def __init__(self, record) -> None:
        from tests.proof.driver import COUNT  # late: a core that cannot be imported fails these tests alone

        self._record = record
        self._count = COUNT
        COUNT.clear()

    def say(self, what: str) -> None:
        count = self._count
        text = f"{what}: {len(count.states)} states, {count.steps} steps, {count.commands} commands"
        print(text)
        self._record(COVERED, text)


@pytest.fixture
def covered(record_property) -> Covered:
    return Covered(record_property)


def pytest_terminal_summary(terminalreporter) -> None:
    lines = sorted(
        str(value)
        for report in terminalreporter.getreports("passed")
        for name, value in report.user_properties
        if name == COVERED
    )
    if lines:
        terminalreporter.section("safety proof: covered")
        for line in lines:
            terminalreporter.write_line(line)
