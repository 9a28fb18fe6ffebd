"""What the line brings fits a terminal's memory, or is refused by name before it is full."""

import pytest

from tests.vectors.lines import small


@pytest.mark.parametrize("name", sorted(small.CASES))
def test_it_fits_or_is_refused(name, run_micropython):
    done, argument, want = small.CASES[name]
    assert small.run(done, argument) == want
    ended = run_micropython("tests/vectors/lines/small.py", name, heap="192K")
    assert ended.stdout.strip() == str(want), ended.stdout + ended.stderr
