"""The TCP fault proxy: passes by default, each verb breaks the link in its own way, restore mends it."""

import contextlib
import socket
import threading
import time

import pytest

from hil.faults.net import NetProxy


@pytest.fixture
def echo():
    """Port of a server that sends everything back."""
    server = socket.create_server(("127.0.0.1", 0))
    threads = []

    def serve(connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(4096):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(connection,), daemon=True))
            threads[-1].start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1]
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()
    for worker in threads:
        worker.join(5)


@pytest.fixture
def net(echo):
    proxy = NetProxy("127.0.0.1", echo)
    yield proxy
    proxy.close()


@pytest.fixture
def connect(net):
    with contextlib.ExitStack() as stack:
        yield lambda: stack.enter_context(socket.create_connection(("127.0.0.1", net.port), timeout=5))


def said(sock, data=b"hello"):
    sock.sendall(data)
    got = b""
    while len(got) < len(data):
        got += sock.recv(4096)
    return got


def drain_to_reset(sock):
    got = b""
    try:
        while data := sock.recv(4096):
            got += data
    except ConnectionResetError:
        return got
    raise AssertionError("closed without a reset")


def silent(sock):
    sock.settimeout(0.2)
    try:
        with pytest.raises(TimeoutError):
            sock.recv(1)
    finally:
        sock.settimeout(5)


def test_it_passes_both_ways(net, connect):
    assert said(connect()) == b"hello"
    assert (net.accepted, net.passed) == (1, 10)


def test_delay_holds_each_way(net, connect):
    sock = connect()
    net.delay(0.15)
    start = time.monotonic()
    assert said(sock) == b"hello"
    assert time.monotonic() - start >= 0.3
    net.restore()


def test_a_black_hole_swallows_and_never_mends_the_same_connection(net, connect):
    sock = connect()
    said(sock)
    net.black_hole()
    sock.sendall(b"lost")
    silent(sock)
    net.restore()
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    assert said(connect()) == b"hello"


def test_half_open_accepts_and_never_answers(net, connect):
    old = connect()
    said(old)
    net.half_open()
    with pytest.raises(ConnectionResetError):
        old.recv(1)
    new = connect()
    new.sendall(b"anybody?")
    silent(new)
    net.restore()
    assert said(connect()) == b"hello"


def test_refuse_closes_the_door_and_restore_opens_the_same_one(net, connect):
    port = net.port
    net.refuse()
    with pytest.raises(ConnectionRefusedError):
        connect()
    net.restore()
    assert net.port == port
    assert said(connect()) == b"hello"


def test_reset_is_a_reset_and_later_connections_pass(net, connect):
    sock = connect()
    said(sock)
    net.reset()
    with pytest.raises(ConnectionResetError):
        sock.recv(1)
    assert said(connect()) == b"hello"


def test_the_cut_falls_after_the_given_byte(net, connect):
    sock = connect()
    said(sock)
    net.cut_after(8)  # five there, three of five back
    sock.sendall(b"hello")
    assert len(drain_to_reset(sock)) <= 3  # a reset may overtake what was sent before it
    assert said(connect()) == b"hello"


def test_a_target_that_is_gone_is_a_closed_connection():
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    proxy = NetProxy("127.0.0.1", port)
    try:
        with (
            contextlib.suppress(ConnectionError),  # already while it connects, on a quick machine
            socket.create_connection(("127.0.0.1", proxy.port), timeout=5) as sock,
        ):
            assert sock.recv(1) == b""
    finally:
        proxy.close()
