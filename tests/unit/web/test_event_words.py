"""What an event says of its kind, in both languages; words of rules come from their own table."""

import time

import pytest

from protocols.uplink import codes
from tests.browser.seed import put_event

DEVICE = "DF-FOUNDRY-01"
TOLD = (  # event, its data, what Chinese and English pages show
    (
        "voltage_loop_abnormal",
        {"kind": 1, "phase": 2, "value": 655, "limit": 780},
        ("失压", "655 ‰ Un", "780 ‰ Un"),
        ("Voltage loss", "655 ‰ Un", "780 ‰ Un"),
    ),
    ("meter_read_failed", {"kind": 43, "value": 61}, ("抄表失败", "61 s"), ("Meter read failure", "61 s")),
    ("guarantee_on", {"kind": codes.GUARANTEE_LOST_LINK}, ("通信中断",), ("Lost link",)),
    ("guarantee_off", {"kind": codes.GUARANTEE_HOURS}, ("每日时段",), ("Hours of the day",)),
    ("meter_fault", {"kind": 101}, ("两块电能表地址相同",), ("Two meters with one address",)),
    ("parameters_changed", {"section": 9, "version": 3}, ("费率",), ("Tariff",)),
    (
        "input_changed",
        {"kind": 42, "inputs": 5, "changed": 4},
        ("状态量变位", "1, 3"),
        ("Status input changed",),
    ),
)


@pytest.fixture
def told(station):
    with station.writing() as c:
        for seq, (name, data, *_words) in enumerate(TOLD, 500):
            put_event(c, DEVICE, int(time.time()), name, data, seq)
    return station


@pytest.mark.parametrize(("language", "column"), [("zh_CN", 2), ("en", 3)])
def test_events_are_told_in_words(told, language, column):
    page = told.desk(language).get(f"/terminals/{DEVICE}/events").text
    for row in TOLD:
        for words in row[column]:
            assert words in page, (row[0], words)


def test_a_kind_nobody_knows_is_shown_as_its_number(station):
    with station.writing() as c:
        put_event(c, DEVICE, int(time.time()), "guarantee_on", {"kind": 77}, 600)
        put_event(c, DEVICE, int(time.time()), "overload", {"kind": "?"}, 601)
    assert ">77<" in station.desk("en").get(f"/terminals/{DEVICE}/events").text.replace("\n", "")
