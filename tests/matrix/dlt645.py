PROTOCOL = "DL/T 645-2007"

_UNIT = "tests/unit/protocols/dlt645/"
_PEER = _UNIT + "test_peer.py::"
_OLD_PEER = "tests/unit/protocols/test_dlt645_against_the_peer.py::"
_RECORDS = _UNIT + "test_records.py::test_records_have_the_size_of_the_peers_table"
_READER = _UNIT + "test_reader.py::"
_ACTION = _READER + "test_every_other_action"
_CONTROL = _UNIT + "test_server.py::"
_VECTOR = "tests/vectors/lines/dlt645.json#"
_FIRST = "tests/vectors/dlt645.json#"

# A vector stands here only when its bytes were published or captured by others.
ROWS = (
    ("08 broadcast time", "", "", _ACTION),
    (
        "11 read, items",
        _FIRST + "reply, no FE: 0.26 kWh",
        _PEER + "test_our_reader_reads_their_meter",
        _READER + "test_an_answer_in_pieces_is_joined",
    ),
    ("11 read, block of items", "", "", _READER + "test_a_block_of_items_is_read_at_once"),
    (
        "11 read by wildcard address",
        "",
        "",
        _CONTROL + "test_reads_by_any_fitting_wildcard_are_answered_with_the_full_address",
    ),
    (
        "11 load records 06",
        _VECTOR + "captured: load record of one class",
        "",
        _READER + "test_load_records_are_asked_with_their_tail",
    ),
    ("11 event records 03 xx", "", _RECORDS, _UNIT + "test_decoding.py::test_records_have_named_fields"),
    ("11 trip and close records 1D, 1E", "", "", _VECTOR + "record: trip"),
    ("11 zones, slots, holidays 04 01..03", "", _RECORDS, _VECTOR + "table: year zones, first set"),
    ("11 freezes 05", "", "", _READER + "test_what_was_frozen_is_read"),
    ("11 freeze block 05 xx FF", "", "", _VECTOR + "freeze block"),
    ("12 read follow-up", "", "", _READER + "test_a_lost_piece_is_made_good_by_one_restart"),
    (
        "13 read address",
        "",
        _PEER + "test_our_reader_reads_their_meter",
        _READER + "test_the_address_is_read",
    ),
    (
        "14 write",
        _VECTOR + "published: write of two bytes to 04600101",
        _PEER + "test_our_reader_writes_to_their_meter",
        _READER + "test_a_write_changes_the_meter_and_is_never_repeated",
    ),
    ("15 write address", "", _PEER + "test_our_reader_gives_their_meter_an_address", _ACTION),
    ("16 freeze", "", _PEER + "test_our_reader_freezes_and_clears_events_on_their_meter", _ACTION),
    ("17 change speed", "", _PEER + "test_our_reader_changes_the_speed_of_their_meter", _ACTION),
    ("18 change password", "", _PEER + "test_our_reader_changes_a_password_of_their_meter", _ACTION),
    ("19 clear demand", _VECTOR + "published: clear demand", "", _ACTION),
    ("1A clear meter", "", "", _ACTION),
    ("1B clear events", "", _PEER + "test_our_reader_freezes_and_clears_events_on_their_meter", _ACTION),
    (
        "1C trip, close, alarm, guarantee",
        _VECTOR + "published: trip, N2 01, address 260305510009",
        "",
        _READER + "test_every_control_is_carried_out_once",
    ),
    (
        "1C sealed, ciphertext and MAC passed through",
        "",
        "",
        _CONTROL + "test_what_is_sealed_is_opened_by_the_esam_alone",
    ),
    ("1D multifunction output", "", "", _ACTION),
    (
        "03 security operations, passed through",
        "",
        "",
        _CONTROL + "test_security_operations_go_to_the_esam_and_errors_are_words",
    ),
    (
        "error byte",
        "",
        _OLD_PEER + "test_their_meter_tells_its_address_and_refuses_by_name",
        _READER + "test_a_refusal_counts_when_it_is_said_twice_and_is_final",
    ),
    ("error word of 03", "", "", _VECTOR + "error word: identity and address"),
)
