"""What of DLMS/COSEM is proved by what: (function, vector, peer, simulated meter)."""

PROTOCOL = "DLMS/COSEM (IEC 62056-46, -47, -5-3, -6-2; security suite 0)"
_T, _V = "tests/unit/protocols/dlms/", "tests/vectors/lines/dlms.json#"
_PEER, _METER = _T + "test_against_the_peer.py::", _T + "test_reader.py::"
_READ = _METER + "test_everything_is_read_and_written_on_any_line"
_SAFE = _T + "test_security_of_sessions.py::"
_CLIENT = _PEER + "test_its_client_reads_our_meter"
_CHANGES = _PEER + "test_its_client_asks_for_rows_lists_and_changes"
_REQUESTS = _PEER + "test_both_build_the_same_requests"

ROWS = (
    (
        "HDLC frames, addresses of 1, 2, 4 bytes",
        _V + "AARE frame (u9n/dlms-cosem tests, MIT)",
        _PEER + "test_both_build_the_same_hdlc_frames",
        _METER + "test_addresses_of_each_size_find_the_meter",
    ),
    (
        "SNRM, UA and their parameters",
        _V + "UA parameters (u9n/dlms-cosem tests, MIT)",
        _PEER + "test_it_reads_the_frames_of_our_meter",
        _METER + "test_frame_lengths_are_agreed_on",
    ),
    (
        "HDLC segments both ways, retry after silence",
        _V + "segmented frame of a public client (u9n/dlms-cosem tests, MIT)",
        _CLIENT,
        _METER + "test_hdlc_asks_once_more_after_silence",
    ),
    (
        "TCP and UDP wrapper",
        _V + "wrapped, ciphered push (u9n/dlms-cosem tests, MIT)",
        _PEER + "test_both_wrap_alike",
        _READ,
    ),
    (
        "association without and with password",
        _V + "AARQ with password (Green Book)",
        _PEER + "test_both_build_the_same_association_requests",
        _READ,
    ),
    ("release", _V + "RLRQ", _CLIENT, _METER + "test_close_is_over_even_when_nobody_answers"),
    ("GET", _V + "GET of an invocation counter (u9n tests)", _REQUESTS, _READ),
    ("GET with list", _V + "GET with list (u9n tests)", _CHANGES, _READ),
    ("GET in blocks", _V + "GET response block", _CLIENT, _READ),
    (
        "profile by range",
        _V + "GET by range (u9n tests)",
        _CHANGES,
        _METER + "test_rows_of_a_profile_are_selected",
    ),
    (
        "profile by entries",
        _V + "hdlc: a profile by entries",
        "",
        _METER + "test_rows_of_a_profile_are_selected",
    ),
    ("scaler and unit", _V + "hdlc none: a list", "", _METER + "test_scalers_are_read_once"),
    ("SET", _V + "SET of a clock (u9n tests)", _CHANGES, _READ),
    ("SET in blocks", _V + "SET first block", "", _READ),
    ("ACTION: disconnect, reconnect", _V + "ACTION disconnect", _CHANGES, _READ),
    ("data types", _V + "A-XDR compact array of structures", _PEER + "test_it_reads_our_data", _READ),
    (
        "refusals by name",
        _V + "exception with counter",
        _PEER + "test_it_reads_our_responses",
        _METER + "test_other_refusals_have_their_names",
    ),
    (
        "AES-GCM, glo- and general-glo-ciphering",
        _V + "glo-get-request encrypted and authenticated (Green Book)",
        _PEER + "test_both_protect_and_prove_alike",
        _READ,
    ),
    (
        "dedicated key",
        _V + "hdlc hls5 dedicated: a list",
        "",
        _SAFE + "test_a_dedicated_key_counts_for_itself",
    ),
    (
        "HLS mechanism 5",
        _V + "HLS 5, pass 3 (Green Book table 43)",
        _CLIENT,
        _SAFE + "test_a_meter_that_cannot_prove_itself_is_refused",
    ),
    (
        "invocation counters, replays",
        _V + "exception with counter",
        "",
        _SAFE + "test_a_replayed_control_is_refused_and_told_by_its_name",
    ),
    (
        "push heard from the middle on; its sender",
        "",
        "",
        _T + "test_push.py::test_a_push_whose_start_was_missed_is_dropped_for_the_next",
    ),
    (
        "replays after a restart",
        "",
        "",
        _T + "test_replays_after_a_restart.py::test_a_recorded_session_is_refused_by_the_next_reader",
    ),
    (
        "push: Kaifa, Aidon, Kamstrup",
        _V + "Kaifa MA304H3 list 3 (public HAN capture)",
        "",
        _T + "test_push.py::test_each_kind_of_push_is_heard",
    ),
    (
        "push in general blocks",
        _V + "Landis+Gyr E450 push in general blocks (public capture)",
        "",
        _T + "test_push.py::test_each_kind_of_push_is_heard",
    ),
    (
        "push, ciphered",
        _V + "Kaifa push in Tirol, suite 1, encrypted only (fneur/smart-meter-tirol)",
        "",
        _T + "test_push.py::test_a_replayed_push_is_refused",
    ),
)
