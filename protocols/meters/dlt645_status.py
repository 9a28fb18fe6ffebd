"""The run status words 1..7 of a DL/T 645-2007 meter (DI 04000501..07), bit by bit."""

_PHASE = (
    (0, 1, "voltage_loss"),
    (1, 1, "under_voltage"),
    (2, 1, "over_voltage"),
    (3, 1, "current_loss"),
    (4, 1, "over_current"),
    (5, 1, "overload"),
    (6, 1, "reverse_flow"),
    (7, 1, "phase_break"),
    (8, 1, "current_break"),
)

# word -> (first bit, bits, name); a bit that is not here is reserved
STATUS_BITS = {
    1: (
        (1, 1, "demand_method"),  # 0 sliding, 1 block
        (2, 1, "clock_battery_low"),
        (3, 1, "reading_battery_low"),
        (4, 1, "active_reverse"),
        (5, 1, "reactive_reverse"),
    ),
    2: (
        (0, 1, "active_reverse_a"),
        (1, 1, "active_reverse_b"),
        (2, 1, "active_reverse_c"),
        (4, 1, "reactive_reverse_a"),
        (5, 1, "reactive_reverse_b"),
        (6, 1, "reactive_reverse_c"),
    ),
    3: (
        (0, 1, "slot_table"),  # 0 first set, 1 second
        (1, 2, "supply"),  # 0 main, 1 auxiliary, 2 battery
        (3, 1, "programming_allowed"),
        (4, 1, "relay_open"),
        (5, 1, "zone_table"),
        (6, 1, "relay_command_open"),
        (7, 1, "trip_warning"),
        (8, 2, "prepaid"),  # 0 no, 1 energy, 2 money
        (13, 1, "guaranteed"),
    ),
    4: _PHASE,
    5: _PHASE,
    6: _PHASE,
    7: (
        (0, 1, "voltage_sequence"),
        (1, 1, "current_sequence"),
        (2, 1, "voltage_unbalance"),
        (3, 1, "current_unbalance"),
        (4, 1, "aux_supply_loss"),
        (5, 1, "power_down"),
        (6, 1, "demand_over"),
        (7, 1, "power_factor_low"),
    ),
}


def flags(word, value) -> dict:
    """{name: number} of what is not zero in status word 1..7."""
    out = {}
    for first, bits, name in STATUS_BITS[word]:
        n = value >> first & (1 << bits) - 1
        if n:
            out[name] = n
    return out
