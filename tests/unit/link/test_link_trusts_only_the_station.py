"""Through a real broker: what goes down is obeyed only when it is sealed, ours, fresh and of this epoch."""

import time

from protocols.uplink import envelope, messages, topics
from protocols.uplink.codes import EXECUTED, REASON_NO, RECEIVED, REFUSED
from tests.unit.link.doubles import DEVICE, KEY, wait_for


def up(terminal):
    return terminal.until(lambda report: report["state"] == "up")


def test_a_command_is_executed_and_a_repeat_answered_alike(terminal, station):
    up(terminal)
    station.command(5)
    wait_for(lambda: station.results(5))
    station.command(5)
    station.command(4)
    wait_for(lambda: station.results(4) and len(station.results(5)) == 2)
    assert station.results(5) == [(EXECUTED, 0)] * 2
    assert station.results(4) == [(REFUSED, REASON_NO["stale_id"])]
    report = terminal.report()
    assert (report["applied"], report["last"]) == (1, 5)


def test_a_delayed_trip_tells_received_then_executed(terminal, station):
    up(terminal)
    station.command(1, messages.TRIP, {1: 1, 2: 1, 3: 0})
    wait_for(lambda: len(station.results(1)) == 2)
    assert station.results(1) == [(RECEIVED, 0), (EXECUTED, 0)]


def test_forged_and_foreign_bytes_are_counted_and_change_nothing(terminal, station):
    station.marking = False
    heard = up(terminal)["heard"]
    assert heard == 1  # the welcome
    station.command(1, key=bytes(32))
    station.raw(topics.CMD, b"\xff" * 100)
    station.raw(topics.MARK, b"\xa0")
    station.raw("else", b"hello")
    station.raw(topics.CMD, bytes(6000))
    station.raw(topics.CMD, bytes(200_000))
    station.command(2)
    wait_for(lambda: station.results(2))
    report = terminal.report()
    assert report["gate"] == {"bad_mac": 1, "malformed": 1}
    assert report["counts"] == {"oversized": 2, "mark: no version": 1, "foreign topic": 1}
    assert (report["applied"], report["links"], report["heard"]) == (1, 1, heard + 1)
    assert station.results(1) == []


def test_a_mark_of_another_epoch_or_ahead_of_us_forgets_nothing(terminal, station):
    station.marking = False
    up(terminal)
    terminal.add("ev", 10)
    wait_for(lambda: len(station.records) == 10)
    station.down(topics.MARK, {"epoch": b"another!", "marks": {1: 10}}, messages.MARK)
    epoch = station.hellos[0][2]
    station.down(topics.MARK, {"epoch": epoch, "marks": {1: 11, 9: 1}}, messages.MARK)
    station.down(topics.MARK, {"epoch": epoch, "marks": {1: 10}}, messages.MARK, key=bytes(32))
    report = terminal.until(lambda r: len(r["counts"]) == 3)
    assert report["counts"] == {
        "mark: foreign epoch": 1,
        "mark of a number never sent": 1,
        "mark: bad_mac": 1,
    }
    assert report["held"]["ev"] == 10
    station.down(topics.MARK, {"epoch": epoch, "marks": {1: 4}}, messages.MARK)
    terminal.until(lambda r: r["held"]["ev"] == 6)


def test_only_the_welcome_to_the_last_hello_counts(terminal, station):
    station.welcoming = False
    hello = wait_for(lambda: station.hellos and station.hellos[0])
    t_ms = int(time.time() * 1000)
    good = {"nonce": hello[4], "t_ms": t_ms, "epoch": hello[2], "marks": {}}
    station.down(topics.WELCOME, good | {"nonce": b"01234567"}, messages.WELCOME)
    station.down(topics.WELCOME, good | {"epoch": b"01234567"}, messages.WELCOME)
    station.down(topics.WELCOME, good | {"t_ms": 5}, messages.WELCOME)
    station.down(topics.WELCOME, good, messages.WELCOME, key=bytes(32))
    report = terminal.until(lambda r: len(r["counts"]) == 4)
    assert report["state"] == "greeting"
    sealed = envelope.seal(KEY, topics.WELCOME, DEVICE, messages.pack(messages.WELCOME, good))
    station.raw(topics.WELCOME, sealed)
    up(terminal)
    station.raw(topics.WELCOME, sealed)
    report = terminal.until(lambda r: r["counts"].get("hi: stale nonce") == 2)
    assert report["state"] == "up"


def test_the_clock_is_set_by_the_welcome_and_only_when_it_is_off(make_terminal, station, broker):
    terminal = make_terminal(broker.port, step_ms=-3_600_000)
    assert abs(terminal.hear("step_ms") - 3_600_000) < 1000
    terminal.kill()
    terminal = make_terminal(broker.port, clock_ok=True, step_ms=1500)
    terminal.add("ev", 1)
    terminal.until(lambda r: r["held"]["ev"] == 0)
    assert "step_ms" not in [key for line in list(terminal.told.queue) for key in line]
    record = station.records["ev", 1]
    assert record[2] == 1


def test_a_command_before_the_clock_is_set_waits_for_it(make_terminal, station, broker):
    terminal = make_terminal(broker.port)
    up(terminal)
    assert broker.connected(DEVICE)
    terminal.kill()
    wait_for(lambda: not broker.connected(DEVICE))  # what goes to a dead link comes again only after 30 s
    station.command(1)  # the broker keeps them for the session
    station.command(2)
    terminal = make_terminal(broker.port)
    wait_for(lambda: station.results(2))
    assert station.results(1) == station.results(2) == [(EXECUTED, 0)]
    assert terminal.report()["applied"] == 2
