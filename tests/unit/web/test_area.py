"""A concentrator's pages: live panels, the archive from a file, results of its commands."""

import json
import time
from typing import Any

import pytest

from protocols.lines import dlt645
from protocols.uplink import archive_rows, area
from station.area import life, rows
from station.store import area as store
from station.store import commands, db
from tests.browser.seed import put_now
from tests.browser.seed_area import DEVICE, METERS, answer, now_area, put_reads, put_reply, seed_area, table
from tests.unit.web.conftest import DEVICE as TERMINAL
from tests.unit.web.conftest import Station

PAGE = f"/areas/{DEVICE}"
ADDRESS = table()[6]["address"]
READ = dlt645.read(ADDRESS, 0x00010000)


@pytest.fixture
def station(make: Any) -> Station:
    made: Station = make()
    with made.writing() as c:
        seed_area(c)
    return made


def test_a_concentrator_has_no_rounds_that_could_be_unknown(station: Station) -> None:
    for queue, shown in (("online", True), ("unknown", False)):
        table = station.desk("en").get(f"/?queue={queue}").text.split("<tbody>")[1].split("</tbody>")[0]
        rows = [row for row in table.split("<tr") if DEVICE in row]
        assert bool(rows) is shown
        assert "unreadable" not in "".join(rows)


def archive(station: Station) -> list[dict[str, Any]]:
    with db.reading(station.engine) as c:
        return store.archive(c, DEVICE)


def upload(station: Station, data: bytes, language: str = "en") -> Any:
    """As bytes of its own: the client would leave its file of a large upload open."""
    head = b'--edge\r\nContent-Disposition: form-data; name="file"; filename="meters.csv"\r\n\r\n'
    return station.desk(language).post(
        f"{PAGE}/archive/preview",
        data=head + data + b"\r\n--edge--\r\n",
        content_type="multipart/form-data; boundary=edge",
    )


# ---- live


def test_what_the_concentrator_tells_reaches_its_pages(station: Station) -> None:
    desk = station.desk("en")
    for topic, panel in (
        (f"area?device={DEVICE}", "p-area_tiles"),
        (f"archive?device={DEVICE}", "p-area_archive"),
    ):
        with desk.get(f"/live/{topic}") as reply:
            assert reply.mimetype == "text/event-stream"
            parts = (part.decode() for part in reply.iter_encoded())
            first = next(part for part in parts if part.startswith("event: panels"))
            before = json.loads(first.split("data: ")[1])[panel]
            with station.writing() as c:
                told = now_area()
                told[2] = 77
                put_now(c, DEVICE, int(time.time()), area=told)
            later = next(p for p in parts if p.startswith("event: panels") and panel in p)
            after = json.loads(later.split("data: ")[1])[panel]
        assert after != before
        assert "77" in after
        assert "csrf_token" not in after.replace('name="csrf_token" value=""', "")  # nobody's, for everybody
        with station.writing() as c:
            put_now(c, DEVICE, int(time.time()), area=now_area())


def test_a_freeze_that_comes_reaches_the_meters_page(station: Station) -> None:
    desk = station.desk("en")
    address = f"/api/panels/meter?device={DEVICE}&number=12"
    before = desk.get(address).json["panels"]
    assert "Cut off" in before["p-meter_head"]
    with station.writing() as c:
        c.exec_driver_sql("update area_ledgers set cut = 0 where meter = 12")
    after = desk.get(address).json["panels"]
    assert "Cut off" not in after["p-meter_head"]
    assert after["p-meter_freezes"] == before["p-meter_freezes"]


@pytest.mark.parametrize(
    "address",
    [
        f"area?device={TERMINAL}",
        "area?device=NONE",
        f"meter?device={DEVICE}&number=999",
        f"meter?device={DEVICE}",
    ],
)
def test_no_stream_for_what_does_not_exist(station: Station, address: str) -> None:
    assert station.desk().get(f"/live/{address}").status_code == 404
    assert station.desk().get(f"/api/panels/{address}").status_code == 404


# ---- the archive from a file


