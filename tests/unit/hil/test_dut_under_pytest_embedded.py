"""The unix terminal as a DUT of pytest-embedded: console on a port, power after its open, power cycles."""

import time

import pytest

pytestmark = pytest.mark.needs("power")


def test_the_boot_line_is_seen_and_a_power_cycle_boots_again_on_the_same_flash(dut, terminal, wire):
    dut.expect(r"boot version=\S+ device=T0000001 product=terminal boot=1\b", timeout=20)
    terminal.kill()
    assert not terminal.alive
    terminal.start()
    dut.expect(r"boot version=\S+ device=T0000001 product=terminal boot=2\b", timeout=20)
    assert b"boot=2" in wire.log


@pytest.mark.parametrize("meter_kind", ["ours", "dlt645"])
def test_the_terminal_drives_the_panel_and_polls_the_meter(terminal, world, meter_kind):
    terminal.start()
    end = time.monotonic() + 20
    while {port for _t_ms, port, _data in world.frames()} != {"terminal", "meter"}:
        assert terminal.alive, terminal.log()
        assert time.monotonic() < end, world.frames()
        time.sleep(0.1)
    assert world.truth()["panel_bad"] == 0


@pytest.mark.needs("parity")
def test_what_the_rig_cannot_do_is_skipped_by_name():
    pytest.fail("a PTY has no parity")
