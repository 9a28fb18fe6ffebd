"""What is installed: the pins of pyproject.toml, the constraints and the table of decision 0001 agree."""

import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

NAME = re.compile(r"[-_.]+")


def normal(name: str) -> str:
    return NAME.sub("-", name).lower()


def pins(lines) -> dict[str, str]:
    """{package: version} of requirement lines; extras and markers are left out."""
    found = {}
    for line in lines:
        match = re.match(r"([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^;\s]+)", line)
        if match:
            found[normal(match[1])] = match[2]
    return found


@pytest.fixture(scope="module")
def direct(repo_root: Path) -> dict[str, str]:
    extras = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    lines = [line for extra in extras.values() for line in extra]
    found = pins(lines)
    assert len(found) == len(lines), "every requirement is pinned with =="
    return found


@pytest.fixture(scope="module")
def constraints(repo_root: Path) -> dict[str, str]:
    return pins((repo_root / "tools/constraints.txt").read_text().splitlines())


@pytest.fixture(scope="module")
def table(repo_root: Path) -> dict[str, str]:
    """{package: version} of the first column of the table of decision 0001."""
    rows = (repo_root / "docs/adr/0001-pinned-dependencies.md").read_text().splitlines()
    cells = ", ".join(row.split("|")[1] for row in rows if row.startswith("| "))
    return {normal(name): version for name, version in re.findall(r"([\w.-]+) (\d[\w.]*)", cells)}


def test_every_direct_dependency_is_constrained_to_the_same_version(direct, constraints):
    assert {name: constraints.get(name) for name in direct} == direct


def test_every_direct_dependency_has_its_row_and_no_row_is_left_over(direct, table, repo_root):
    stubs = pins((repo_root / "tools/device-stubs.txt").read_text().splitlines())
    assert table == direct | stubs


def test_what_stands_in_the_venv_is_what_is_pinned(constraints):
    installed = {normal(d.metadata["Name"]): d.version for d in metadata.distributions()}
    wrong = {n: (v, installed[n]) for n, v in constraints.items() if n in installed and installed[n] != v}
    assert wrong == {}


def test_everything_that_a_direct_dependency_needs_is_constrained(direct, constraints):
    """Follow the metadata of the installed packages; a need that a marker excludes here does not count."""
    from packaging.requirements import Requirement

    needed, todo = set(), set(direct)
    while todo:
        name = todo.pop()
        needed.add(name)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # a platform without this wheel
        for line in needs:
            requirement = Requirement(line)
            if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
                todo |= {normal(requirement.name)} - needed
    assert needed - set(constraints) == {"pip"}  # sqlite-utils names it; the venv brings it
