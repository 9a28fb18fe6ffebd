"""Which function (station.access.roles) a person needs for a command."""

OF_KIND = {
    kind: function
    for function, kinds in {
        "control": (
            "trip permit_close period_plan release guarantee factory_rest business_stop down_float"
            " month_energy period_enable exclusion auto_release reminder message"
            " meter_switch meter_guarantee"
        ),
        "prepaid": "purchase fee_order meter_order",
        "parameters": "parameters profile forward",
        "archive": "archive meter_change meter_replaced",
        "collect": "patrol search resend",
    }.items()
    for kind in kinds.split()
}
