"""Documents at the desk: attached, shown safely, changed by two, searched by who may, brought in pieces."""

import hashlib
import io
from typing import Any

import pytest
from sqlalchemy import select

from station.documents import life
from station.documents.files import Files
from station.store import db, devices, org
from station.store.schema import audit
from tests.unit.station_documents.test_life import PDF, PNG
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_approvals import hidden, person

ASKED = {"subject": "device", "key": DEVICE, "title": "<b>换表</b>", "tags": "城北", "once": "1" * 32}


def put(desk: Any, data: bytes = PNG, name: str = "<i>.png", **more: str) -> Any:
    return desk.post("/documents", data=ASKED | more | {"file": (io.BytesIO(data), name)})


@pytest.fixture
def man(station: Station) -> Any:
    return person(station, "ming", "field")


def fetch(desk: Any, at: str = "/documents/1/file") -> Any:
    """The reply with its data read: its file is closed."""
    with desk.get(at) as reply:
        assert reply.status_code == 200
        reply.get_data()
        return reply


def acts(station: Station) -> list[str]:
    with db.reading(station.engine) as c:
        return [each.action for each in c.execute(select(audit)) if each.subject == "document 1"]


def test_a_photo_is_attached_seen_and_audited(station: Station, man: Any) -> None:
    assert put(man).location == "/documents/1"
    assert "&lt;b&gt;换表&lt;/b&gt;" in man.get("/documents/1").text
    assert "&lt;b&gt;换表&lt;/b&gt;" in man.get("/documents?q=换表").text
    seen = fetch(man)
    assert (seen.data, seen.mimetype) == (PNG, "image/png")
    assert seen.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert seen.headers["X-Content-Type-Options"] == "nosniff"
    assert acts(station) == ["document_added", "saw"]


def test_what_could_run_is_saved_as_text(man: Any) -> None:
    put(man, b"<html><script>alert(1)</script>", "x.html")
    seen = fetch(man)
    assert seen.mimetype == "text/plain"
    assert seen.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in seen.headers["Content-Security-Policy"]


def test_a_pdf_is_shown_with_its_own_policy(man: Any) -> None:
    put(man, PDF, "a.pdf")
    seen = fetch(man)
    assert seen.headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in seen.headers["Content-Security-Policy"]
    assert fetch(man, "/documents/1/file?save=1").headers["Content-Disposition"].startswith("attachment")


def test_a_second_press_attaches_once(station: Station, man: Any) -> None:
    assert [put(man).location for _press in "12"] == ["/documents/1", "/documents/1"]
    assert put(man, once="2" * 32).location == "/documents/2"
    kept = [path for path in (station.home / "files").rglob("*") if path.is_file()]
    assert len(kept) == 1  # the same bytes stand once


def test_of_two_editors_the_second_is_told(station: Station, man: Any) -> None:
    other = person(station, "hua", "clerk")
    put(man)
    seen = hidden(other.get("/documents/1"), "version")
    asked = {"version": seen, "title": "一", "tags": ""}
    assert [man.post("/documents/1/describe", data=asked).status_code for _press in "12"] == [302, 302]
    reply = other.post("/documents/1/describe", data={"version": seen, "title": "二", "tags": ""})
    assert reply.status_code == 422
    assert 'value="二"' in reply.text
    assert "changed meanwhile" in reply.text
    assert other.post("/documents/1/remove", data={"version": seen}).status_code == 422
    assert "一" in man.get("/documents?q=一").text
    version = hidden(man.get("/documents/1"), "version")
    assert man.post("/documents/1/remove", data={"version": version}).location == "/documents"
    assert man.get("/documents/1").status_code == 404
    assert man.get("/documents/1/file").status_code == 404
    assert acts(station) == ["document_added", "document_described", "document_removed"]


def test_another_unit_has_no_such_document(station: Station, man: Any) -> None:
    put(man)
    with station.writing() as c:
        unit = org.add_unit(c, 1, "city", "A", "City")
    eva = person(station, "eva", "field", unit)
    for at in ("/documents/1", "/documents/1/file"):
        assert eva.get(at).status_code == 404
    assert eva.post("/documents/1/remove", data={"version": "1"}).status_code == 404
    assert "/documents/1" not in eva.get("/documents?q=换表").text
    foreign = put(eva, once="3" * 32)
    assert foreign.status_code == 422
    assert "no such thing" in foreign.text
    with station.writing() as c:
        devices.change(c, DEVICE, unit=unit)
    assert eva.get("/documents/1").status_code == 200


