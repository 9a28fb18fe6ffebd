"""What the broker forbids is counted, whatever else its log says."""

import pytest
from sqlalchemy.exc import OperationalError

from protocols.uplink import topics
from station.broker import Violations, violations
from station.store import db
from station.web import i18n
from tests.unit.station.double import Double, LiveDouble, wait

HEAD = "[7] 2026/11/22 12:37:58.99 [ERR] 127.0.0.1:5 - mid:6 - "
FOREIGN = HEAD + '"T2" - Publish Violation - Subject "lk.1.1f.T1.up.da"'


def test_a_real_broker_tells_of_both_kinds(settings, nats, engine, look):
    log = settings.log / "broker.log"
    thief = LiveDouble(settings, nats, "T2")
    try:
        assert not thief.subscribe("#")
        thief.send(thief.up(topics.NOW, b"own"))
        mid = thief.send(Double("T1").up(topics.DA, b"x"))
        wait(lambda: mid in thief.acked)
    finally:
        thief.close()
    wait(lambda: "Publish Violation" in log.read_text())
    seen = Violations()
    assert [seen.see(line) for line in log.read_text().splitlines()].count(True) == 2
    assert seen.due()
    seen.write(engine)
    assert not seen.due()
    row = look.counters[0]
    assert (row["name"], row["reason"], row["n"]) == ("broker", "foreign_topic", 2)
    assert row["source"] == f"T2 publish lk.1.{Double('T1').shard}.T1.up.da"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "\x00\ufffd",
        "x" * 70_000,
        HEAD,
        HEAD + '"T2" - Publish Violation - Subject "lk',
        HEAD + '"' + "\\" * 60_000,
        HEAD + '"a - \\"T2\\" - Publish Violation - Subject \\"b\\"" - invalid character in client ID',
        "[7] 2026/11/22 12:37:58.99 [INF] " + FOREIGN,
    ],
    ids=range(8),
)
def test_other_lines_are_not_counted(line):
    seen = Violations()
    assert not seen.see(line)
    assert not seen.due()


def test_a_flood_is_counted_in_bounded_steps_and_the_source_is_cut(engine, look, monkeypatch):
    monkeypatch.setattr(violations, "MAX_BUMPS", 3)
    seen = Violations()
    for _ in range(5):
        assert seen.see(HEAD + '"T2" - Subscription Violation - Subject "' + "y" * 60_000 + '", SID 1')
    seen.write(engine)
    assert (look.counters[0]["n"], seen.waiting) == (3, 2)
    assert not seen.due(), "one commit a second"
    seen.write(engine)
    assert (look.counters[0]["n"], seen.waiting) == (5, 0)
    assert look.counters[0]["source"].startswith("T2 subscription yyy")
    assert len(look.counters[0]["source"]) <= 130


def test_what_could_not_be_stored_waits(engine, look, monkeypatch):
    def full(*_words, **_more):
        raise OperationalError("INSERT", None, Exception("disk is full"))

    seen = Violations()
    seen.see(FOREIGN)
    with monkeypatch.context() as m:
        m.setattr(violations.counters, "bump", full)
        with pytest.raises(db.StoreError):
            seen.write(engine)
    seen.write(engine)
    assert look.counted() == {"foreign_topic": 1}


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_the_pages_have_words_for_it(language):
    words = i18n.load(language)
    for key in ("refused.foreign_topic", "counter.broker"):
        assert words.gettext(key) != key
