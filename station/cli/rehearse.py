"""`loadkeeper rehearse`: a scenario through the terminal's decision core, as JSON lines and a picture."""

import sys
import time
from pathlib import Path

import click

from station.rehearsal.engine import Rehearsal, line
from station.rehearsal.expect import Checker
from station.rehearsal.scenario import Scenario, ScenarioError, read
from station.rehearsal.trace import Trace

PATIENCE_S = 2  # a rehearsal that takes longer says how far it is, as often
_LOOK_EACH = 4096  # seconds of the scenario


@click.command()
@click.argument("scenario", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--svg", type=click.Path(dir_okay=False, path_type=Path), help="Draw the timeline into this file"
)
def rehearse(scenario: Path, svg: Path | None) -> None:
    """Run SCENARIO (YAML, docs/rehearse.md) through the code that trips, and print its timeline.

    One JSON object a line: what happened, what was decided and why, changes only. Exit code 1 when the
    scenario's own `expect` list does not hold, 2 when the scenario cannot be read.
    """
    try:
        story = read(scenario)
    except ScenarioError as error:
        click.echo(f"Error: {error}", err=True)
        sys.exit(2)
    checker = Checker(story.expects, story.plain["start_s"] + story.plain["offset_s"])
    trace = Trace(len(story.plain["rounds"])) if svg else None
    _run(story, checker, trace)
    if svg and trace:
        _draw(svg, story, trace)
    failures = checker.failures()
    for text in failures:
        click.echo(text, err=True)
    if failures:
        click.echo(f"{len(failures)} of {len(story.expects)} expectations do not hold", err=True)
        sys.exit(1)


def _run(story: Scenario, checker: Checker, trace: Trace | None) -> None:
    rehearsal = Rehearsal(story.plain)
    last_s = story.plain["duration_s"]
    told = time.monotonic()
    for t_s in range(last_s + 1):
        rows = rehearsal.second(t_s)
        for row in rows:
            click.echo(line(row))
        checker.look(t_s, rows, rehearsal)
        if trace:
            trace.look(t_s, rows, rehearsal)
        if t_s % _LOOK_EACH == 0 and time.monotonic() - told > PATIENCE_S:
            told = time.monotonic()
            click.echo(f"{100 * t_s // last_s} % of {last_s} s rehearsed", err=True)
    if trace:
        trace.end(last_s)


def _draw(path: Path, story: Scenario, trace: Trace) -> None:
    from station.rehearsal.picture import draw
    from station.web.i18n import load  # its words; imported here, as Flask takes its time

    chinese, english = load("zh_CN"), load("en")

    def words(space: str, name: str) -> tuple[str, str]:
        key = f"{space}.{name}"
        found = chinese.gettext(key), english.gettext(key)
        return name if found[0] == key else found[0], name if found[1] == key else found[1]

    try:
        path.write_text(draw(story.name, story.plain, trace, words), encoding="utf-8")
    except OSError as error:
        click.echo(f"Error: {path}: {error.strerror or error}", err=True)
        sys.exit(2)
