"""What of Q/GDW 376.1 is proved by what: (function, vector, peer, simulated terminal)."""

PROTOCOL = "Q/GDW 376.1"
_T, _V = "tests/unit/protocols/gdw376/", "tests/vectors/lines/gdw376.json#"
_TERMINAL = _T + "test_terminal.py::"

ROWS = (
    (
        "login, heartbeat, confirmation",
        _V + "iteye.com/blog/2288789: login",
        "",
        _TERMINAL + "test_login_and_heartbeat_are_confirmed_by_number",
    ),
    (
        "several points and items in one frame",
        _V + "version 1: ten units asked in one frame",
        "",
        _TERMINAL + "test_values_of_several_points",
    ),
    (
        "additions: password, event counters, time tag",
        _V + "confirmation with event counters and Tp",
        "",
        _TERMINAL + "test_waiting_events_and_the_time_tag_come_along",
    ),
    ("clock, read and set", _V + "clock", "", _TERMINAL + "test_the_clock_is_set"),
    (
        "instant values, absent ones",
        _V + "GWWX-GDW376_RTOS BlueOperationContact: instant values",
        "",
        _T + "test_decoding.py::test_a_request_and_its_answer",
    ),
    (
        "registers by tariff",
        _V + "GWWX-GDW376_RTOS BlueOperationContact: readings",
        "",
        _T + "test_messages.py::test_counts_may_be_left_out",
    ),
    (
        "frozen days",
        _V + "csdn.net: daily freeze asked",
        "",
        _TERMINAL + "test_a_frozen_day_is_the_one_asked_for",
    ),
    (
        "parameters",
        _V + "set a meter",
        "",
        _TERMINAL + "test_every_item_set_is_read_back",
    ),
    ("purchase and dunning", "", "", _TERMINAL + "test_a_purchase_and_dunning"),
    (
        "controls with password",
        _V + "GWWX-GDW376_RTOS BlueOperationContact: trip",
        "",
        _TERMINAL + "test_controls_need_the_password",
    ),
    (
        "events",
        _V + "event power off and on",
        "",
        _T + "test_messages.py::test_every_event_goes_round",
    ),
    (
        "forwarding to a meter, file transfer",
        _V + "forwarded DL/T 645 answer",
        "",
        _TERMINAL + "test_forwarding_and_files",
    ),
    (
        "unknown items stay raw",
        _V + "one item known, the next not",
        "",
        _T + "test_messages.py::test_what_follows_an_unknown_unit_stays_raw",
    ),
)
