"""`tools/setup` says what is wrong and leaves no half venv; the entry points start."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NEEDED = ("bash", "sed", "dirname", "cat", "head", "grep", "mkdir", "uname", "id", "env", "rm")


@pytest.fixture
def bare(tmp_path: Path, repo_root: Path) -> Path:
    """A project with nothing but the set-up, and a PATH that has no Python."""
    (tmp_path / "project/tools").mkdir(parents=True)
    shutil.copy(repo_root / "tools/setup", tmp_path / "project/tools/setup")
    (tmp_path / "bin").mkdir()
    for name in NEEDED:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name) or name)
    return tmp_path


def setup(bare: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [shutil.which("bash") or "bash", "project/tools/setup", *options]
    environment = {"PATH": str(bare / "bin"), **environment}
    return subprocess.run(command, cwd=bare, env=environment, capture_output=True, text=True, check=False)


def test_without_python_it_says_what_is_needed(bare):
    done = setup(bare)
    assert done.returncode == 1
    assert "no Python 3.11 or newer found" in done.stderr
    assert not (bare / "project/.venv").exists()


def test_an_old_python_is_not_taken(bare):
    old = bare / "bin/python3"
    old.write_text("#!/usr/bin/env bash\nexit 1\n")  # what sys.exit(version < 3.11) would do
    old.chmod(0o755)
    assert "no Python 3.11" in setup(bare).stderr


def test_unknown_option_is_refused(bare):
    done = setup(bare, "--brower")
    assert (done.returncode, done.stderr) == (1, "setup: unknown option --brower (try --help)\n")


def test_help_needs_nothing(bare):
    done = setup(bare, "--help")
    assert done.returncode == 0
    assert "tools/setup --browser" in done.stdout


@pytest.mark.parametrize("name", ["tools/setup", "tools/run", "tools/test", "tools/bench", ".ci/run"])
def test_entry_points_can_be_started(repo_root, name):
    assert os.access(repo_root / name, os.X_OK)
    subprocess.run(["bash", "-n", str(repo_root / name)], check=True)
