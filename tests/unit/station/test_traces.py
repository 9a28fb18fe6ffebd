"""A device that is listened to: its messages up and down are noted, of others none; bounded."""

import pytest

from protocols import cbor
from protocols.uplink import messages, topics
from protocols.uplink.envelope import seal
from station import controls
from station.collection import traces as rules
from station.commands.dispatcher import sealed
from station.decoding import uplink
from station.errors import Invalid
from station.ingest.wire import Message
from station.store import audit, commands, db
from station.store import traces as store
from station.store.traces import Noted
from tests.unit.station.double import Double, curve


def listen(engine, hours=1, t_s=None):
    with db.writing(engine) as c:
        rules.begin(c, "li.hua", "T1", hours, db.now_s() if t_s is None else t_s)


def noted(engine, **wanted):
    with db.reading(engine) as c:
        return store.page(c, "T1", None, None, **wanted)


def test_what_comes_is_noted_with_its_answer_and_what_was_refused(engine, handler):
    listen(engine)
    double = Double()
    handler.take([double.hello(), double.up(topics.EV, b"\xff\x00")])
    handler.take([double.batch(topics.DA, 1, [curve(1_790_000_000, {8: 1})])])
    found = noted(engine)[::-1]
    assert [(row["leaf"], row["up"], row["trouble"]) for row in found] == [
        ("hello", 1, ""),
        ("ev", 1, "malformed"),
        ("hi", 0, ""),
        ("da", 1, ""),
        ("mark", 0, ""),
    ]
    assert found[0]["payload"] == double.hello().payload
    assert [row["leaf"] for row in noted(engine, trouble=True)] == ["ev"]
    assert [row["leaf"] for row in noted(engine, leaf="mark")] == ["mark"]
    assert uplink.decode(found[4]["payload"])[0]["body"]["marks"] == {"da": 1}


def test_nothing_is_noted_of_who_is_not_listened_to_or_no_more(engine, handler):
    double = Double()
    handler.take([double.hello()])
    listen(engine, t_s=db.now_s() - 3600)
    handler.take([double.hello(), Message("lk/1/00/elsewhere", b"")])
    assert noted(engine) == []


def test_no_seal_is_kept_that_a_device_would_obey(engine):
    listen(engine)
    payload = seal(b"k" * 32, topics.CMD, "T1", {0: 1, 1: "T1"}, b"s" * 32)
    with db.writing(engine) as c:
        store.put(c, 1, [Noted("T1", 0, topics.CMD, payload)])
    (row,) = noted(engine)
    assert row["size"] == len(payload)
    wire = cbor.decode(row["payload"])
    assert (wire[2], wire[3]) == (b"", b"")
    assert wire[1] == cbor.decode(payload)[1]


def test_a_command_that_was_sealed_is_read_again(engine, settings):
    listen(engine)
    with db.writing(engine) as c:
        number = controls.submit(c, "T1", messages.GUARANTEE, controls.guarantee(True), "li.hua")
        row = commands.get(c, "T1", number)
        assert row
        store.put(c, 1, [Noted("T1", 0, topics.CMD, sealed(settings, row))])
    assert uplink.decode(noted(engine)[0]["payload"])[0]["body"]["command"] == number


def test_the_newest_stay_and_long_ones_are_cut(engine, monkeypatch):
    monkeypatch.setattr(store, "KEPT", 5)
    with db.writing(engine) as c:
        for n in range(9):
            store.put(c, n, [Noted("T1", 1, "now", bytes(20_000))])
    found = noted(engine)
    assert [row["t_ms"] for row in found] == [8, 7, 6, 5, 4]
    assert (found[0]["size"], len(found[0]["payload"])) == (20_000, store.BYTES)


def test_old_ones_go(engine):
    with db.writing(engine) as c:
        store.put(c, 1000, [Noted("T1", 1, "now", b"")])
        store.put(c, 3000, [Noted("T1", 1, "now", b"")])
    rules.forget(engine, rules.KEEP_S + 2)
    assert [row["t_ms"] for row in noted(engine)] == [3000]


def test_who_listens_stands_in_the_record_and_twenty_are_enough(engine, monkeypatch):
    monkeypatch.setattr(rules, "MOST", 1)
    listen(engine)
    listen(engine, 4)
    with db.writing(engine) as c:
        at = db.now_s()
        for wrong in (0, 2, None, "1"):
            with pytest.raises(Invalid, match="hours"):
                rules.begin(c, "li.hua", "T1", wrong, at)
        with pytest.raises(Invalid, match="traces_full"):
            rules.begin(c, "li.hua", "T2", 1, at)
        rules.stop(c, "wang.wei", "T1", at)
        rules.stop(c, "wang.wei", "T1", at)
        assert store.on(c, at) == frozenset()
        told = [(row["action"], row["author"]) for row in audit.recent(c) if row["subject"] == "T1"]
    assert told.count(("trace_stopped", "wang.wei")) == 1
    assert told.count(("trace_begun", "li.hua")) == 2
