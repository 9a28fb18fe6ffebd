PROTOCOL = "DL/T 645-1997"

_UNIT = "tests/unit/protocols/dlt645_97/"
_LOG = _UNIT + "test_frames_and_items.py::test_captured_replies_answer_a_request_to_the_one_meter"
_BOTH = _UNIT + "test_meter_and_reader.py::"
_ACTION = _BOTH + "test_every_action"
_VECTOR = "tests/vectors/lines/dlt645_97.json#"

# A vector stands here only when its bytes were published or captured by others.
ROWS = (
    (
        "01 read, items",
        _VECTOR + "captured: forward energy 0.26 kWh",
        "",
        _BOTH + "test_an_answer_in_pieces_is_joined",
    ),
    ("01 read by 999999999999", _LOG, "", _BOTH + "test_the_address_comes_with_any_answer"),
    (
        "01 read, block",
        _VECTOR + "captured: energy block without AA",
        "",
        _BOTH + "test_an_answer_in_pieces_is_joined",
    ),
    ("02 read follow-up", "", "", _BOTH + "test_a_lost_piece_is_made_good_by_one_restart"),
    ("03 read again", "", "", _VECTOR + "meter: pieces, the last again"),
    ("04 write", _VECTOR + "captured: write of the date", "", _BOTH + "test_authority"),
    ("08 broadcast time", "", "", _ACTION),
    ("0A write address", "", "", _ACTION),
    ("0C change speed", "", "", _ACTION),
    ("0F change password", _VECTOR + "published: change password", "", _ACTION),
    ("10 clear demand", "", "", _ACTION),
    ("error byte", _VECTOR + "captured: no such data", "", _BOTH + "test_mute_and_refused"),
)
