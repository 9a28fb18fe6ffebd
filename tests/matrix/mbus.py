"""What of M-Bus is proved by what: (function, vector, peer, simulated meter)."""

PROTOCOL = "M-Bus (EN 13757-2, EN 13757-3)"
_T, _V = "tests/unit/protocols/mbus/", "tests/vectors/lines/mbus.json#"
_PEER = _T + "test_against_the_peer.py::"
_METER = _T + "test_reader.py::test_all_telegrams_are_read_by_every_kind_of_address"

ROWS = (
    (
        "link reset SND_NKE",
        _V + "build reset_link 1",
        _PEER + "test_it_takes_our_short_frames",
        _METER,
    ),
    (
        "read REQ_UD2, all telegrams, frame count bit",
        _V + "libmbus test-frames/EMU_EMU-Professional-375-M-Bus.hex",
        _PEER + "test_both_read_a_public_capture_alike",
        _METER,
    ),
    (
        "secondary address with wildcards",
        _V + "build select",
        _PEER + "test_it_reads_the_energy_our_meter_sends",
        _METER,
    ),
    (
        "storage, tariff, subunit, function",
        _V + "libmbus test-frames/gmc_emmod206.hex",
        _PEER + "test_it_reads_the_energy_our_meter_sends",
        _T + "test_records.py::test_integers_go_round_with_storage_tariff_subunit_and_function",
    ),
    (
        "dates and times",
        _V + "libmbus test-frames/kamstrup_multical_601.hex",
        _PEER + "test_it_reads_dates_text_and_reals",
        _T + "test_records.py::test_dates_go_round",
    ),
    (
        "units in plain text",
        _V + "libmbus test-frames/ELV-Elvaco-CMa10.hex",
        _PEER + "test_both_read_a_public_capture_alike",
        _T + "test_records.py::test_what_is_measured_and_in_what_unit",
    ),
    (
        "variable length, manufacturer's block",
        _V + "libmbus test-frames/example_binary16_lvar.hex",
        _PEER + "test_it_reads_dates_text_and_reals",
        _T + "test_records.py::test_fill_bytes_and_the_manufacturers_block",
    ),
    (
        "application reset, change of speed and address",
        _V + "build set_baud 1 9600",
        "",
        _T + "test_reader.py::test_controls",
    ),
    (
        "errors of the meter",
        _V + "two telegrams by secondary address, a repeat, an unknown CI",
        "",
        _T + "test_reader.py::test_refusals_of_the_meter_keep_their_words",
    ),
)