GOOD = rows.write(
    [*table()[:-2], {**table()[0], "meter": 300, "address": "202677000001", "name": "新户"}], True
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_file_is_looked_at_before_anything_changes(station: Station, encoding: str) -> None:
    reply = upload(station, GOOD.encode(encoding))
    assert reply.status_code == 200
    assert "1 new" in reply.text
    assert "2 taken out" in reply.text
    assert "202677000001" in reply.text
    assert "新户" in reply.text
    assert archive(station) == table()


BAD: list[tuple[bytes, str, str]] = [
    (b"PK\x03\x04" + bytes(2000), "电子表格|Excel", "save it as CSV"),
    (b"x" * (10 << 20), "文件过大", "too large"),
    (bytes(range(256)) * 9, "GB18030", "GB18030"),
    ("表地址,端口,颜色\n1,1,红\n".encode(), "没有|无", "column"),
    (b"name\nWang\n", "表地址", "address"),
    (b"", "表地址", "address"),
    (b"address,line\n", "没有电能表", "no meter"),
    (b"address;line\n1;1\n", "逗号", "commas"),
    ('表地址,端口\n1,1\n"2,1\n'.encode(), "CSV", "CSV"),
]


@pytest.mark.parametrize(("data", "chinese", "english"), BAD)
def test_a_bad_file_is_refused_in_words(station: Station, data: bytes, chinese: str, english: str) -> None:
    for language, words in (("zh_CN", chinese), ("en", english)):
        reply = upload(station, data, language)
        assert reply.status_code == 422
        told = reply.text.split('id="h-faults"')[1].split("</section>")[0]
        assert any(word in told for word in words.split("|")), told
    assert archive(station) == table()


def test_every_fault_stands_with_its_line(station: Station) -> None:
    reply = upload(
        station, "序号,表地址,端口\n1,20260001,1\n1,20260002,7\n3,2026A,1\n".encode("gb18030"), "zh_CN"
    )
    told = reply.text.split('id="h-faults"')[1].split("</section>")[0]
    assert told.count("<tr>") == 1 + 2
    assert '<td class="num">3</td><td>端口</td>' in told
    assert '<td class="num">4</td><td>表地址</td>' in told


def test_no_file_is_said(station: Station) -> None:
    reply = station.desk("zh_CN").post(f"{PAGE}/archive/preview", data={})
    assert reply.status_code == 422
    assert "请先选择文件" in reply.text


def test_only_a_file_may_be_large(station: Station) -> None:
    desk = station.desk()
    big = {"q": "x" * (100 << 10)}
    assert desk.post(f"{PAGE}/take", data=big).status_code == 413
    assert desk.post(f"{PAGE}/archive/preview", data=big).status_code == 422


def confirmed(station: Station, reply: Any, **more: str) -> Any:
    before = reply.text.split('name="before" value="')[1].split('"')[0]
    return station.desk("en").post(
        f"{PAGE}/archive/confirm", data={"rows": GOOD, "before": before, "name": "m.csv"} | more
    )


def test_what_was_confirmed_is_taken_and_loaded(station: Station) -> None:
    assert confirmed(station, upload(station, GOOD.encode()), load="1").status_code == 302
    assert [row["meter"] for row in archive(station)] == [*range(1, METERS - 1), 300]
    with db.reading(station.engine) as c:
        (load,) = store.loads(c, DEVICE, 9)
    assert (load["state"], load["done"]) == ("sending", 0)
    page = station.desk("en").get(f"{PAGE}/archive").text
    assert f"0 of {load['total']} steps" in page
    assert station.desk("en").post(f"{PAGE}/archive/stop").status_code == 302
    with db.reading(station.engine) as c:
        assert [each["state"] for each in store.loads(c, DEVICE, 9)] == ["stopped"]


def test_an_archive_that_changed_meanwhile_is_looked_at_again(station: Station) -> None:
    first = upload(station, GOOD.encode())
    with station.writing() as c:
        store.replace(c, DEVICE, table()[:5])
    reply = confirmed(station, first)
    assert reply.status_code == 422
    assert "Someone changed the archive" in reply.text
    assert len(archive(station)) == 5


def test_a_thousand_meters_with_long_names_pass(station: Station) -> None:
    many = [
        {**table()[0], "meter": n, "address": f"{202600000000 + n:012d}", "name": "户" * 80}
        for n in range(1, archive_rows.MOST + 1)
    ]
    text = rows.write(many)
    reply = upload(station, text.encode())
    assert reply.status_code == 200
    before = reply.text.split('name="before" value="')[1].split('"')[0]
    asked = {"rows": text, "before": before, "emergency": "1"}  # so many need two people
    confirm = f"{PAGE}/archive/confirm"
    assert station.desk("en").post(confirm, data=asked).status_code == 422
    assert archive(station) != many
    done = station.desk("en").post(confirm, data=asked | {"reason": "new area"})
    assert done.location.startswith("/approvals/")
    assert archive(station) == many


# ---- results


def sent(station: Station, kind: int, params: dict[str, Any]) -> int:
    with station.writing() as c:
        number = life.send(c, DEVICE, kind, params, "admin")
        for state in ("sent", "executed"):
            commands.move(c, DEVICE, number, state, int(time.time()))
    return number


def test_the_answer_to_a_forwarded_frame_is_decoded(station: Station) -> None:
    number = sent(station, area.FORWARD, {"line": 1, "data": READ, "wait_ms": 2000})
    address = f"/terminals/{DEVICE}/commands/{number}"
    assert "No answer yet." in station.desk("en").get(address).text
    with station.writing() as c:
        put_reply(c, number, answer(ADDRESS), int(time.time()))
    text = station.desk("zh_CN").get(address).text
    for told in ("5,034.12 kWh", "正向有功电能", "读数据应答", ADDRESS, "DL/T 645-2007"):
        assert told in text
    assert "No answer yet." not in text


@pytest.mark.parametrize(
    ("reason", "words"), [(0, "Check address"), (1, "Check address"), (10, "nobody knows")]
)
def test_a_frame_without_an_answer_says_what_to_do(station: Station, reason: int, words: str) -> None:
    number = sent(station, area.FORWARD, {"line": 1, "data": READ, "wait_ms": 2000})
    with station.writing() as c:
        put_reply(c, number, b"", int(time.time()), reason)
    assert words in station.desk("en").get(f"/terminals/{DEVICE}/commands/{number}").text


def test_a_patrol_shows_its_progress_and_every_meter(station: Station) -> None:
    number = sent(station, area.PATROL, {"point": 320, "first": 1, "last": METERS})
    with station.writing() as c:
        put_reads(c, number, range(1, 61), int(time.time()))
        store.replace(c, DEVICE, [row | {"name": "=1+1"} if row["meter"] == 1 else row for row in table()])
        told = now_area()
        told[8] = [[number, 54, 6, METERS]]
        put_now(c, DEVICE, int(time.time()), area=told)
    text = station.desk("en").get(f"/terminals/{DEVICE}/commands/{number}").text
    assert "54 of 120 done, 6 failed" in text
    assert "5,001.000 kWh" in text
    assert "ok 53" in text
    assert "No answer 6" in text
    lines = station.desk("en").get(f"{PAGE}/patrols/{number}.csv").text.splitlines()
    assert len(lines) == 61
    assert "'=1+1" in lines[1]  # no formula
    assert station.desk().get(f"{PAGE}/patrols/{number + 1}.csv").status_code == 404


# ---- what is dangerous


DANGEROUS = [
    ("meter_switch", {"meter": "7", "address": ADDRESS, "want": "1"}, ADDRESS, area.METER_SWITCH),
    (
        "meter_replaced",
        {"meter": "7", "address": ADDRESS, "new_address": "202688000007", "old_wh": "5007", "new_wh": "0"},
        "202688000007",
        area.METER_REPLACED,
    ),
    ("forward", {"line": "1", "data": "6816", "wait_ms": "500", "urgent": "0"}, DEVICE, area.FORWARD),
]


@pytest.mark.parametrize(("kind", "filled", "typed", "number"), DANGEROUS)
def test_what_may_cut_off_is_typed_before_it_is_sent(
    station: Station, kind: str, filled: dict[str, str], typed: str, number: int
) -> None:
    desk = station.desk("en")
    preview = desk.post(f"/terminals/{DEVICE}/commands/new/{kind}", data=filled | {"valid_min": "5"})
    assert preview.status_code == 200
    token = preview.text.split('name="token" value="')[1].split('"')[0]

    def confirm(text: str) -> int:
        form = {"token": token, "typed": text}
        return desk.post(f"/terminals/{DEVICE}/commands/confirm", data=form).status_code

    assert [confirm(text) for text in ("", ADDRESS[:-1], TERMINAL)] == [422, 422, 422]
    with db.reading(station.engine) as c:
        assert commands.of_kind(c, DEVICE, number) == []
    assert [confirm(typed), confirm(typed)] == [302, 302]
    with db.reading(station.engine) as c:
        assert len(commands.of_kind(c, DEVICE, number)) == 1


def test_what_only_reads_needs_no_typing(station: Station) -> None:
    filled = {"line": "1", "data": READ.hex(), "wait_ms": "500", "urgent": "0", "valid_min": "5"}
    preview = station.desk("en").post(f"/terminals/{DEVICE}/commands/new/forward", data=filled)
    assert 'name="typed"' not in preview.text
    told = preview.text.split("What is asked")[1].split("</section>")[0]
    assert ">Read</dd>" in told
    assert ADDRESS in told
