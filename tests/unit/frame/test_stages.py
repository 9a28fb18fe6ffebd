"""`tools/test` cannot end green when a stage failed or ran nothing."""

from pathlib import Path

import pytest

from tools import stages

REPORT = '<testsuites><testsuite tests="{}" failures="{}" errors="{}" skipped="{}"/></testsuites>'


@pytest.fixture
def root(tmp_path: Path, monkeypatch) -> Path:
    monkeypatch.setattr(stages, "ROOT", tmp_path)
    monkeypatch.setattr(stages, "CHECKS", {"lint": (("true",),), "unit": ()})
    monkeypatch.setattr(stages, "TESTS", {"unit": (("tests/unit",), ("-q",))})
    monkeypatch.setattr(stages, "PYTHON", str(stages.Path(stages.sys.executable)))
    (tmp_path / "tests/unit").mkdir(parents=True)
    return tmp_path


def write_test(root: Path, body: str) -> None:
    (root / "tests/unit/test_it.py").write_text(body)


def test_green_run_ends_with_the_counts(root, capfd):
    write_test(
        root, "import pytest\ndef test_a(): pass\n@pytest.mark.skip(reason='no')\ndef test_b(): pass\n"
    )
    assert stages.main([]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 1 skipped"


def test_failing_test_fails_the_run_and_is_counted(root, capfd):
    write_test(root, "def test_a(): assert 0\ndef test_b(): pass\n")
    assert stages.main(["unit"]) == 1
    assert capfd.readouterr().out.splitlines()[-2:] == [
        "FAILED unit: pytest",
        "1 passed, 1 failed, 0 skipped",
    ]


def test_failing_check_fails_the_run_though_every_test_passes(root, capfd, monkeypatch):
    write_test(root, "def test_a(): pass\n")
    monkeypatch.setattr(stages, "CHECKS", {"lint": (("false",),), "unit": ()})
    assert stages.main([]) == 1
    assert "FAILED lint: false" in capfd.readouterr().out


@pytest.mark.parametrize("body", [None, "import nothing_of_this_name\n", "a = 1\n"])
def test_stage_that_ran_nothing_fails(root, body):
    if body is not None:
        write_test(root, body)
    assert stages.main(["unit"]) == 1


def test_old_report_does_not_count_for_this_run(root, capfd):
    (root / stages.REPORTS).mkdir()
    (root / stages.REPORTS / "unit.xml").write_text(REPORT.format(9, 0, 0, 0))
    write_test(root, "def test_a(: pass\n")
    assert stages.main(["unit"]) == 1
    assert not capfd.readouterr().out.splitlines()[-1].startswith("9 passed")


def test_options_reach_pytest(root, capfd):
    write_test(root, "def test_a(): pass\ndef test_b(): pass\n")
    assert stages.main(["unit", "-k", "test_a"]) == 0
    assert capfd.readouterr().out.splitlines()[-1] == "1 passed, 0 failed, 0 skipped"


def test_unknown_stage_is_refused(root):
    assert stages.main(["everything"]) == 2


def test_errors_count_as_failures(tmp_path):
    report = tmp_path / "r.xml"
    report.write_text(REPORT.format(10, 1, 2, 3))
    assert stages.counts(report) == {"passed": 4, "failed": 3, "skipped": 3}
    assert stages.counts(tmp_path / "absent.xml") == {"failed": 1}
