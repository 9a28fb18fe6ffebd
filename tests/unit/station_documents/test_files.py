"""Pieces on the disk: gone on with where they end, whole or not at all, a full disk loses nothing."""

import errno
import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from station.documents.files import RESERVE_BYTES, Differs, Files, Full, Gap

TOKEN = "0" * 32


def test_a_piece_begins_where_the_part_ends(tmp_path: Path) -> None:
    files = Files(tmp_path)
    assert files.append(TOKEN, 0, b"abc") == 3
    for wrong in (0, 2, 4):
        with pytest.raises(Gap) as told:
            files.append(TOKEN, wrong, b"x")
        assert told.value.args == (3,)
    assert Files(tmp_path).have(TOKEN) == 3


def test_a_whole_file_stands_under_its_hash_once(tmp_path: Path) -> None:
    files, wanted = Files(tmp_path), hashlib.sha256(b"abc").hexdigest()
    for token in ("1" * 32, "2" * 32):
        files.append(token, 0, b"abc")
        assert files.keep(token, wanted) == wanted
        assert files.have(token) == 0
    assert files.path(wanted).read_bytes() == b"abc"
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == [wanted]


def test_what_arrived_altered_is_thrown_away(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.append(TOKEN, 0, b"abd")
    with pytest.raises(Differs):
        files.keep(TOKEN, hashlib.sha256(b"abc").hexdigest())
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


class Disk:
    """A disk of so many bytes, below the file: what a file system does when it is full."""

    def __init__(self, room: int) -> None:
        self.room = room

    def write(self, file: BinaryIO, data: bytes) -> None:
        taken = data[: self.room]
        self.room -= len(taken)
        file.write(taken)
        if len(taken) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_keeps_what_had_come_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    disk = Disk(5)
    files = Files(tmp_path, write=disk.write)
    files.append(TOKEN, 0, b"abc")
    with pytest.raises(Full):
        files.append(TOKEN, 3, b"defg")  # half of it fits
    assert files.have(TOKEN) == 3
    disk.room = 100
    assert files.append(TOKEN, 3, b"defg") == 7
    assert files.keep(TOKEN) == hashlib.sha256(b"abcdefg").hexdigest()


def test_another_error_of_the_disk_is_not_called_full(tmp_path: Path) -> None:
    def broken(_file: BinaryIO, _data: bytes) -> None:
        raise OSError(errno.EIO, "broken")

    with pytest.raises(OSError, match="broken") as told:
        Files(tmp_path, write=broken).append(TOKEN, 0, b"a")
    assert not isinstance(told.value, Full)


def test_the_reserve_of_the_disk_is_left(tmp_path: Path) -> None:
    files = Files(tmp_path, free=lambda _path: RESERVE_BYTES + 10)
    files.room(10)
    with pytest.raises(Full):
        files.room(11)


@pytest.mark.parametrize("token", ["../../etc/passwd", "", "0" * 31, "0" * 31 + "/", "A" * 32])
def test_a_token_is_no_path(tmp_path: Path, token: str) -> None:
    files = Files(tmp_path)
    calls: tuple[Any, ...] = (
        files.have,
        files.drop,
        lambda each: files.append(each, 0, b"x"),
        files.keep,
        files.path,
    )
    for call in calls:
        with pytest.raises(ValueError):
            call(token)


def test_old_parts_are_strays(tmp_path: Path) -> None:
    files = Files(tmp_path)
    files.append(TOKEN, 0, b"abc")
    assert files.strays(0) == []
    assert files.strays(2**40) == [TOKEN]
