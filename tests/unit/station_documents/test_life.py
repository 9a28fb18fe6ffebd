"""Documents: types by content, text of all kinds found, scopes, old uploads."""

import hashlib
import io
import secrets
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from openpyxl import Workbook
from pypdf import PdfWriter
from sqlalchemy import Engine

from station.documents import life, text, types
from station.documents.files import Files
from station.errors import Invalid
from station.store import db, devices, org
from station.store import documents as store
from station.store.scope import EVERYWHERE, ROOT, Scope

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>endobj
4 0 obj<</Length 43>>stream
BT /F 12 Tf 20 100 Td (Meter exchange) Tj ET
endstream endobj
5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj
trailer<</Root 1 0 R/Size 6>>
startxref
0
%%EOF
"""


def sheet(*rows: list[Any]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]
    book.save(out)
    return out.getvalue()


def blank() -> bytes:
    out = io.BytesIO()
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def put(writing: Any, files: Files, data: bytes, title: str = "t", key: str = "T1", tags: str = "") -> int:
    about = life.About("device", key, "照片.bin", title, tags)
    token = secrets.token_hex(16)
    with writing() as c:
        life.begin(c, files, "clerk", EVERYWHERE, about, len(data), "", token)
        opened = store.upload(c, token, "clerk")
    assert opened
    life.whole(files, token, data)
    return life.finish(writing, files, opened)


def found(engine: Engine, q: str, scope: Scope = EVERYWHERE) -> list[int]:
    with db.reading(engine) as c:
        return [each["id"] for each in store.listed(c, store.Wanted(scope, q), 50)]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (PNG, "png"),
        (b"\xff\xd8\xff\xe0", "jpeg"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "webp"),
        (PDF, "pdf"),
        (sheet(["a"]), "xlsx"),
        ("东方铸造厂,1\n".encode(), "text"),
        ("东方铸造厂,1\n".encode("gb18030"), "text"),
        (("东" * 2000).encode()[: types.HEAD_BYTES], "text"),  # a character is cut off
        (b"<html><script>", "text"),  # whatever it says, it is sent as plain text
        (b"MZ\x90\0", None),
        (b"\x7fELF", None),
        (b"PK\x03\x04nothing", None),
        (b"", None),
    ],
)
def test_the_content_says_what_it_is(data: bytes, name: str | None) -> None:
    kind = types.of(data[: types.HEAD_BYTES])
    assert (kind.name if kind else None) == name


@how(max_examples=200)
@given(st.binary(max_size=64))
def test_any_bytes_have_a_type_or_none(data: bytes) -> None:
    kind = types.of(data)
    assert kind is None or kind.name in types.TYPES


def test_texts_of_all_kinds_are_found_by_parts_of_words(
    engine: Engine, writing: Any, east: int, files: Files
) -> None:
    csv_ = put(writing, files, "户名,表地址\n东方铸造厂,202611220017\n".encode("gb18030"), "名册")
    book = put(writing, files, sheet(["华兴纺织", 12]), "台账")
    pdf = put(writing, files, PDF, "记录")
    photo = put(writing, files, PNG, "换表照片", tags="城北 换表")
    assert found(engine, "换表照") == [photo]  # before its text is read
    assert found(engine, "铸造厂") == []
    assert life.work(engine, files, 9) == 4
    assert life.work(engine, files, 9) == 0
    assert found(engine, "铸造厂") == [csv_]
    assert found(engine, "0220 名") == []
    assert found(engine, "1122001 名") == [csv_]
    assert found(engine, "纺织") == [book]  # two characters
    assert found(engine, "eter exch") == [pdf]
    assert found(engine, "城北 换表") == [photo]
    for operators in ('"', "NOT x", "title:", "*", "%", "_", "\\", "a OR b", "NEAR(", "''"):
        assert found(engine, operators) == [], operators


@pytest.mark.parametrize("data", [PDF[:200], b"%PDF-1.7\n" + bytes(200), blank(), b"%PDF-" + b"[" * 5000])
def test_a_bad_pdf_has_no_text_and_stops_nothing(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(data)
    assert text.text_of(path, "pdf").strip() == ""


def test_what_is_attached_to_a_device_goes_with_it(
    engine: Engine, writing: Any, east: int, files: Files
) -> None:
    number = put(writing, files, PNG)
    with writing() as c:
        west = org.add_unit(c, ROOT, "station", "W", "West")
    assert found(engine, "", Scope((east,))) == [number]
    assert found(engine, "", Scope((west,))) == []
    with writing() as c:
        devices.change(c, "T1", unit=west)
        assert store.get(c, Scope((east,)), number) is None
        assert store.get(c, Scope((west,)), number)


def test_nothing_is_attached_to_what_one_cannot_see(writing: Any, east: int, files: Files) -> None:
    about = life.About("device", "T2", "a", "a", "")
    with writing() as c:
        assert [store.unit_of(c, Scope((east,)), "device", key) for key in ("T1", "T2", "x")] == [
            east,
            None,
            None,
        ]
        assert store.unit_of(c, EVERYWHERE, "work_order", "x" * 9) is None
        assert store.unit_of(c, EVERYWHERE, "nothing", "1") is None
        with pytest.raises(Invalid, match="no_such_subject"):
            life.begin(c, files, "clerk", Scope((east,)), about, 1, "", "0" * 32)


def test_a_file_of_no_known_type_leaves_nothing_behind(
    writing: Any, east: int, files: Files, tmp_path: Path
) -> None:
    with pytest.raises(Invalid, match="document_type"):
        put(writing, files, b"MZ\x90\0")
    with writing() as c:
        assert (
            store.open_upload(c, "clerk", {"subject": "device", "key": "T1", "name": "照片.bin"}, "") is None
        )
    assert [path for path in tmp_path.rglob("files/**/*") if path.is_file()] == []


def test_a_fifty_megabyte_file_is_cut_off_and_resumed(writing: Any, east: int, tmp_path: Path) -> None:
    data = PNG + secrets.token_bytes(life.MOST_BYTES - len(PNG))
    about, token = life.About("device", "T1", "p.png", "p", ""), "a" * 32
    sha256 = hashlib.sha256(data).hexdigest()
    with writing() as c:
        life.begin(c, Files(tmp_path), "clerk", EVERYWHERE, about, len(data), sha256, token)
        opened = store.upload(c, token, "clerk")
    assert opened
    for part in (23, 60):  # another process goes on behind what the first has written
        files = Files(tmp_path)
        at = files.have(token)
        for _piece in range(part):
            if at < len(data):
                at = life.piece(files, opened, at, data[at : at + life.PIECE_BYTES])
        if at < len(data):
            with pytest.raises(Invalid, match="document_unfinished"):
                life.finish(writing, files, opened)
    with writing() as c:  # the same file chosen again is the same upload, another one is not
        asked = (c, files, "clerk", EVERYWHERE, about, len(data))
        assert life.begin(*asked, sha256, "b" * 32) == token
        assert life.begin(*asked, "0" * 64, "c" * 32) == "c" * 32
        assert life.begin(*asked, "", "d" * 32) == "d" * 32
    number = life.finish(writing, files, opened)
    with writing() as c:
        row = store.get(c, EVERYWHERE, number)
    assert row
    assert files.path(row["sha256"]).read_bytes() == data


def test_old_uploads_are_forgotten(engine: Engine, writing: Any, east: int, files: Files) -> None:
    with writing() as c:
        life.begin(c, files, "clerk", EVERYWHERE, life.About("device", "T1", "a", "a", ""), 9, "", "c" * 32)
    files.append("c" * 32, 0, b"abc")
    life.work(engine, files, db.now_s())
    assert files.have("c" * 32) == 3
    life.work(engine, files, db.now_s() + life.PART_S + 60)
    assert files.have("c" * 32) == 0
    with writing() as c:
        assert store.upload(c, "c" * 32, "clerk") is None
