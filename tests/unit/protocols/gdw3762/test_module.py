"""The simulated module itself: its list of nodes, queries and settings, and what it starts."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.lines import dlt645
from protocols.lines.gdw3762 import frame, items
from protocols.lines.gdw3762.module import Server
from protocols.meters.readers.gdw3762 import Line, Module, Reader
from tests.unit.protocols.drive import drive
from tests.unit.protocols.gdw3762.support import ENERGY, NODE, OWN, SECOND, a_module, why

bounded = settings(max_examples=100, deadline=None)


# ---- the module itself ---------------------------------------------------------------------------


def asked(server, name, values=None):
    module = Module(Line(OWN))
    return drive(module.ask(name, values), module, server)


def denied(server, name, values):
    module = Module(Line(OWN))
    return why(module.ask(name, values), module, server)


def rows(*numbers, protocol=2):
    return {"nodes": [{"address": f"{number:012d}", "protocol": protocol} for number in numbers]}


DONE = {"state": items.DONE, "wait_s": 0}


def test_nodes_are_added_listed_and_deleted():
    server = Server(OWN, {}, limit=40)
    assert asked(server, "node_count") == {"count": 0, "limit": 40}
    assert asked(server, "add_nodes", rows(*range(1, 21))) == DONE
    assert asked(server, "add_nodes", rows(*range(21, 41), protocol=3)) == DONE
    assert denied(server, "add_nodes", rows(41)) == ("refused", "invalid_data")
    assert denied(server, "add_nodes", rows(40, 41)) == ("refused", "node_exists")
    first = asked(server, "nodes", {"start": 1, "count": 255})
    assert (first["total"], len(first["nodes"])) == (40, 32)
    rest = asked(server, "nodes", {"start": 33, "count": 255})
    assert [node["address"] for node in rest["nodes"]] == [f"{number:012d}" for number in range(33, 41)]
    assert {node["protocol"] for node in rest["nodes"]} == {3}
    gone = {"nodes": [{"address": f"{number:012d}"} for number in (1, 2)]}
    assert asked(server, "delete_nodes", gone) == DONE
    assert denied(server, "delete_nodes", gone) == ("refused", "unknown_node")
    assert asked(server, "node_count")["count"] == 38
    assert asked(server, "init_parameters") == DONE
    assert asked(server, "node_count")["count"] == 0


def test_a_node_twice_in_one_request_adds_nothing():
    server = Server(OWN, {})
    assert denied(server, "add_nodes", rows(1, 1)) == ("refused", "node_exists")
    assert denied(server, "add_nodes", rows(1, protocol=4)) == ("refused", "invalid_data")
    assert asked(server, "node_count")["count"] == 0


def test_the_list_tells_level_phase_signal_and_who_was_not_read():
    server = a_module()
    node = server.world[NODE]
    node.level, node.phases, node.signal = 2, 4, 11
    server.world[SECOND].online = False
    listed = asked(server, "nodes", {"start": 1, "count": 2})["nodes"]
    assert listed == [
        {"address": NODE, "level": 2, "phases": 4, "signal": 11, "protocol": 2},
        {"address": SECOND, "level": 0, "phases": 0, "signal": 0, "protocol": 2},
    ]
    reader = Reader(NODE, {"line": Line(OWN)})
    drive(reader.read("00010000"), reader, server)
    left = asked(server, "nodes_not_read", {"start": 1, "count": 9})
    assert [row["address"] for row in left["nodes"]] == [SECOND]
    state = asked(server, "route_state")
    assert (state["total"], state["read"], state["relayed"], state["working"]) == (2, 1, 1, 1)
    assert asked(server, "init_data") == DONE
    assert asked(server, "nodes_not_read", {"start": 1, "count": 9})["total"] == 2


def test_queries_and_settings():
    server = a_module()
    assert asked(server, "vendor") == {"vendor": "LK", "chip": "SM", "date": "261122", "version": "0100"}
    assert asked(server, "set_own_address", {"address": SECOND}) == DONE
    assert asked(server, "own_address") == {"address": SECOND}
    assert asked(server, "set_node_timeout", {"timeout_s": 20}) == DONE
    assert asked(server, "node_timeout") == {"timeout_s": 20}
    assert asked(server, "allow_events", {"allowed": 1}) == DONE
    for name, working in (("pause", 0), ("resume", 1), ("pause", 0), ("restart", 1)):
        assert asked(server, name) == DONE
        assert asked(server, "route_state")["working"] == working
    assert asked(server, "supported", {"afn": 0x11})["supported"] == b"\3" + bytes(31)
    assert denied(server, "radio", {}) == ("refused", "unsupported")


def test_a_restart_loses_what_is_under_way():
    reader, server = Reader(NODE, {"line": Line(OWN)}), a_module()
    server.world[NODE].delay_ms = 1000
    assert why(reader.read("00010000"), reader, server) == ("mute", "")
    assert asked(server, "init_hardware") == DONE
    assert server.run(60_000) == b""


def test_a_broadcast_reaches_every_meter():
    server = a_module()
    wire = dlt645.broadcast_time(2026, 11, 22, 10, 33, 0)
    assert asked(server, "broadcast", {"protocol": 2, "data": wire}) == DONE
    assert {node.meter.now for node in server.world.values()} == {(2026, 11, 22, 10, 33, 0)}


@pytest.mark.parametrize(
    ("wire", "error"),
    [
        (frame.request(0x10, 1, b"\0", 1), "bad_length"),
        (frame.request(0x10, 2, b"\0", 1), "bad_length"),
        (frame.request(0x10, 77, b"", 1), "unsupported"),
        (frame.encode(0x43, bytes(6), (), 0x10, 3), "unknown_item"),
        (frame.request(0x13, 1, bytes(4), 1), "bad_format"),
        (frame.request(0, 1, bytes(6), 1), "unsupported"),
    ],
)
def test_what_it_cannot_take_is_denied_by_name(wire, error):
    (got,) = frame.Framer().feed(a_module().feed(wire))
    assert (got.afn, items.ERRORS[items.decode(got)["error"]]) == (0, error)


# ---- what the module starts ----------------------------------------------------------------------


def test_reports_are_told_from_answers_and_confirmed():
    line, server = Line(OWN), a_module()
    event = server.start("report_event", {"device": 1, "protocol": 2, "data": b"\1"}, NODE)
    reader = Reader(NODE, {"line": line})
    got = drive(reader.read("00010000"), reader, server, lambda _n, _r, reply: event + reply)
    assert got == ENERGY
    (report,) = frame.Framer().feed(event)
    assert server.unconfirmed == {frame.number(report)}
    assert server.feed(line.confirm(report)) == b""
    assert server.unconfirmed == set()


@pytest.mark.parametrize(
    ("flag", "reports"), [(items.READ_THIS, 1), (items.READ_DONE, 0), (items.READ_FAILED, 0)]
)
def test_the_module_asks_what_to_read_and_reports_it(flag, reports):
    line, server = Line(OWN), a_module(SECOND, NODE)
    (question,) = frame.Framer().feed(server.ask_data(NODE))
    assert items.decode(question) == {"phase": 1, "address": NODE, "number": 2}
    told = {"flag": flag, "delay_related": 0, "attached": [], "data": dlt645.read(NODE, 0x00010000)}
    found = frame.Framer().feed(server.feed(line.reply(question, "ask_data", told)))
    assert len(found) == reports
    for report in found:
        values = items.decode(report)
        assert (values["number"], values["protocol"]) == (2, 2)
        assert dlt645.Framer().feed(values["data"])[0].data == bytes.fromhex("00000100") + ENERGY
        server.feed(line.confirm(report))
    assert server.unconfirmed == set()


# ---- whatever comes ------------------------------------------------------------------------------


@bounded
@given(
    st.binary(max_size=60), st.integers(0, 255), st.integers(0, 0xFFFF), st.binary(max_size=60), st.booleans()
)
def test_the_module_takes_any_bytes(noise, afn, dt, data, started):
    server = a_module()
    server.ask_data(NODE)
    server.feed(noise)
    control = frame.BROADBAND | (frame.STARTED if started else 0)
    for ends in ((), (OWN, NODE)):
        info = bytes([4 if ends else 0, 0, 0, 0, 0, 1])
        server.feed(frame.encode(control, info, ends, afn, dt, data))
    for got in frame.Framer().feed(server.run(100_000)):
        items.decode(got)
