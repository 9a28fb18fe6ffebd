PROTOCOL = "Q/GDW 376.2"

_T, _V = "tests/unit/protocols/gdw3762/", "tests/vectors/lines/gdw3762.json#"
_FRAMER, _READER, _MODULE = _T + "test_framer.py::", _T + "test_reader.py::", _T + "test_module.py::"
_ROUND = _T + "test_items.py::test_every_item_goes_round_and_ends_where_it_ends"
_ASKS = _MODULE + "test_queries_and_settings"

# A vector stands here only when its bytes were published by others.
ROWS = (
    (
        "R: routing, relays, channel, rate, number",
        _V + "published: route paused (HPLC bench)",
        "",
        _FRAMER + "test_every_field_of_a_request_has_its_own_bits",
    ),
    (
        "R of an answer: level, phase, signals, event",
        "",
        "",
        _READER + "test_what_the_module_heard_is_kept_with_the_meter",
    ),
    (
        "A: source, relays, destination",
        _V + "published: a frame with a relay (DL.Protocol 1376_2)",
        "",
        _FRAMER + "test_an_answer_is_judged_by_direction_node_number_and_function",
    ),
    (
        "00 confirm, deny",
        _V + "published: confirmation, all channels idle (HPLC bench), values",
        "",
        _READER + "test_denials_come_with_their_name",
    ),
    (
        "01 init",
        _V + "published: parameters cleared (HPLC bench)",
        "",
        _MODULE + "test_nodes_are_added_listed_and_deleted",
    ),
    ("02 F1 pass on", "", "", _READER + "test_an_answer_in_pieces_comes_through_every_carrier"),
    ("03 F1 vendor", _V + "published: vendor asked (mfkiiyd/QGDW1376_2)", "", _ASKS),
    ("03 F4 own address, F7 timeout, F11 what is supported", "", "", _ASKS),
    ("03 F2 F3 F5 F6 F8 F9 F10 other queries", "", "", _ROUND),
    ("04 tests of the link", "", "", _ROUND),
    ("05 F1 own address", _V + "published: own address set (HPLC bench), values", "", _ASKS),
    ("05 F3 broadcast", "", "", _MODULE + "test_a_broadcast_reaches_every_meter"),
    ("05 F2 F4 F5 other controls", "", "", _ASKS),
    ("06 F1 F3 F4 reports of nodes and route", "", "", _ROUND),
    ("06 F2 report of data", "", "", _MODULE + "test_the_module_asks_what_to_read_and_reports_it"),
    ("06 F5 report of an event", "", "", _MODULE + "test_reports_are_told_from_answers_and_confirmed"),
    (
        "10 F1 count of nodes",
        _V + "published: no node of 1000 (13762 parser), values",
        "",
        _MODULE + "test_nodes_are_added_listed_and_deleted",
    ),
    (
        "10 F2 F5 list of nodes, not read",
        _V + "published: list of nodes asked (HPLC bench), values",
        "",
        _MODULE + "test_the_list_tells_level_phase_signal_and_who_was_not_read",
    ),
    (
        "10 F4 state of the route",
        "",
        "",
        _MODULE + "test_the_list_tells_level_phase_signal_and_who_was_not_read",
    ),
    ("10 F3 F6 relays, registered nodes", "", "", _ROUND),
    (
        "11 F1 F2 add and delete nodes",
        _V + "published: a node added (HPLC bench), values",
        "",
        _MODULE + "test_nodes_are_added_listed_and_deleted",
    ),
    ("11 F3 to F6 path, work, registering", "", "", _ROUND),
    ("12 restart, pause, resume", _V + "published: route paused (HPLC bench), values", "", _ASKS),
    (
        "13 F1 forward",
        _V + "published: energy of a meter forwarded (DL.Protocol 1376_2), values",
        "",
        _READER + "test_an_answer_in_pieces_comes_through_every_carrier",
    ),
    (
        "14 F1 the module asks what to read",
        "",
        "",
        _MODULE + "test_the_module_asks_what_to_read_and_reports_it",
    ),
    ("14 F2 F3 it asks for time, correction", "", "", _ROUND),
    ("15 F1 file", "", "", _ROUND),
    (
        "F1 F1 concurrent read",
        _V + "published: two frames of a meter in a concurrent read (test tool of a node maker), values",
        "",
        _READER + "test_concurrent_reads_answer_in_any_order_and_each_gets_its_own",
    ),
)
