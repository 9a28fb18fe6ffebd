"""Pages of parameters and of raw frames: what differs first, filters, files, foreign ones are not there."""

from protocols.lines import dlt645
from protocols.uplink import area, messages, parameters
from protocols.uplink.topics import STREAM_NO
from station.query import look
from station.store import area as area_store
from station.store import audit, commands, db, devices, org, streams
from station.store.scope import ROOT
from tests.browser import seed_area
from tests.browser.seed import EPOCH, FLEET, METER, put_now
from tests.unit.web.conftest import DEVICE, Station
from tests.unit.web.test_rights import only

STEEL = FLEET[5][0]  # runs version 1 of the points, which this station sent


def differ(station: Station) -> None:
    with station.writing() as c:
        at = db.now_s()
        params = {"section": parameters.LIMITS, "version": 3, "values": {1: 1100}}
        number = commands.create(c, DEVICE, messages.PARAMETERS, params, "li.hua", at + 300)
        commands.move(c, DEVICE, number, "executed", at - 60)
        put_now(c, DEVICE, at, parameters={parameters.LIMITS: 2})
    look.work(station.engine, db.now_s())


def test_what_differs_stands_first_with_who_sent_what(station: Station) -> None:
    differ(station)
    page = station.desk("en").get(f"/terminals/{DEVICE}/parameters").text
    first = page.split("<tbody>")[1].split("</tr>")[0]
    assert "differs" in first
    assert "li.hua" in first
    assert "voltage_high_e3" in first
    assert "1100" in first
    assert "same" in station.desk("en").get(f"/terminals/{STEEL}/parameters").text
    assert "never reported" in station.desk("en").get(f"/terminals/{FLEET[6][0]}/parameters").text


def test_what_was_sent_is_sent_again_once_with_a_higher_version(station: Station) -> None:
    differ(station)
    desk, at = station.desk("en"), f"/terminals/{DEVICE}/parameters"
    assert f"{at}/{parameters.LIMITS}/again" in desk.get(at).text
    page = desk.get(f"{at}/{parameters.LIMITS}/again").text
    assert "voltage_high_e3" in page
    token = page.split('name="token" value="')[1].split('"')[0]
    sent = {"token": token, "reason": "as agreed"}
    where = {desk.post(f"/terminals/{DEVICE}/commands/confirm", data=sent).location for _ in range(2)}
    assert len(where) == 1
    assert None not in where
    assert desk.get(f"{at}/{parameters.SOUND}/again").status_code == 404
    only(station, "viewer")
    assert "again" not in station.desk("en").get(at).text
    assert station.desk().get(f"{at}/{parameters.LIMITS}/again").status_code == 403


def test_a_section_that_needs_no_second_person_is_queued_as_it_was(station: Station) -> None:
    with station.writing() as c:
        params = {"section": parameters.SOUND, "version": 3, "values": {1: 255}}
        number = commands.create(c, DEVICE, messages.PARAMETERS, params, "li.hua", db.now_s() + 300)
        commands.move(c, DEVICE, number, "executed")
    desk = station.desk("en")
    page = desk.get(f"/terminals/{DEVICE}/parameters/{parameters.SOUND}/again").text
    token = page.split('name="token" value="')[1].split('"')[0]
    desk.post(f"/terminals/{DEVICE}/commands/confirm", data={"token": token})
    with db.reading(station.engine) as c:
        newest = commands.recent(c, DEVICE, 1)[0]
    assert newest["params"] == params | {"version": 4}
    assert newest["state"] == "queued"


def test_the_list_is_of_ones_own_units_and_its_file_is_in_the_audit(station: Station) -> None:
    differ(station)
    with station.writing() as c:
        devices.change(c, DEVICE, name="=cmd()")
    desk = station.desk("en")
    assert DEVICE in desk.get("/parameters").text
    assert DEVICE not in desk.get("/parameters?section=10").text
    assert "'=cmd()" in desk.get("/parameters.csv?section=4").get_data(as_text=True)
    with db.reading(station.engine) as c:
        assert audit.recent(c)[0]["action"] == "exported"
    with station.writing() as c:
        low = org.add_unit(c, ROOT, "station", "low", "下")
    only(station, "chief", low)
    desk = station.desk("en")
    assert DEVICE not in desk.get("/parameters").text
    assert DEVICE not in desk.get("/parameters.csv").get_data(as_text=True)
    assert desk.get(f"/terminals/{DEVICE}/parameters").status_code == 403


def test_frames_are_chosen_by_meter_and_outcome_and_taken_out(station: Station) -> None:
    desk, at = station.desk("en"), f"/terminals/{DEVICE}/frames"
    assert desk.get(at).text.count("<tr>") == 1 + 5
    assert desk.get(f"{at}?meter={METER}&outcome=trouble").text.count("<tr>") == 1 + 1
    assert desk.get(f"{at}?meter=nobody").text.count("<tr>") == 0
    rows = desk.get(f"{at}.csv?outcome=trouble").get_data(as_text=True).splitlines()
    assert len(rows) == 1 + 2
    assert rows[-1].count("68") >= 1
    with db.reading(station.engine) as c:
        assert audit.recent(c)[0]["subject"] == f"frames of {DEVICE}"


def test_an_answer_to_a_forwarded_frame_stands_among_them(station: Station) -> None:
    question = dlt645.read("202600000007", 0x00010000)
    with station.writing() as c:
        seed_area.seed_area(c)
        at = db.now_s()
        params = {"line": 1, "data": question, "timeout_ms": 800, "urgent": 0}
        number = commands.create(c, seed_area.DEVICE, area.FORWARD, params, "admin", at + 300)
        stream = streams.opened(c, seed_area.DEVICE, EPOCH, STREAM_NO["da"], at)
        place = {"stream_id": stream.id, "seq": 9000, "device": seed_area.DEVICE, "t_s": at}
        reply = place | {"command": number, "data": b"", "took_ms": 800, "reason": 1}
        area_store.put(c, {area.REPLY: [reply]})
    page = station.desk("en").get(f"/terminals/{seed_area.DEVICE}/frames?meter=202600000007").text
    assert question.hex(" ").upper() in page
    assert f"command {number}" in page
    assert page.count("<tr>") == 1 + 2
