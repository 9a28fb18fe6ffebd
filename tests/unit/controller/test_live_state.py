"""What the terminal says of itself fits the link, however much there is to say, and at any time."""

import pytest

from firmware.control import core
from firmware.front.view import view
from firmware.link import packets
from firmware.link.mqtt import defaults
from firmware.metering.bus import HEARD_MAX, TRACE_FRAMES
from protocols import cbor
from protocols.uplink import codes, messages, parameters, topics
from station.ingest.wire import MAX_PAYLOAD
from tests.unit.controller.whole import Whole

WATT, WH = 1_000_000_000, 10**12  # the most the core believes
GROUPS, POINT_COUNT = 8, 8


@pytest.fixture
def whole(tmp_path):
    made = Whole(tmp_path)
    yield made
    made.close()


def live(whole):
    fields = dict(whole.terminal.reports.now(), version=1, t_s=whole.clock.now_s(), t_ok=1)
    return cbor.encode(messages.pack(messages.NOW, fields))


def crowd(whole):
    """Eight meters, eight groups, every control of two groups and one of each other, long frames."""
    terminal = whole.terminal
    rows = [
        [no, 1, 1, f"{no:012}", 9600, 0, 1_000_000, 2200, 5000, 4, 0, 0] for no in range(1, POINT_COUNT + 1)
    ]
    section = {"section": parameters.POINTS, "version": 1 << 47, "values": {1: rows}}
    reason, entries, commit = terminal.settings.apply(section)
    assert not reason, terminal.settings.error
    terminal.kv.put(entries)
    commit()
    numbers = {no for _di, rows in terminal.points.main.profile._reads() for no in _numbers(rows)}
    assert len(numbers) > 30
    for point in terminal.points.points:
        point.latest.put({no: 999_999_999 for no in numbers} if point.no == 1 else {})
        point.latest.put({8: 999_999, 320: 999_999_990})
    groups = tuple(
        core.GroupOut(no, -WATT, WATT, 6, -WH, -WH, WH, 1 << 40, 1 << 32) for no in range(1, GROUPS + 1)
    )
    kinds = [no for no in codes.CONTROLS if no != codes.REMOTE]
    controls = [(codes.REMOTE, 4, 0, 0)] + [(no, 4, 47, group) for group in (1, 2) for no in kinds]
    terminal.controller.outputs = core.Outputs(
        0xFF, 0xFF, 0xFF, 0, tuple(controls), 1, whole.clock.now_s(), 1, groups
    )
    trace = terminal.points.lines[0][0].trace
    trace += [(whole.clock.now_s(), n & 1, bytes([0xFE]) * HEARD_MAX) for n in range(TRACE_FRAMES)]
    assert len(controls) == 13


def _numbers(rows):
    return [rows[at] | rows[at + 1] << 8 for at in range(0, len(rows), 5)]


def test_the_largest_live_state_fits_the_buffer_that_stands(whole):
    """A larger one is a block of the heap made anew every three seconds."""
    crowd(whole)
    payload = live(whole)
    topic = topics.up("ff", "T" * topics.MAX_ID, topics.NOW).encode()
    assert packets.publish_size(topic, payload, 0) <= defaults()["send_bytes"]
    assert len(payload) <= min(MAX_PAYLOAD, cbor.MAX_BYTES)
    fields = messages.unpack(messages.NOW, cbor.decode(payload))
    assert (len(fields["groups"]), len(fields["metering"]), len(fields["controls"])) == (8, 8, 13)
    assert fields["frames"], "the newest frames are among it"


def test_before_the_first_decision_it_says_that_nothing_is_known(whole):
    fields = messages.unpack(messages.NOW, cbor.decode(live(whole)))
    assert (fields["power_w"], fields["controls"], fields["meter_ok"]) == (None, [], 0)
    assert fields["guarantee"] == codes.GUARANTEE_UNREADABLE
    assert whole.terminal.reports.measured() == (0, None, None)
    assert view(whole.terminal)["outputs"].tripped == 0
