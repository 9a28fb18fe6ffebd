"""A backup is whole or it is none; what is restored is what was there."""

import fcntl
import io
from pathlib import Path
from typing import Any, cast

import pytest
from click.testing import CliRunner

from station.backup import life, nightly, sealed
from station.cli.main import cli
from station.settings import Settings
from station.store import audit, db
from station.web import create_app

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


def test_no_backup_holds_others(home: Path) -> None:
    first = life.make(home, home / "mine", PHRASE, 3, 0)
    second = life.make(home, home / "mine", PHRASE, 3, 60)
    assert life.verify(second, PHRASE)["files"].keys() == life.verify(first, PHRASE)["files"].keys()


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


class Full:
    """A file that takes `room` writes, and then the disk is full."""

    def __init__(self, file: Any, room: int) -> None:
        self._file, self._room = file, room

    def write(self, data: bytes) -> int:
        self._room -= 1
        if self._room < 0:
            raise OSError(28, "No space left on device")
        return self._file.write(data)


def _fits(home: Path, to: Path, monkeypatch: pytest.MonkeyPatch, writer: Any) -> bool:
    monkeypatch.setattr(life, "Writer", writer)
    try:
        life.make(home, to, PHRASE, 1, 60)
    except OSError:
        return False
    return True


def test_a_disk_full_at_any_write_leaves_the_old_backups(
    home: Path, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealed, "CHUNK_BYTES", 1 << 17)
    monkeypatch.setattr(sealed, "_N", 2)
    plain, old = sealed.Writer, made.read_bytes()
    room = 0
    while not _fits(
        home, made.parent, monkeypatch, lambda file, p, n=room: plain(cast(Any, Full(file, n)), p)
    ):
        assert [p.read_bytes() for p in made.parent.iterdir()] == [old]
        assert not list((home / "run").glob("backup-*"))
        room += 1
    assert room > 3
    assert made not in list(made.parent.iterdir())


def test_one_cut_off_anywhere_is_refused(made: Path) -> None:
    whole = made.read_bytes()
    for size in (0, 7, 8, 23, 24, 25, 28, 29, len(whole) // 2, len(whole) - 17, len(whole) - 1):
        made.write_bytes(whole[:size])
        with pytest.raises(sealed.Unusable):
            life.verify(made, PHRASE)


def test_what_a_killed_process_left_goes_with_the_next(home: Path, made: Path) -> None:
    left = home / "run" / "backup-x"
    left.mkdir()
    (left / "secret").write_text("plain")
    made.with_name("x.lkbackup.new").write_text("half")
    newer = life.make(home, made.parent, PHRASE, 1, 60)
    assert not left.exists()
    assert list(made.parent.iterdir()) == [newer]


def test_keys_stay_their_owners(home: Path, made: Path, tmp_path: Path) -> None:
    new = tmp_path / "new"
    life.restore(made, new, PHRASE)
    for name in ("secret", "loadkeeper.db"):
        assert (new / name).stat().st_mode == (home / name).stat().st_mode
    assert (new / "secret").stat().st_mode & 0o077 == 0


def test_one_of_a_newer_version_is_refused(
    home: Path, made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "HEAD", "0001")
    with pytest.raises(sealed.Unusable, match="newer version"):
        life.restore(made, tmp_path / "new", PHRASE)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["up.lock", "jobs.lock"])
def test_a_running_station_is_named_when_it_refuses(home: Path, made: Path, name: str) -> None:
    with (home / "run" / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(sealed.Unusable, match="runs in"):
            life.restore(made, home, PHRASE)


def test_two_at_once_are_refused(home: Path, made: Path) -> None:
    with (home / "run" / "backup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(life.Busy):
            life.make(home, made.parent, PHRASE, 1, 60)


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


# ---- each night


def facts(home: Path) -> tuple[Any, list[str]]:
    engine = db.engine(home)
    with db.reading(engine) as c:
        found = nightly.tested(c), [row["action"] for row in audit.recent(c)]
    engine.dispose()
    return found


def test_each_night_one_is_made_and_tested(home: Path, tmp_path: Path) -> None:
    (tmp_path / "phrase").write_text(PHRASE + "\n")
    engine = db.engine(home)
    with db.writing(engine) as c:
        nightly.set_plan(c, "mei", nightly.Plan(str(tmp_path / "phrase"), str(tmp_path / "to"), 1))
    assert nightly.work(home, engine, 86_400) > 1
    engine.dispose()
    tested, actions = facts(home)
    assert tested["t_s"] == 86_400
    assert [p.name for p in (tmp_path / "to").iterdir()] == [tested["file"]]
    assert actions[:3] == ["backup_tested", "exported", "backup_planned"]


@pytest.mark.parametrize("text", [None, "", " \n", b"\xff"])
def test_without_a_phrase_the_night_says_so(home: Path, tmp_path: Path, text: Any) -> None:
    engine, path = db.engine(home), tmp_path / "phrase"
    with pytest.raises(nightly.NoPhrase, match="backup nightly"):
        nightly.work(home, engine, 0)
    if text is not None:
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with db.writing(engine) as c:
        nightly.set_plan(c, "mei", nightly.Plan(str(path), str(tmp_path / "to"), 1))
    with pytest.raises(nightly.NoPhrase, match="phrase"):
        nightly.work(home, engine, 0)
    engine.dispose()
    assert not (tmp_path / "to").exists()


# ---- the shell


def test_the_shell_makes_verifies_and_restores(home: Path, tmp_path: Path) -> None:
    phrase, new = tmp_path / "phrase", tmp_path / "new"
    phrase.write_text(PHRASE + "\n")

    def run(*words: object) -> tuple[int, str]:
        said = CliRunner().invoke(cli, ["backup", *map(str, words), "--phrase-file", str(phrase)])
        return said.exit_code, said.output

    assert run("make", "--home", home)[0] == 0
    (path,) = (home / "backup").iterdir()
    assert run("verify", path, "--home", home)[0] == 0
    assert facts(home)[0]["file"] == path.name
    assert run("restore", path, "--home", new)[0] == 0
    assert (new / "secret").read_text() == (home / "secret").read_text()
    assert facts(new)[1][0] == "backup_restored"
    app = create_app(new)
    assert app.test_client().get("/healthz").status_code == 200
    app.extensions["store"].dispose()
    again = run("restore", path, "--home", home)
    assert again[0] == 1
    assert "not empty" in again[1]
    phrase.write_text("\n")
    assert "is empty" in run("verify", path, "--home", home)[1]
    assert "is empty" in run("nightly", "--home", home)[1]


def test_one_of_another_station_is_not_taken_for_ours(home: Path, tmp_path: Path) -> None:
    other, phrase = Settings.load(tmp_path / "other").home, tmp_path / "phrase"
    phrase.write_text(PHRASE)
    db.engine(other).dispose()
    path = life.make(other, tmp_path / "to", PHRASE, 1, 0)
    words = ["backup", "verify", str(path), "--phrase-file", str(phrase), "--home", str(home)]
    assert CliRunner().invoke(cli, words).exit_code == 0
    assert facts(home)[0] is None
