"""A broker that is silent, half dead or mad: every wait ends with a reason, and the link comes back."""

import contextlib
import socket
import threading
import time

import pytest

from firmware.store.kv import Kv
from protocols.uplink import envelope, messages, topics
from tests.unit.link.doubles import DEVICE, KEY, SHARD, wait_for

CONNACK, SUBACK, PONG = b"\x20\x02\x00\x00", b"\x90\x03\x00\x01\x01", b"\xd0\x00"
QUICK = {"reply_ms": 400, "ack_ms": 600, "connect_ms": 500}


class BadPeer:
    """Listens; each connection is handed to `play(sock, n)` in a thread of its own."""

    def __init__(self, play):
        self.met = 0
        self.failed = []
        self._play = play
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self):
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # closed: the test is over
            self.met += 1
            self._threads.append(threading.Thread(target=self._serve, args=(sock, self.met)))
            self._threads[-1].start()

    def _serve(self, sock, n):
        sock.settimeout(5)
        with sock, contextlib.suppress(OSError):
            try:
                self._play(sock, n)
            except AssertionError as error:
                self.failed.append(error)

    def close(self):
        if self._listener.fileno() < 0:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(6)


@pytest.fixture
def peer():
    made = []

    def make(play):
        made.append(BadPeer(play))
        return made[-1]

    yield make
    for one in made:
        one.close()
    assert [one.failed for one in made] == [[]] * len(made)


def linger(sock):
    """Read and say nothing until the other side goes."""
    while sock.recv(4096):
        pass


def heard(sock):
    """What comes next; ConnectionError when a link that was starved of time has given up."""
    told = sock.recv(4096)
    if not told:
        raise ConnectionError
    return told


def greet(sock):
    assert heard(sock)[0] == 0x10
    sock.sendall(CONNACK)
    assert heard(sock)[0] == 0x82
    sock.sendall(SUBACK)


def silent(sock, _n):
    linger(sock)


def silent_after_connack(sock, _n):
    sock.recv(4096)
    sock.sendall(CONNACK)
    linger(sock)


def refuses(sock, _n):
    sock.recv(4096)
    sock.sendall(b"\x20\x02\x00\x05")
    linger(sock)


def refuses_subscription(sock, _n):
    sock.recv(4096)
    sock.sendall(CONNACK)
    sock.recv(4096)
    sock.sendall(b"\x90\x03\x00\x01\x80")
    linger(sock)


def hangs_up(sock, _n):
    sock.recv(4096)


def silent_then_gone(sock, n):
    sock.recv(4096)
    sock.sendall((CONNACK, CONNACK[:3], b"")[n % 3])


def mad(sock, _n):
    sock.recv(4096)
    sock.sendall(b"\xf0\xff\xff\xff\xff\xff")
    linger(sock)


def unasked(sock, _n):
    greet(sock)
    sock.sendall(CONNACK)
    linger(sock)


def never_pongs(sock, _n):
    greet(sock)
    linger(sock)


@pytest.mark.parametrize(
    ("play", "reason"),
    [
        (silent, "no reply"),
        (silent_after_connack, "no reply"),
        (refuses, "broker refused 5"),
        (refuses_subscription, "subscription refused"),
        (hangs_up, "closed by peer"),
        (mad, "packet: unknown packet type or flags"),
        (unasked, "unexpected packet 2"),
        (never_pongs, "no PINGRESP"),
    ],
)
def test_the_failure_is_named_and_the_link_tried_again(make_terminal, peer, play, reason):
    bad = peer(play)
    terminal = make_terminal(bad.port, mqtt=QUICK | {"keepalive_s": 1})
    report = terminal.until(lambda r: r["counts"].get(reason))
    wait_for(lambda: bad.met >= 2)
    assert set(report["counts"]) <= {reason, "closed by peer"}
    terminal.until(lambda r: r["heap"] < report["heap"] + 2000)  # between two links; in one it holds buffers


def test_a_refused_connection_is_named_and_tried_ever_more_slowly(make_terminal, peer):
    bad = peer(silent)
    bad.close()
    terminal = make_terminal(bad.port, mqtt=QUICK)
    start = time.monotonic()
    terminal.until(lambda r: sum(r["counts"].values()) >= 2)
    assert 1.0 <= time.monotonic() - start < 8  # first wait 1 s and up to half of it
    counts = terminal.report()["counts"]
    assert len(counts) == 1
    assert next(iter(counts)).endswith(" 111")


