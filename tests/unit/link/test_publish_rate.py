"""What a QoS 1 message costs on loopback: one write a packet and a window, no stall of Nagle's."""

import pytest

N, SIZE = 3000, 64


@pytest.mark.parametrize("window", [1, 8])
def test_messages_per_second(make_terminal, broker, window, capsys):
    terminal = make_terminal(broker.port, rate_only=True, mqtt={"window": window})
    terminal.say(do="rate", n=N, size=SIZE)
    us = terminal.hear("us", 20)
    with capsys.disabled():
        print(f"\nwindow {window}: {N * 1_000_000 // us} messages/s, {us / N / 1000:.3f} ms each")
    assert us / N < 5000  # a stall of 40 ms in each window would be 5 ms a message
