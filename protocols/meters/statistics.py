"""What a terminal counts over a day or month: numbers, names and units. For the station; no device loads it.

Numbers stand in the records STATS next to those of protocols.meters.points, which end below 20000. Values of
a metering point are as its meter shows them, the secondary side, like its curves; those of a summation group
are on the primary side. Times are UTC seconds: of an extreme the start of its minute, of a demand the end of
its window. A number that is missing was not counted: nothing gave a value. In all counts of minutes a minute
counts by the values at its end.

STATISTICS has rows (number, alias, unit, scale, zh, en); the integer value stands at `scale`, a power of ten.
What the limits in the names are, the terminal's section `limits` says (protocols/uplink/parameters.py).
"""

FIRST = 20000
GROUP_CURVES = 100  # metering point under which the curves of all groups come, with the numbers 20111..20128

# number|alias|unit|scale|zh|en|members: x = highest, its time, lowest, its time; r = highest and its time;
# p = phases A B C, g = groups 1 to 8. The phase or group stands at {}, which of the extremes at *.
_TABLE = """\
20000|*power_dw|kW|-4|*有功功率|* active power|x
20004|*voltage{}_dv|V|-1|{}*电压|* voltage{}|px
20016|*current{}_ma|A|-3|{}*电流|* current{}|px
20030|voltage{}_assessed_min|min|0|{}电压考核时间|Voltage assessed{}|p
20033|voltage{}_above_min|min|0|{}电压越上限时间|Voltage above limit{}|p
20036|voltage{}_below_min|min|0|{}电压越下限时间|Voltage below limit{}|p
20040|*voltage_unbalance_e3|%|-1|*电压不平衡度|* voltage unbalance|r
20042|voltage_unbalance_over_min|min|0|电压不平衡越限时间|Voltage unbalance over limit|
20043|*current_unbalance_e3|%|-1|*电流不平衡度|* current unbalance|r
20045|current_unbalance_over_min|min|0|电流不平衡越限时间|Current unbalance over limit|
20046|power_factor_low_min|min|0|功率因数区段1时间|Power factor below low limit|
20047|power_factor_middle_min|min|0|功率因数区段2时间|Power factor between limits|
20048|power_factor_high_min|min|0|功率因数区段3时间|Power factor from high limit on|
20049|load_light_min|min|0|轻载时间|Light load|
20050|load_heavy_min|min|0|重载时间|Heavy load|
20051|load_over_min|min|0|过载时间|Overload|
20052|load_zero_min|min|0|空载时间|No load|
20053|thd_voltage{}_over_min|min|0|{}电压畸变越限时间|Voltage distortion over limit{}|p
20056|thd_current{}_over_min|min|0|{}电流畸变越限时间|Current distortion over limit{}|p
20060|*demand_dw|kW|-4|*有功需量|* active demand|r
20100|*group_power_w|kW|-3|*总加有功功率|* group power|x
20104|*group_demand_w|kW|-3|*总加有功需量|* group demand|r
20106|group_energy_wh|kWh|-3|总加有功电量|Group energy|
20111|group{}_power_w|kW|-3|{}有功功率|Power{}|g
20121|group{}_energy_wh|kWh|-3|{}有功电能示值|Energy total{}|g
20200|outage_min|min|0|停电时间|Without power|
20201|outage_count||0|停电次数|Power cuts|
20202|power_on_min|min|0|供电时间|Power on|
20203|resets||0|复位次数|Starts|
20204|traffic_bytes|B|0|通信流量|Traffic|"""

_EXTREMES = (("max_", "最大", "Highest"), ("min_", "最小", "Lowest"))


_PHASES = [("_" + p.lower(), p + "相", ", phase " + p) for p in "ABC"]
_GROUPS = [("_%d" % g, "总加组%d" % g, ", group %d" % g) for g in range(1, 9)]


def _row(no, fields, member, extreme):
    """One row with its phase or group and its extreme put in."""
    alias, unit, scale, zh, en = fields
    alias, zh, en = [text.format(part) for text, part in zip((alias, zh, en), member)]
    alias, zh, en = [text.replace("*", part) for text, part in zip((alias, zh, en), extreme)]
    return no, alias, unit, int(scale), zh, en


def _time_of(row):
    no, alias, _unit, _scale, zh, en = row
    return (
        no + 1,
        alias[: alias.rindex("_")] + "_time",
        "s",
        0,
        zh + "发生时间",
        "Time of " + en[:1].lower() + en[1:],
    )


def _rows():
    for line in _TABLE.split("\n"):
        no, alias, unit, scale, zh, en, members = line.split("|")
        fields, no = (alias, unit, scale, zh, en), int(no)
        extremes = _EXTREMES[: {"x": 2, "r": 1}.get(members[-1:], 0)]
        for member in {"p": _PHASES, "g": _GROUPS}.get(members[:1], [("", "", "")]):
            for extreme in extremes:
                row = _row(no, fields, member, extreme)
                yield row
                yield _time_of(row)
                no += 2
            if not extremes:
                yield _row(no, fields, member, ("", "", ""))
                no += 1


STATISTICS = tuple(_rows())
BY_NO = {row[0]: row for row in STATISTICS}
BY_ALIAS = {row[1]: row for row in STATISTICS}
