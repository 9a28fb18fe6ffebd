"""A backup is whole or it is none; what is restored is what was there."""

import io
from pathlib import Path

import pytest
from click.testing import CliRunner

from station.backup import life, sealed
from station.cli.main import cli
from station.settings import Settings
from station.store import audit, db

PHRASE = "four words of a phrase"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = Settings.load(tmp_path / "home").home
    engine = db.engine(home)
    with db.writing(engine) as c:
        audit.add(c, "mei", "tested", "backup")
    engine.dispose()
    (home / "run" / "ports.json").write_text("{}")
    return home


@pytest.fixture
def made(home: Path, tmp_path: Path) -> Path:
    return life.make(home, tmp_path / "to", PHRASE, 3, 0)


def test_an_empty_home_gets_all_of_it_and_opens(home: Path, made: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    manifest = life.restore(made, new, PHRASE)
    assert manifest["files"]["loadkeeper.db"]["rows"]["audit"] == 1
    assert Settings.load(new).secret == Settings.load(home).secret
    assert not (new / "run" / "ports.json").exists()
    db.engine(new).dispose()


def test_verify_says_what_is_in_it_and_nothing_is_readable(home: Path, made: Path) -> None:
    assert life.verify(made, PHRASE)["head"] == db.HEAD
    assert Settings.load(home).secret.encode() not in made.read_bytes()
    assert made.stat().st_mode & 0o077 == 0


def test_another_phrase_is_refused(made: Path) -> None:
    with pytest.raises(sealed.Unusable):
        life.verify(made, "another")


@pytest.mark.parametrize("at", [0, 10, 26, 60, -1])
def test_an_altered_byte_is_found(made: Path, at: int) -> None:
    data = bytearray(made.read_bytes())
    data[at] ^= 1
    made.write_bytes(data)
    with pytest.raises(sealed.Unusable):
        life.verify(made, PHRASE)


def test_a_home_that_is_not_empty_stays(home: Path, made: Path) -> None:
    before = (home / "secret").read_text()
    with pytest.raises(sealed.Unusable):
        life.restore(made, home, PHRASE)
    assert (home / "secret").read_text() == before


def test_a_full_disk_leaves_the_old_backups(home: Path, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sealed.Writer, "close", full)
    with pytest.raises(OSError, match="No space"):
        life.make(home, made.parent, PHRASE, 1, 60)
    assert list(made.parent.iterdir()) == [made]


def test_the_newest_stay(home: Path, made: Path) -> None:
    newer = life.make(home, made.parent, PHRASE, 1, 60)
    assert list(made.parent.iterdir()) == [newer]


def test_chunks_cannot_be_cut_or_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "CHUNK_BYTES", 4)
    file = io.BytesIO()
    writer = sealed.Writer(file, PHRASE)
    writer.write(b"0123456789")
    writer.close()
    whole, head, chunk = file.getvalue(), 24, 24
    assert sealed.Reader(io.BytesIO(whole), PHRASE).read(99) == b"0123456789"
    swapped = whole[:head] + whole[head + chunk : head + 2 * chunk] + whole[head : head + chunk]
    for bad in (whole[: head + chunk], whole[:head] + whole[head + chunk :], swapped, whole + b"x"):
        with pytest.raises(sealed.Unusable):
            sealed.Reader(io.BytesIO(bad), PHRASE).read(99)


def test_the_shell_makes_verifies_and_restores(home: Path, tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text(PHRASE + "\n")
    said = ["--phrase-file", str(phrase), "--home"]
    run = CliRunner().invoke(cli, ["backup", "make", *said, str(home)])
    assert run.exit_code == 0, run.output
    (path,) = (home / "backup").iterdir()
    assert CliRunner().invoke(cli, ["backup", "verify", str(path), *said[:2]]).exit_code == 0
    assert (
        CliRunner().invoke(cli, ["backup", "restore", str(path), *said, str(tmp_path / "new")]).exit_code == 0
    )
    assert (tmp_path / "new" / "secret").read_text() == (home / "secret").read_text()
    again = CliRunner().invoke(cli, ["backup", "restore", str(path), *said, str(home)])
    assert again.exit_code == 1
    assert "not empty" in again.output
    phrase.write_text("\n")
    assert "is empty" in CliRunner().invoke(cli, ["backup", "verify", str(path), *said[:2]]).output
