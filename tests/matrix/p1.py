"""What proves which function of DSMR P1."""

PROTOCOL = "DSMR P1"

_V = "tests/vectors/lines/iec62056_21.json#"
_READER = "tests/unit/protocols/p1/test_reader.py::"
_ROUND = _READER + "test_one_telegram_serves_a_round"

# function, vector, peer, simulator
ROWS = (
    (
        "telegram of DSMR 2.2, no CRC",
        _V + "telegram DSMR 2.2",
        "",
        _READER + "test_telegrams_of_version_2_2_come_without_crc",
    ),
    ("telegram of DSMR 4, CRC", _V + "telegram DSMR 4.2", "", _ROUND),
    ("telegram of DSMR 5, CRC", _V + "telegram of the P1 companion standard 5.0.2", "", _ROUND),
    ("a wrong CRC is refused", _V + "a telegram with a changed digit", "", ""),
    ("M-Bus channels", _V + "telegram DSMR 5", "", _ROUND),
    ("hexadecimal texts", _V + "telegram of the P1 companion standard 5.0.2", "", _ROUND),
    ("IEC 62056-21 mode D", _V + "telegram of an EasyMeter Q3D, mode D", "", ""),
    (
        "listening from the middle of a telegram",
        _V + "a telegram cut off before the next",
        "",
        _READER + "test_a_telegram_that_began_before_us_is_let_go_by",
    ),
)
