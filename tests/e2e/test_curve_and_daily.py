"""Curve points and daily freezes, from the meter to the reading store; what is missing stays missing."""

import time

import pytest

from hil.plugin import MULTIPLIER
from protocols import cbor
from protocols.lines import dlt645
from protocols.meters.points import BY_ALIAS
from protocols.uplink import messages, parameters
from protocols.uplink.messages import CURVE, DAILY
from station.store import schema
from station.store.readings import unpacked

POWER, ENERGY = BY_ALIAS["power_dw"][0], BY_ALIAS["energy_import_wh"][0]
TARIFFS = [BY_ALIAS[f"energy_import_t{tariff}_wh"][0] for tariff in range(1, 5)]
MEASURED, BACKFILLED, SUSPECT = 0, 1, 4
FREEZE_ENERGY_DI = 0x05060101
INTERVAL_S = 60  # the shortest there is
LOAD_W = 2_000_000
COUNT_WH = 10
OFFSET_S = 28800
DAY_S = 86400


def _readings(rig, kind):
    """{slot: row} of the main meter with the points as a dict."""
    (main,) = [row["id"] for row in rig.rows(schema.meters) if row["metering_point"] == 1] or [None]
    found = [row for row in rig.rows(schema.readings) if row["kind"] == kind and row["meter_id"] == main]
    return {row["slot_s"]: {**row, "points": unpacked(row["points"])} for row in found}


def _slots(rig):
    return sorted(slot for slot, row in _readings(rig, CURVE).items() if row["interval_s"] == INTERVAL_S)


def _restart(rig, dut, boot, **changes):
    rig.terminal.kill()
    rig.terminal.start(**changes)
    dut.expect(rf"boot={boot}\b", timeout=30)


@pytest.mark.timeout(420)
def test_curve_points_have_their_slots_and_the_truth_and_a_mute_slot_stays_missing(rig):
    rig.load(LOAD_W)
    params = {"section": parameters.METERING, "version": 1, "values": {1: INTERVAL_S}}
    rig.done(rig.send(messages.PARAMETERS, params))
    rig.wait(lambda: _slots(rig), "the first slot", 90)
    muted_s = _slots(rig)[-1] + INTERVAL_S
    rig.world.ask(mute=True)
    time.sleep(max(0, muted_s + INTERVAL_S - 40 - time.time()))
    rig.world.ask(mute=False)
    before = rig.world.truth()["meter"]["energy_wh"][0]
    rig.wait(lambda: _slots(rig)[-1] >= muted_s + 2 * INTERVAL_S, "two slots after the mute", 180)
    after = rig.world.truth()["meter"]["energy_wh"][0]
    slots, rows = _slots(rig), _readings(rig, CURVE)
    assert [slot - muted_s for slot in slots] == [-INTERVAL_S, INTERVAL_S, 2 * INTERVAL_S]
    for slot in slots[1:]:
        row = rows[slot]
        assert (row["quality"], row["t_ok"]) == (MEASURED, 1)
        assert abs(row["points"][POWER] - LOAD_W * 10 // MULTIPLIER) <= 1
        assert before <= row["points"][ENERGY] <= after
    used = LOAD_W * INTERVAL_S // 3600 // MULTIPLIER
    # Each is read at most 12 s (a fifth of the interval) after its slot began.
    late_wh = used // 5 + COUNT_WH
    assert abs(rows[slots[2]]["points"][ENERGY] - rows[slots[1]]["points"][ENERGY] - used) <= late_wh
    rig.event("parameters_changed", section=parameters.METERING, version=1)
    assert rig.now()["parameters"] == {parameters.METERING: 1}
    rig.assert_whole()


def _next_midnight_s(now_s):
    """UTC second of the next local 00:00."""
    return now_s - (now_s + OFFSET_S) % DAY_S + DAY_S


def _as_sent(record):
    return messages.unpack(messages.DAILY_BODY, cbor.decode(record["body"]))


def _daily_records(rig):
    return [row for row in rig.rows(schema.records) if row["kind"] == DAILY]


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("trusted", "quality"), [(True, MEASURED), (False, SUSPECT)])
def test_midnight_passes_without_a_station(rig, dut, trusted, quality):
    """The station comes back to a clock that is hours ahead: it shows by how much and sets it right."""
    rig.load(LOAD_W)
    rig.net.refuse()
    now_s = int(time.time())
    midnight_s = _next_midnight_s(now_s)
    ahead_s = midnight_s - now_s - 20
    before = rig.world.truth()["meter"]["energy_wh"]
    _restart(rig, dut, 2, clock_trusted=trusted, clock_step_s=ahead_s)
    time.sleep(max(0, now_s + 26 - time.time()))
    after = rig.world.truth()["meter"]["energy_wh"]
    rig.net.restore()
    rig.wait(lambda: midnight_s in _readings(rig, DAILY), "the freeze stored")

    row = _readings(rig, DAILY)[midnight_s]
    # The label lies in the station's future, so it holds the freeze for suspect whatever the device thought.
    assert (row["quality"], row["t_ok"], row["interval_s"]) == (SUSPECT, int(trusted), 0)
    for number, low, high in zip([ENERGY, *TARIFFS], before, after, strict=True):
        assert low <= row["points"][number] <= high, (number, before, after, row)
    step = rig.event("clock_set")
    assert abs(step["data"]["step_ms"] + ahead_s * 1000) < 5000
    link = rig.rows(schema.links)[0]
    assert abs(link["clock_off_s"] - ahead_s) < 5
    (record,) = _daily_records(rig)
    assert abs(record["t_s"] - midnight_s) <= 31, "the record keeps the time the device had"
    assert record["flaw"] is None
    assert _as_sent(record)["quality"] == quality
    assert record["received_s"] < midnight_s - ahead_s + 90
    rig.assert_whole()


def _asked_for(rig, di):
    wanted = bytes((b + dlt645.OFFSET) & 0xFF for b in dlt645.di_bytes(di))
    return any(talker != "terminal" and wanted in data for _t_ms, talker, data in rig.world.frames(30))


@pytest.mark.timeout(300)
def test_a_midnight_slept_through_is_filled_from_the_meter_s_freeze_once(rig, dut):
    rig.load(LOAD_W)
    rig.net.refuse()
    rig.terminal.kill()
    now_s = int(time.time())
    midnight_s = _next_midnight_s(now_s)
    rig.world.ask(meter_clock_s=midnight_s - now_s - 5)
    before = rig.world.truth()["meter"]["energy_wh"]
    rig.wait(lambda: "T00:00:01" in rig.world.truth()["meter"]["local"], "the meter's midnight")
    after = rig.world.truth()["meter"]["energy_wh"]
    later = {"clock_trusted": True, "clock_step_s": midnight_s - now_s + 120}
    _restart(rig, dut, 2, **later)
    rig.wait(lambda: _asked_for(rig, FREEZE_ENERGY_DI), "the freeze read")
    time.sleep(2)  # made and kept
    _restart(rig, dut, 3, **later)
    time.sleep(8)  # long enough to ask again, if it wanted to
    assert not _asked_for(rig, FREEZE_ENERGY_DI)
    rig.net.restore()
    rig.wait(lambda: midnight_s in _readings(rig, DAILY), "the freeze stored")
    row = _readings(rig, DAILY)[midnight_s]
    for number, low, high in zip([ENERGY, *TARIFFS], before, after, strict=True):
        assert low <= row["points"][number] <= high, (number, before, after, row)
    rig.event("power_up", boot=3)
    (record,) = _daily_records(rig)
    assert (_as_sent(record)["quality"], row["quality"]) == (BACKFILLED, SUSPECT)
