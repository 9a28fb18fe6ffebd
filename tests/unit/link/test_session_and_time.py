"""The session by its clock: a welcome kept back, a pace after days, a turn for the others after a batch."""

import asyncio

import pytest

from firmware.hal.fake import Board
from firmware.link.mqtt import LinkError
from firmware.link.packets import Packet
from firmware.link.session import GREET_MS, ORDER, WELCOME_MAX_MS, Session
from protocols.uplink import envelope, messages, topics

DEVICE, SHARD = "T0000001", "00"
EPOCH, NONCE = b"epoch678", b"nonce678"
BATCHES = 8
HELLO = {"device": DEVICE, "epoch": EPOCH, "boot": 1, "firmware": "1", "product": "terminal", "board": "fake"}
HELLO |= {"last_command": 0, "multiplier": 1}


class Outbox:
    """Has BATCHES of one event each to give."""

    epoch = EPOCH
    on_add = None

    def next_seq(self, stream):
        return BATCHES + 1 if stream == topics.EV else 1

    def held_from(self, _stream):
        return 1

    def batch(self, _stream, after):
        return b"batch", after + 1


class Client:
    """Takes all at once, as long as the window has room; the link ends after the last batch."""

    on_message = on_down = None

    def __init__(self):
        self.tx = memoryview(bytearray(2048))
        self.sent = 0

    def check(self):
        if self.sent == BATCHES:
            raise LinkError("over")

    async def publish(self, _topic, _payload, qos=0):
        self.sent += qos


@pytest.fixture
def session(tmp_path):
    board = Board(str(tmp_path))
    return Session(board, Client(), Outbox(), None, dict, dict, lambda step_ms: None, list)


def greet(session, late_ms):
    """The welcome to the last hello comes after `late_ms`."""
    session._nonce, session._hello_ticks = NONCE, session._clock.ticks_ms()
    t_ms = session._clock.now_ms()
    session._deferred = []
    session._clock.advance(late_ms)
    fields = {"nonce": NONCE, "t_ms": t_ms, "epoch": EPOCH, "marks": {}}
    key = session._key
    sealed = envelope.seal(key, topics.WELCOME, DEVICE, messages.pack(messages.WELCOME, fields))
    session._message(Packet(3, 0x32, 7, topics.down(SHARD, DEVICE, topics.WELCOME), sealed))


@pytest.mark.parametrize("late_ms", [WELCOME_MAX_MS + 1, 7_200_000, 8 * 86_400_000])
def test_a_welcome_kept_back_sets_no_clock(session, late_ms):
    greet(session, late_ms)
    assert (session._clock.ok, session.state) == (False, "down")
    assert session.counts == {"hi: late": 1}


def test_a_slow_welcome_is_welcome(session):
    greet(session, WELCOME_MAX_MS)
    assert (session._clock.ok, session.state) == (True, "up")
    assert session.counts == {}


@pytest.mark.parametrize("way_ms", [0, 3000, 20_000])
def test_half_of_the_way_there_and_back_is_put_on_the_clock(session, way_ms):
    board_ms = session._clock.now_ms()
    session._clock.set_ms(board_ms + 3_600_000)  # an hour fast
    session._nonce, session._hello_ticks = NONCE, session._clock.ticks_ms()
    session._deferred = []
    session._clock.advance(way_ms)
    session._welcome({"nonce": NONCE, "t_ms": board_ms, "epoch": EPOCH, "marks": {}})
    assert session._clock.now_ms() == board_ms + way_ms // 2


def test_a_link_that_lasts_greets_again_and_sets_the_clock(session, monkeypatch):
    greet(session, 0)
    session._owed, session._left = [], False
    session._clock.advance(GREET_MS)
    right_ms = session._clock.now_ms()
    session._clock.set_ms(right_ms - 5000)
    told = []

    async def publish(topic, _payload):
        told.append(topic.decode().split("/")[-1])
        session._welcome({"nonce": session._nonce, "t_ms": right_ms, "epoch": EPOCH, "marks": {}})

    async def over():
        raise LinkError("over")

    monkeypatch.setattr(session._outbox, "held_from", session._outbox.next_seq)  # nothing to send
    monkeypatch.setattr(session._client, "publish", publish)
    monkeypatch.setattr(session, "_hello", lambda: HELLO)
    monkeypatch.setattr(session, "_send_now", over)
    with pytest.raises(LinkError):
        asyncio.run(session._serve())
    assert told == [topics.HELLO]
    assert (session._clock.now_ms(), session.state) == (right_ms, "up")


def test_a_row_is_not_paced_by_what_was_sent_days_ago(session):
    row = next(n for n, (_stream, _part, pace_ms) in enumerate(ORDER) if pace_ms)
    session._next_ticks[row] = session._clock.ticks_ms()
    pace_ms = ORDER[row][2]
    assert session._paced(row, pace_ms)
    session._clock.advance(7 * 86_400_000)  # the difference of ticks is negative by now
    assert not session._paced(row, pace_ms)


def test_the_others_get_a_turn_after_each_batch(session, monkeypatch):
    monkeypatch.setattr(asyncio, "sleep_ms", lambda ms: asyncio.sleep(ms / 1000), raising=False)
    session._owed, session._left = [], False
    session._now_ticks = session._hello_ticks = session._clock.ticks_ms()
    session._flows[topics.EV].start(0, BATCHES + 1)
    seen = set()

    async def other():
        while True:
            seen.add(session._client.sent)
            await asyncio.sleep(0)

    async def serve():
        task = asyncio.create_task(other())
        with pytest.raises(LinkError):
            await session._serve()
        task.cancel()

    asyncio.run(serve())
    assert seen >= set(range(1, BATCHES))