def test_who_only_looks_adds_and_changes_nothing(station: Station, man: Any) -> None:
    put(man)
    viewer = person(station, "vera", "viewer")
    assert viewer.get("/documents/1").status_code == 200
    assert "/documents/new" not in viewer.get("/documents").text
    assert viewer.get("/documents/new").status_code == 403
    assert put(viewer, once="4" * 32).status_code == 403
    assert viewer.post("/documents/1/remove", data={"version": "1"}).status_code == 403
    assert person(station, "adm", "administrator").get("/documents").status_code == 403


def begin(desk: Any, data: bytes, **more: str) -> Any:
    asked = ASKED | {"name": "p.png", "bytes": str(len(data)), "sha256": hashlib.sha256(data).hexdigest()}
    return desk.post("/documents/uploads", data=asked | more)


def test_pieces_are_cut_off_and_go_on(station: Station, man: Any) -> None:
    data = PNG + bytes(2 * life.PIECE_BYTES)
    at = f"/documents/uploads/{begin(man, data).json['token']}"
    piece = data[: life.PIECE_BYTES]
    assert man.post(f"{at}/pieces?offset=0", data=piece).json == {"have": len(piece)}
    again = man.post(f"{at}/pieces?offset=0", data=piece)  # the answer was lost on the way
    assert (again.status_code, again.json["have"]) == (409, len(piece))
    assert man.head(at).headers["Upload-Offset"] == str(len(piece))
    assert man.post(f"{at}/finish").status_code == 422
    have = begin(man, data, once="5" * 32).json["have"]  # the page was loaded again
    while have < len(data):
        rest = data[have : have + life.PIECE_BYTES]
        have = man.post(f"{at}/pieces?offset={have}", data=rest).json["have"]
    assert man.post(f"{at}/finish").json == {"url": "/documents/1"}
    assert man.post(f"{at}/finish").json == {"url": "/documents/1"}
    assert begin(man, data).json == {"url": "/documents/1"}
    assert fetch(man).data == data


def test_nobody_writes_into_the_upload_of_another(station: Station, man: Any) -> None:
    at = f"/documents/uploads/{begin(man, PNG).json['token']}"
    other = person(station, "hua", "field")
    assert other.get(at).status_code == 404
    assert other.post(f"{at}/pieces?offset=0", data=PNG).status_code == 404
    assert other.post(f"{at}/finish").status_code == 404


def test_what_arrives_altered_is_no_document(man: Any) -> None:
    at = f"/documents/uploads/{begin(man, PNG).json['token']}"
    man.post(f"{at}/pieces?offset=0", data=PNG[:-1] + b"x")
    reply = man.post(f"{at}/finish")
    assert reply.status_code == 422
    assert "altered" in reply.json["errors"][0]
    assert man.get("/documents/1").status_code == 404


def test_a_full_disk_is_said_and_loses_nothing(station: Station, man: Any) -> None:
    free = [1 << 40]
    station.app.extensions["files"] = Files(station.home, free=lambda _path: free[0])
    data = PNG + bytes(life.PIECE_BYTES)
    at = f"/documents/uploads/{begin(man, data).json['token']}"
    man.post(f"{at}/pieces?offset=0", data=data[:1000])
    free[0] = 0
    reply = man.post(f"{at}/pieces?offset=1000", data=data[1000:2000])
    assert reply.status_code == 507
    assert "disk of the station is full" in reply.json["errors"][0]
    assert put(man, once="6" * 32).status_code == 422
    free[0] = 1 << 40
    assert man.get(at).json["have"] == 1000
    assert man.post(f"{at}/pieces?offset=1000", data=data[1000:2000]).json == {"have": 2000}


def test_what_is_too_large_is_refused(man: Any) -> None:
    assert begin(man, b"x", bytes=str(life.MOST_BYTES + 1)).status_code == 422
    at = f"/documents/uploads/{begin(man, PNG).json['token']}"
    assert man.post(f"{at}/pieces?offset=0", data=bytes(life.PIECE_BYTES + 1)).status_code == 413
    assert man.post(f"{at}/pieces?offset=0", data=bytes(100)).status_code == 422
    assert man.post("/documents", data=ASKED).status_code == 422
