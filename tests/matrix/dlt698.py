"""What of DL/T 698.45 is proved by what: (function, vector, peer, simulated meter)."""

PROTOCOL = "DL/T 698.45-2017"
_T, _V = "tests/unit/protocols/dlt698/", "tests/vectors/lines/dlt698.json#"
_PEER, _READER, _METER = _T + "test_against_the_peer.py::", _T + "test_reader.py::", _T + "test_meter.py::"
_FRAMES = _PEER + "test_both_build_the_same_frames_and_read_them_alike"
_SERVICES = _PEER + "test_published_services_mean_the_same_to_both"
_READ = _PEER + "test_our_master_reads_writes_and_controls_their_meter"

ROWS = (
    (
        "link frames, wildcard address",
        _V + "read the address (public tools)",
        _FRAMES,
        _READER + "test_an_object_is_read_under_every_option",
    ),
    (
        "group and broadcast addresses",
        _V + "trip to a group with time tag (load control tool)",
        _FRAMES,
        _METER + "test_broadcast_and_its_groups_are_obeyed_in_silence",
    ),
    ("extended logical address", _V + "extended logical address, odd digits", "", ""),
    ("length in kilobytes", "", "", _T + "test_framer.py::test_a_length_in_kilobytes_is_understood"),
    (
        "scrambling",
        _V + "scrambled, logical address 1",
        _FRAMES,
        _METER + "test_it_scrambles_when_it_is_asked_so",
    ),
    (
        "segments of the link layer",
        _V + "segments",
        _PEER + "test_long_values_go_both_ways_in_segments",
        _READER + "test_long_answers_come_in_blocks_and_segments",
    ),
    (
        "LINK login, heartbeat",
        _V + "login (terminal capture)",
        _PEER + "test_published_frames_mean_the_same_to_both",
        "",
    ),
    (
        "CONNECT, RELEASE",
        _V + "connect (master station source)",
        _READ,
        _READER + "test_an_association_is_opened_once_and_closed",
    ),
    ("GET, GET list", _V + "read voltages (master station source)", _READ, _READER + "test_requests"),
    (
        "GET record",
        _V + "secured record of energies (meter capture 2)",
        _PEER + "test_our_master_reads_their_records",
        _T + "test_records.py::test_selectors",
    ),
    (
        "GET next",
        _V + "block of objects",
        _PEER + "test_their_master_reads_our_long_answers",
        _READER + "test_long_answers_come_in_blocks_and_segments",
    ),
    (
        "SET, SET then GET",
        _V + "set then get (standard D.4.3, by 600888/dlt698)",
        _READ,
        _METER + "test_set_then_get_reads_what_was_set",
    ),
    (
        "ACTION, ACTION then GET",
        _V + "action list (master station source)",
        _READ,
        _METER + "test_actions_run_methods",
    ),
    (
        "trip, close, alarm, guarantee",
        _V + "trip to a group with time tag (load control tool)",
        _READ,
        _READER + "test_each_control_reaches_its_method",
    ),
    ("REPORT", _V + "report of a record", _SERVICES, ""),
    ("PROXY", _V + "proxy passes a 376.2 frame on (test line cases, 06 3.1.2.3)", _SERVICES, ""),
    (
        "SECURITY: SID, RN and MAC",
        _V + "secured read with SID and MAC (standard annex, master station source)",
        _SERVICES,
        _READER + "test_changes_go_secured_and_reads_in_plain",
    ),
    (
        "time tag, follow report, ACD",
        _V + "answer with a follow report of records",
        _SERVICES,
        _METER + "test_a_time_tag_that_ran_out_stops_changes_and_is_echoed",
    ),
    (
        "every type of data",
        _V + "data: RSD range",
        _PEER + "test_each_type_of_data_means_the_same_to_both",
        _T + "test_data.py::test_each_type_goes_round_and_none_of_it_may_be_missing",
    ),
)