def test_hundreds_of_failed_links_leave_no_trace(make_terminal, peer):
    bad = peer(silent_then_gone)
    terminal = make_terminal(bad.port, mqtt=QUICK, backoff_s=0)

    def lowest(links):
        """Of several reports from `links` failures on: some come within a link and hold its buffers."""
        reports = [terminal.until(lambda r, n=n: sum(r["counts"].values()) > links + n) for n in range(8)]
        assert reports[-1]["state"] != "up"
        return min(report["heap"] for report in reports)

    first = lowest(20)
    terminal.until(lambda r: sum(r["counts"].values()) > 420 and r["heap"] < first + 500)


def welcome(sock, hello, t_ms=None):
    """Answer the hello whose PUBLISH is `hello`; the nonce stands behind its key and head, 04 48."""
    at = hello.index(b"\x04\x48") + 2
    epoch_at = hello.index(b"\x02\x48") + 2
    fields = {"nonce": hello[at : at + 8], "t_ms": t_ms or int(time.time() * 1000), "marks": {}}
    fields["epoch"] = hello[epoch_at : epoch_at + 8]
    publish(sock, topics.WELCOME, messages.pack(messages.WELCOME, fields), 0)


def publish(sock, leaf, body, pid):
    topic = topics.down(SHARD, DEVICE, leaf).encode()
    rest = len(topic).to_bytes(2, "big") + topic + (pid.to_bytes(2, "big") if pid else b"")
    rest += envelope.seal(KEY, leaf, DEVICE, body)
    size = bytes((len(rest) & 127 | 128, len(rest) >> 7))
    sock.sendall(bytes((0x32 if pid else 0x30,)) + size + rest)


def test_no_puback_ends_the_link(make_terminal, peer):
    def play(sock, _n):
        greet(sock)
        welcome(sock, heard(sock))
        linger(sock)

    terminal = make_terminal(peer(play).port, mqtt=QUICK)
    terminal.add("ev", 500)
    report = terminal.until(lambda r: r["counts"].get("no PUBACK"))
    assert report["held"]["ev"] == 500


def test_the_welcome_of_an_earlier_link_sets_no_clock(make_terminal, peer):
    hellos = []

    def play(sock, n):
        if n == 1:
            greet(sock)
            hellos.append(heard(sock))
        elif n == 2:
            sock.recv(4096)
            sock.sendall(CONNACK)
            welcome(sock, hellos[0], int(time.time() * 1000) - 7_200_000)
            sock.recv(4096)
            sock.sendall(SUBACK)
            linger(sock)

    terminal = make_terminal(peer(play).port, mqtt=QUICK)
    terminal.until(lambda r: r["counts"].get("hi: stale nonce"))
    assert "step_ms" not in [key for line in list(terminal.told.queue) for key in line]


def command(sock, number):
    fields = {"device": DEVICE, "command": number, "not_before_s": 0, "deadline_s": 1 << 33}
    fields |= {"kind": messages.AUTO_RELEASE, "params": {}}
    publish(sock, topics.CMD, messages.pack(messages.COMMAND, fields), number)


def test_commands_left_with_the_broker_come_again_in_their_order(make_terminal, peer):
    """It delivers again only to a new link; what it sends meanwhile must not make them stale."""
    acked = []

    def acks(sock, mine):
        data = True
        while data:
            data = sock.recv(4096)
            mine.extend(n for n in range(1, 8) if bytes((0x40, 2, 0, n)) in data)

    def play(sock, _n):
        acked.append([])
        mine = acked[-1]
        greet(sock)
        hello = heard(sock)
        first = 5 if len(acked) > 1 else 1
        for number in range(first, 7):
            command(sock, number)
        welcome(sock, hello)
        command(sock, 7)
        acks(sock, mine)

    terminal = make_terminal(peer(play).port, backoff_s=0)  # not QUICK: nothing else may end the link
    report = terminal.until(lambda r: r["last"] == 7)
    assert report["applied"] == 7
    assert report["counts"]["commands left with the broker"] == 1
    wait_for(lambda: acked == [[1, 2, 3, 4], [5, 6, 7]])


def test_a_command_is_journalled_before_it_is_acknowledged(make_terminal, peer, tmp_path):
    order = []

    def play(sock, n):
        if n > 1:
            return linger(sock)
        greet(sock)
        welcome(sock, heard(sock))
        command(sock, 7)
        sent = time.monotonic()
        data = b""
        while b"\x40\x02\x00\x07" not in data:
            data += sock.recv(4096)
        kv = Kv(str(tmp_path / "flash" / "kv"))
        kv.open()
        order.append((kv.get("gate")[0], kv.get("control"), kv.get("a0")[7][:2], time.monotonic() - sent))
        kv.close()

    make_terminal(peer(play).port, apply_ms=300)
    wait_for(lambda: order)
    last, control, result, took_s = order[0]
    assert (last, control, result) == (7, [1, 0], [7, 2])
    assert took_s >= 0.3
