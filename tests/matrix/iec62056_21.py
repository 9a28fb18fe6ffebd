"""What proves which function of IEC 62056-21."""

PROTOCOL = "IEC 62056-21"

_V = "tests/vectors/lines/iec62056_21.json#"
_T = "tests/unit/protocols/iec62056_21/"
_PEER = _T + "test_against_the_peer.py::"
_OUT = _PEER + "test_it_reads_out_our_meter_whole_and_in_parts"
_PROGRAMMING = _PEER + "test_it_reads_and_writes_in_programming_mode"
_SAME = _PEER + "test_both_build_the_same_messages"
_READER = _T + "test_reader.py::"
_MODES = _READER + "test_a_readout_in_each_mode"
_COMMANDS = _READER + "test_programming_mode_reads_writes_and_executes"

# function, vector, peer, simulator
ROWS = (
    ("sign-on with device address", _V + "a request with an address", _OUT, _MODES),
    ("identification, speed", _V + "an identification, mode C, 19200 Bd", _OUT, _MODES),
    ("mode A readout", "", "", _MODES),
    ("mode B readout, speed letters", "", "", _MODES),
    ("mode C readout, option", _V + "an option: programming at 9600 Bd", _OUT, _MODES),
    ("data message, check character", _V + "two data sets and the end of a readout", _SAME, _MODES),
    (
        "readout in parts (EOT)",
        "",
        _OUT,
        _READER + "test_lost_parts_are_asked_for_again_and_none_is_taken_twice",
    ),
    (
        "repeat of a broken block (NAK)",
        "",
        "",
        _READER + "test_a_block_with_a_wrong_check_character_is_asked_for_again",
    ),
    ("change of speed and back", "", "", _READER + "test_the_speed_changes_after_the_option_and_goes_back"),
    ("password P0 P1", _V + "the operand of the password", _PROGRAMMING, _COMMANDS),
    ("password P2", "", "", _READER + "test_the_second_password_goes_with_p2"),
    (
        "refused password",
        "",
        _PEER + "test_it_is_refused_with_a_wrong_password",
        _READER + "test_a_wrong_password_is_sent_once_until_the_session_is_closed",
    ),
    (
        "read R1",
        _V + "a read command",
        _PROGRAMMING,
        _READER + "test_an_answer_without_an_address_is_that_of_the_address_asked",
    ),
    ("read R5", "", "", _COMMANDS),
    ("read in parts R6", "", "", _COMMANDS),
    ("write W1", _V + "a write command", _PROGRAMMING, ""),
    ("write W5", "", "", _COMMANDS),
    ("execute E2", "", "", _COMMANDS),
    ("break B0", _V + "the break", _SAME, _COMMANDS),
    ("error message", "", "", _READER + "test_what_the_meter_refuses_is_told_in_its_words"),
    ("units and powers of ten", _V + "readout of an Itron EM214", "", _MODES),
    ("values of the past", _V + "readout of a Landis+Gyr ZMD310: values of the past", "", _MODES),
    ("load profile", _V + "load profile of a Metcom MCS", "", ""),
    (
        "7E1 through an 8N1 port",
        _V + "a request as an 8N1 port hears 7E1",
        "",
        _READER + "test_an_8n1_port_gets_and_gives_parity",
    ),
)
