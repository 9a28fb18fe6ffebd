"""`loadkeeper profile`: check, sign, try and compare meter profiles; their life is in `profile_life`."""

import sys
from pathlib import Path
from typing import Any, ClassVar

import click

from protocols import cbor
from protocols.meters import compile as compiling
from protocols.meters import package
from station.cli.lazy import Lazy
from station.cli.meter import authentic, content, fail, loaded
from station.profiles import differences, files, show, signing, trial
from station.profiles.check import cautions, problems, reader_of
from station.profiles.simulated import Meter, SimulationError

_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_PUB = click.option("--pub", type=_FILE, help="PATH.pub: verify the signature of packages")
_LANG = click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True)


_LIFE = "station.cli.profile_life"  # needs a station; what is here does not


class _Profile(Lazy):
    later: ClassVar = {
        "key": (_LIFE, "key", "The keys that may sign profiles for this station's terminals."),
        "push": (_LIFE, "push", "Send a signed package into a slot of a terminal."),
        "stop": (_LIFE, "stop", "End what is being sent into a slot."),
        "roll-back": (_LIFE, "roll_back", "Bring the profile before back."),
        "on": (_LIFE, "on", "What runs in the slots of a terminal, and how it came there."),
    }


@click.group(cls=_Profile)
def profile() -> None:
    """Meter profiles: what is read from a meter and what it means (docs/meter-profiles.md)."""


@profile.command("list")
@_LANG
def list_(lang: str) -> None:
    """The catalogue that ships with the project."""
    rows = []
    for name in files.catalogue():
        document = files.read(files.found(name).read_bytes())
        rows.append((name, str(document["rev"]), document["link"], document["names"][lang]))
    for text in show.table(rows, (1,)):
        click.echo(text)


@profile.command()
@click.argument("names", nargs=-1, required=True, metavar="FILE...")
@_PUB
def check(names: tuple[str, ...], pub: Path | None) -> None:
    """Say all that is wrong with profiles (files or names in the catalogue), and run their own tests.

    One line a fault: path in the document, reason, what to do. Exit code 1 when there is one. A line that
    begins with "warning" is no fault.
    """
    faults = 0
    for name in names:
        data = content(name)
        authentic(name, data, pub)
        try:
            document = files.read(data)
            found = problems(document)
        except files.BadProfile as error:
            found = error.args[0]
            document = {}
        for problem in found:
            click.echo(show.escaped(f"{name}: {problem}"))
        faults += len(found)
        if not found:
            for caution in cautions(document):
                click.echo(show.escaped(f"{name}: warning: {caution}"))
            click.echo(f"{name}: {_summary(document)}")
    sys.exit(1 if faults else 0)


def _summary(document: dict[str, Any]) -> str:
    data = compiling.encoded(document)
    points = sum(len(compiling.fields(read, document["link"])) for read in document["reads"])
    told = f"good: {document['id']} revision {document['rev']}"
    told += f", {len(document['reads'])} reads of {points} points"
    told += f", {len(document['tests'])} tests, {len(data)} bytes for a device"
    return f"{told}, hash {package.fingerprint(data).hex()[:16]}"


@profile.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
def keygen(path: Path) -> None:
    """Make a key that signs profiles: the secret in PATH (mode 0600), the public key in PATH.pub."""
    try:
        public = signing.make_key(path)
    except (signing.SigningError, OSError) as error:
        fail(error)
    click.echo(f"{path}.pub: key {package.key_id(public).hex()}")


@profile.command()
@click.argument("name", metavar="FILE")
@click.option("--key", required=True, type=_FILE, help="From keygen")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="[default: ID-REV.lkp]")
def sign(name: str, key: Path, out: Path | None) -> None:
    """Check FILE, the JSON, and write it as a signed package, verified by the code that devices run."""
    if files.is_package(content(name)):
        fail(f"{name} is a package already: sign the JSON that it was made of, which somebody has read")
    document = loaded(name)
    try:
        secret = signing.read_key(key)
        data = signing.sign(document, secret)
        signing.verified(data, secret.public_key().public_bytes_raw())
        target = out or Path(f"{document['id']}-{document['rev']}.lkp")
        target.write_bytes(data)
    except (signing.SigningError, package.PackageError, cbor.CborError, OSError) as error:
        fail(error)
    device = len(signing.for_device(data))
    click.echo(f"{target}: {len(data)} bytes, {device} of them for a device")


@profile.command()
@click.argument("name", metavar="FILE")
@click.option("--pub", required=True, type=_FILE, help="PATH.pub")
def verify(name: str, pub: Path) -> None:
    """Verify a signed package as a device would, tests and all, and that its source is what a device runs."""
    data = content(name)
    try:
        found = signing.verified(data, signing.read_public(pub))
        ready = package.ready(found, reader_of(found.manifest[3]))
        if found.source:
            files.read(data)
    except (package.PackageError, signing.SigningError) as error:
        fail(f"{name}: {' '.join(str(part) for part in error.args)}")
    except files.BadProfile as error:
        fail(f"{name}: {error}")
    click.echo(f"{ready.id} revision {ready.rev}, hash {package.fingerprint(found.profile).hex()}")


@profile.command()
@click.argument("name", metavar="FILE")
@_LANG
def simulate(name: str, lang: str) -> None:
    """Run the profile's tests, and read it from its own simulated meter. Exit code 1 when a value differs."""
    document = loaded(name)  # with its tests
    click.echo(f"{len(document['tests'])} tests hold", err=True)
    try:
        simulated = Meter(document)
    except SimulationError as error:
        fail(error)
    reading = trial.read(simulated)
    for values in (reading.values, reading.frozen):
        for text in show.readings(values, lang):
            click.echo(text)
    wrong = trial.differing(simulated, reading)
    for text in wrong:
        click.echo(text, err=True)
    sys.exit(1 if wrong else 0)


@profile.command()
@click.argument("old")
@click.argument("new")
@_PUB
def diff(old: str, new: str, pub: Path | None) -> None:
    """What changed from OLD to NEW, by point and read. Exit code 1 when something did."""
    lines = differences.lines(loaded(old, pub), loaded(new, pub))
    for text in lines:
        click.echo(show.escaped(text))
    sys.exit(1 if lines else 0)
