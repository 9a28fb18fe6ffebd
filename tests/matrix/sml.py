"""What proves which function of SML."""

PROTOCOL = "SML"

_V = "tests/vectors/lines/sml.json#"
_PEER = "tests/unit/protocols/sml/test_against_pysml.py::"
_RECORDED = _PEER + "test_both_read_recorded_files_alike"
_PUSHED = _PEER + "test_it_reads_what_our_meter_pushes"
_READER = "tests/unit/protocols/sml/test_reader.py::"
_ROUND = _READER + "test_one_file_serves_a_round"

# function, vector, peer, simulator
ROWS = (
    ("transport, CRC X-25", _V + "ISKRA MT175", _RECORDED, _ROUND),
    ("transport, CRC KERMIT", "", "", _ROUND),
    ("message, CRC X-25", _V + "a message with CRC X-25", _RECORDED, _ROUND),
    ("message, CRC KERMIT", _V + "a message with CRC KERMIT", "", _ROUND),
    ("escaped escapes", "", _PEER + "test_escapes_in_octets_reach_it_whole", ""),
    ("four fill bytes", _V + "DZG: four fill bytes", "", ""),
    ("list: numbers, octets, scalers, units", _V + "DZG DVS-7412.2", _PUSHED, _ROUND),
    (
        "list longer than 15",
        _V + "Holley DTZ541-ZDBA: lists longer than 15, times without a choice",
        _RECORDED,
        "",
    ),
    ("integers of 5 bytes", _V + "EMH eHZ: integers of 5 bytes", _RECORDED, ""),
    (
        "positive numbers sent as negative",
        _V + "a power without its leading zero",
        _RECORDED,
        _READER + "test_only_the_codes_named_are_read_as_unsigned",
    ),
    ("profile list", "", "", "tests/unit/protocols/sml/test_values.py::test_a_profile_list_gives_its_values"),
    (
        "which meter speaks",
        _V + "another meter is not heard",
        "",
        _READER + "test_another_meter_is_not_heard_and_what_is_not_told_is_unknown",
    ),
    (
        "listening from the middle of a file",
        _V + "a file cut off before the next",
        "",
        _READER + "test_a_file_that_began_before_us_is_let_go_by",
    ),
)
