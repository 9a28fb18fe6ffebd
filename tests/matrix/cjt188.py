PROTOCOL = "CJ/T 188"

_SERVER = "tests/unit/protocols/cjt188/test_server_and_reader.py::"
_ITEMS = "tests/unit/protocols/cjt188/test_items.py::"
_VECTOR = "tests/vectors/lines/cjt188.json#"

ROWS = (
    (
        "read 901F of water and gas meters",
        _VECTOR + "its reply with the right checksum (Fox-Tech test)",
        "",
        _SERVER + "test_the_totals_of_water_and_gas_meters",
    ),
    (
        "read 901F of heat meters",
        _VECTOR + "heat, type 25, in use for years",
        "",
        _ITEMS + "test_heat_has_ten_fields",
    ),
    (
        "read D120 to D12B, months",
        "",
        "",
        _SERVER + "test_the_data_behind_an_identifier_comes_as_it_is",
    ),
    ("read 8102 to 8105, prices and money", "", "", _ITEMS + "test_price_and_money_have_five_fields_each"),
    (
        "units of each value",
        _VECTOR + "water, volume in litres",
        "",
        _SERVER + "test_values_come_with_the_scale_of_their_unit",
    ),
    (
        "read address, wildcards",
        _VECTOR + "that answers the wildcards",
        "",
        _SERVER + "test_the_wildcard_finds_the_single_meter",
    ),
    ("read key version", "", "", _SERVER + "test_the_data_behind_an_identifier_comes_as_it_is"),
    (
        "write, clock A015 and base A016",
        _VECTOR + "set the base of a gas meter (public test tool)",
        "",
        _SERVER + "test_writes_change_the_store",
    ),
    (
        "write address A018",
        _VECTOR + "write the address of a gas meter (public test tool)",
        "",
        _SERVER + "test_a_new_address_is_taken",
    ),
    (
        "valve A017",
        _VECTOR + "close the valve, high byte first (csdn 47306719)",
        "",
        _SERVER + "test_the_valve_closes_and_opens",
    ),
    ("error reply", "", "", _SERVER + "test_an_unknown_item_is_refused_with_the_status_of_the_meter"),
    (
        "identifiers with either byte first",
        _VECTOR + "valve opened: status word in the reply (csdn 47306719)",
        "",
        _SERVER + "test_a_meter_with_the_high_byte_first",
    ),
)
