PROTOCOL = "Modbus RTU"

_UNIT = "tests/unit/protocols/modbus/"
_PEERS = _UNIT + "test_peers.py::"
_SERVER = _UNIT + "test_server_and_reader.py::"
_SPEC = "tests/vectors/lines/modbus.json#application protocol V1.1b3, "
_READ = _PEERS + "test_our_reader_reads_pymodbus"
_WRITE = _PEERS + "test_our_writes_arrive_at_pymodbus"
_VALUES = _SERVER + "test_values_come_as_on_the_wire"
_WRITES = _SERVER + "test_writes_change_the_store"

ROWS = (
    ("01 read coils", _SPEC + "6.1 read coils", _READ, _VALUES),
    ("02 read discrete inputs", _SPEC + "6.2 read discrete inputs", _READ, _VALUES),
    ("03 read holding registers", _SPEC + "6.3 read holding registers", _READ, _VALUES),
    ("04 read input registers", _SPEC + "6.4 read input registers", _READ, _VALUES),
    ("05 write single coil", _SPEC + "6.5 write single coil", _WRITE, _WRITES),
    ("06 write single register", _SPEC + "6.6 write single register", _WRITE, _WRITES),
    ("0F write multiple coils", _SPEC + "6.11 write multiple coils", _WRITE, _WRITES),
    ("10 write multiple registers", _SPEC + "6.12 write multiple registers", _WRITE, _WRITES),
    (
        "2B/0E read device identification",
        _SPEC + "6.21: three objects, lengths as the texts are",
        _PEERS + "test_our_reader_reads_the_identification_of_pymodbus",
        _SERVER + "test_identification_is_read_over_as_many_frames_as_it_takes",
    ),
    (
        "exceptions 01 to 04",
        _SPEC + "7: exception 02 to reading a coil at 04A1",
        _PEERS + "test_pymodbus_sees_our_exceptions",
        _SERVER + "test_what_is_wrong_gets_the_exception_of_the_standard",
    ),
    ("broadcast write", "", "", _SERVER + "test_a_broadcast_write_reaches_all_units_and_none_answers"),
    (
        "frames by length, not silence",
        "tests/vectors/lines/modbus.json#a false start of 200 bytes hides a good frame",
        _PEERS + "test_minimalmodbus_reads_and_writes_our_server",
        _UNIT + "test_framer.py::test_a_pause_inside_a_frame_does_no_harm",
    ),
    (
        "word and byte orders",
        "tests/vectors/lines/modbus.json#f64 CDAB: 1234.5678, low register first",
        _READ,
        "tests/unit/profiles/test_types.py::test_word_orders_of_32_bits",
    ),
    (
        "float32 and float64 to integers",
        "tests/vectors/lines/modbus.json#f32 ABCD: 1234.567 kWh as near as 24 bits come",
        _READ,
        "tests/unit/profiles/test_types.py::test_floats_are_rounded_once_to_the_nearest",
    ),
    (
        "block planner",
        "tests/vectors/lines/modbus.json#plan: gaps are read over, forbidden areas are not",
        "",
        _UNIT + "test_plan.py::test_plan_is_allowed_whole_and_as_short_as_any",
    ),
)
