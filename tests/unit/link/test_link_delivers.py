"""On the real interpreter, through a real broker: records arrive, each once after dedupe."""

import time

import pytest

from firmware.link.session import NEWEST, NOW_MS
from protocols.uplink import messages, topics
from tests.unit.link.doubles import wait_for

EMPTY = {"ev": 0, "da": 0, "lg": 0, "cv": 0}


def all_held(report):
    return report["held"] == EMPTY


def test_records_arrive_in_order_and_are_forgotten_when_stored(terminal, station):
    terminal.add("ev", 60)
    terminal.add("lg", 5)
    report = terminal.until(all_held)
    assert station.events() == list(range(1, 61))
    assert len(station.order) == len(set(station.order)) == 65
    assert report["counts"] == {}
    hello = messages.unpack(messages.HELLO, station.hellos[0])
    assert (hello["device"], hello["boot"], hello["t_ok"]) == ("T0000001", 1, 0)


def test_a_killed_broker_loses_and_doubles_nothing(terminal, station, broker):
    total = 0
    for _ in range(2):
        terminal.add("ev", 100)
        wait_for(lambda least=total + 30: len(station.order) > least)
        broker.kill()
        terminal.add("ev", 50)
        total += 150
        broker.start()
        terminal.until(all_held)
    assert station.events() == list(range(1, total + 1))


def test_a_killed_terminal_loses_and_doubles_nothing(make_terminal, station, broker):
    terminal = make_terminal(broker.port)
    station.marking = False
    terminal.add("ev", 80)
    wait_for(lambda: len(station.records) > 20)
    terminal.kill()
    station.marking = True
    terminal = make_terminal(broker.port)
    assert terminal.hear("boot") == 2
    terminal.add("ev", 20)
    terminal.until(all_held)
    assert station.events() == list(range(1, 101))


@pytest.mark.parametrize("stream", ["da", "cv"])
def test_newest_data_first_and_live_state_beside_a_backlog(terminal, station, stream):
    station.welcoming = False
    wait_for(lambda: station.hellos)
    terminal.add(stream, 300)
    terminal.report()
    station.welcome()
    wait_for(lambda: (stream, 300) in station.records)
    newest = NEWEST[stream]
    first = [seq for each, seq in station.order if each == stream][:newest]
    assert first == list(range(301 - newest, 301))
    terminal.add("ev", 1)
    wait_for(lambda: ("ev", 1) in station.records)
    assert (stream, 250) not in station.records  # the event did not wait for the backlog
    wait_for(lambda: len(station.nows) >= 2, NOW_MS / 1000 + 10)
    assert (stream, 250) not in station.records  # nor did the live state
    times = [t for t, each, body in station.batches if each == stream][1:]
    assert (times[-1] - times[0]) / (len(times) - 1) > 0.2  # the backlog is paced


def test_after_an_outage_events_come_first_and_no_backlog_waits_for_another(terminal, station):
    station.welcoming = False
    wait_for(lambda: station.hellos)
    for stream in ("cv", "da"):
        terminal.add(stream, 200)
    terminal.add("lg", 60)
    terminal.add("ev", 40)
    terminal.report()
    station.welcome()
    terminal.until(all_held)
    streams = [stream for _t, stream, _body in station.batches]
    assert streams[0] == "ev"
    old = [stream for stream in streams if stream in ("da", "cv")][2:]  # without the newest of each
    assert {"da", "cv"} == set(old[:4]), old  # side by side, not one after the other
    assert streams.index("lg") < len(streams) - 4  # nor do general events wait for their end


def test_a_station_that_stores_nothing_is_not_flooded(terminal, station):
    station.marking = False
    terminal.add("ev", 1100)
    wait_for(lambda: len(station.records) >= 1024)
    time.sleep(0.5)
    assert len(station.order) < 1024 + 50
    assert terminal.report()["held"]["ev"] == 1100
    station.marking = True
    station.down(topics.MARK, {"epoch": station.hellos[0][2], "marks": {1: 1024}}, messages.MARK)
    terminal.until(all_held)
    assert station.events() == list(range(1, 1101))


def test_overflow_while_the_broker_is_away_is_a_named_gap(make_terminal, broker, station):
    broker.kill()
    terminal = make_terminal(broker.port, ring=8192)
    terminal.add("ev", 500)
    first = terminal.report()["heap"]
    terminal.add("ev", 500)
    terminal.until(lambda r: r["heap"] < first + 2000)  # between two tries; in one it holds buffers
    broker.start()
    terminal.until(all_held)
    seqs = {seq for stream, seq in station.records if stream == "ev"}
    lost = set(range(1, max(seqs) + 1)) - seqs
    assert lost
    assert lost <= station._gaps["ev"]


def test_the_link_needs_little_heap(terminal, station):
    terminal.add("ev", 200)
    report = terminal.until(all_held)
    print("heap in use", report["heap"], "of it code of the link and what it imports", report["code"])
    terminal.add("ev", 200)
    terminal.until(all_held)
    after = terminal.report()["heap"]
    assert after < report["heap"] + 1500
    assert after < 150_000
