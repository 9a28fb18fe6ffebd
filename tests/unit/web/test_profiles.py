"""The page of a terminal's profiles: what runs, a package is uploaded, previewed, confirmed, stopped."""

import io
import re
from typing import Any

import pytest

from protocols.uplink import messages
from protocols.uplink.codes import REASON_NO
from station.profiles import push, signing
from station.store import commands, db, profiles
from tests.browser.seed import put_now
from tests.browser.seed_profiles import FIRST, SECOND, THIRD, reported, signed
from tests.unit.station.test_profile_life import OTHER
from tests.unit.web.conftest import DEVICE, Station

METERED = "LJ-STEEL-06"
PAGE = f"/terminals/{METERED}/profiles"


def upload(desk: Any, data: bytes, slot: str = "2", path: str = PAGE) -> Any:
    form = {"file": (io.BytesIO(data), "x.lkp"), "slot": slot, "package": ""}
    return desk.post(f"{path}/preview", data=form, content_type="multipart/form-data")


def pushes(station: Station, device: str = METERED) -> list[dict[str, Any]]:
    with db.reading(station.engine) as c:
        return profiles.pushes(c, device, 9)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh_CN", ["正泰 DTSU666 三相表", "试运行", "测量点 1", "已传 1 / 2 段", "8 次抄读成功 2 次"]),
        ("en", ["CHINT DTSU666, three-phase", "on trial", "Metering point 1", "1 of 2 pieces",
                "2 of 8 reads gave values"]),
    ],
)  # fmt: skip
def test_it_shows_what_runs_and_what_is_sent(station: Station, language: str, words: list[str]) -> None:
    text = station.desk(language).get(PAGE).text
    for word in [*words, reported(FIRST).hex(), reported(SECOND).hex(), "harbour-meter", "0001020304050607"]:
        assert word in text, word
    on_terminal = station.desk(language).get(f"/terminals/{METERED}").text
    assert words[0] in on_terminal
    assert f"/terminals/{METERED}/commands/new/profile?op=3&amp;slot=2" in on_terminal


def test_an_uploaded_package_is_previewed_confirmed_and_begun_once(station: Station) -> None:
    desk = station.desk("en")
    preview = upload(desk, signed("abb-b23"))
    assert preview.status_code == 200
    for word in ("ABB B23 and B24", "modbus", "No metering point reads by slot 2", "CHINT DTSU666"):
        assert word in preview.text, word
    before = len(pushes(station))
    form = dict(re.findall(r'name="(package|slot)" value="(\d+)"', preview.text))
    for _ in range(2):
        assert desk.post(f"{PAGE}/send", data=form).location == PAGE
    after = pushes(station)
    assert len(after) == before + 1
    assert (after[0]["profile"], after[0]["slot"], after[0]["author"]) == ("abb-b23", 2, "admin")
    assert (after[0]["state"], after[0]["total"]) == (
        push.SENDING,
        len(signing.for_device(signed("abb-b23"))),
    )
    assert "0 of 2 pieces" in desk.get(PAGE).text


def test_one_that_was_here_before_is_chosen(station: Station) -> None:
    desk = station.desk("en")
    number = re.search(r'<option value="(\d+)" >Kamstrup', desk.get(PAGE).text)
    assert number
    path = f"/terminals/{DEVICE}/profiles"
    preview = desk.post(f"{path}/preview", data={"package": number[1], "slot": "1"})
    assert "Kamstrup" in preview.text
    assert desk.post(f"{path}/send", data={"package": number[1], "slot": "1"}).status_code == 302
    assert pushes(station, DEVICE)[0]["profile"] == THIRD


@pytest.mark.parametrize(
    ("data", "slot", "words"),
    [
        (b"{}", "2", "Not a signed package"),
        (signed("abb-b23", signer=OTHER), "2", "does not trust"),
        (signed(FIRST), "2", "is not above 1, which ran there"),
        (b"", "2", "This is needed."),
        (signed("abb-b23"), "5", "This is needed."),
        (signed("abb-b23"), "", "This is needed."),
    ],
)
def test_what_cannot_be_sent_is_said_and_nothing_begins(
    station: Station, data: bytes, slot: str, words: str
) -> None:
    desk, before = station.desk("en"), len(pushes(station))
    form = {"slot": slot, "package": ""} | ({"file": (io.BytesIO(data), "x.lkp")} if data else {})
    reply = desk.post(f"{PAGE}/preview", data=form, content_type="multipart/form-data")
    assert reply.status_code == 422
    assert words in reply.text
    assert len(pushes(station)) == before


def test_a_taken_slot_and_a_forged_number_are_refused_at_the_end_too(station: Station) -> None:
    desk = station.desk("en")
    preview = upload(desk, signed("abb-b23"), "3")
    form = dict(re.findall(r'name="(package|slot)" value="(\d+)"', preview.text))
    reply = desk.post(f"{PAGE}/send", data=form)
    assert reply.status_code == 422
    assert "wait for its end, or stop it" in reply.text
    assert desk.post(f"{PAGE}/send", data={"package": "999", "slot": "1"}).status_code == 422
    assert desk.post(f"{PAGE}/send", data={"package": "x", "slot": "1"}).status_code == 422
    assert desk.get("/terminals/NOBODY/profiles").status_code == 404
    assert station.client().post(f"{PAGE}/send", data=form).location.startswith("/login")


def test_sending_is_stopped(station: Station) -> None:
    desk = station.desk("en")
    assert "Stop sending" in desk.get(PAGE).text
    assert desk.post(f"{PAGE}/stop", data={"slot": "3"}).location == PAGE
    assert pushes(station)[0]["state"] == push.STOPPED
    assert "Stop sending" not in desk.get(PAGE).text
    assert "Nothing is being sent" in desk.post(f"{PAGE}/stop", data={"slot": "3"}).text


def test_roll_back_is_a_command_with_preview(station: Station) -> None:
    desk = station.desk("en")
    dialog = desk.get(f"/terminals/{METERED}/commands/new/profile?op=3&slot=2").text
    assert re.search(r'<option value="3" selected>roll back to the one before', dialog)
    assert re.search(r'<option value="2" selected>2', dialog)
    preview = desk.post(
        f"/terminals/{METERED}/commands/new/profile", data={"op": "3", "slot": "2", "valid_min": "5"}
    )
    token = re.search('name="token" value="([^"]+)"', preview.text)
    assert token
    reply = desk.post(f"/terminals/{METERED}/commands/confirm", data={"token": token[1]})
    number = int(reply.location.rsplit("/", 1)[1])
    facts = {"reason": REASON_NO["bad_profile"], "detail": {"error": "there is none before"}}
    with station.writing() as c:
        row = commands.get(c, METERED, number)
        assert row
        assert (row["kind"], row["params"]) == (messages.PROFILE, {"op": push.ROLL_BACK, "slot": 2})
        commands.move(c, METERED, number, "refused", **facts)
    assert "there is none before" in desk.get(reply.location).text
    assert "没有上一版" in station.desk().get(reply.location).text


def test_names_from_a_terminal_stay_text(station: Station) -> None:
    bad = "<script>alert(1)</script>"
    with station.writing() as c:
        put_now(c, METERED, db.now_s(), profiles=[[1, b"\x09" * 8, 0, bad]])
    text = station.desk().get(PAGE).text
    assert bad not in text
    assert "&lt;script&gt;alert(1)" in text
