"""Every measured or stored quantity we know: the one owner of point numbers, names, units and scales.

A row is (no, obis, alias, unit, scale, kind, zh, en). `no` stands in messages and databases and never
changes its meaning. `obis` is the name for machines (IEC 62056-6-1, A-B:C.D.E*F), `alias` the one for people
and code. The canonical value is an integer at `scale` (power of ten) in `unit`; of kind "text" a string.
Of kind "time" it is seconds since 1970-01-01 00:00 as the meter's own clock shows, without zone.

OBIS has no names for some quantities; ours use C >= 128: 128 + C of a demand is its time, 160 status
words, 161 prepaid, 162 settings, 163 and 164 event counts and minutes, 165 voltages between phases (1 A-B, 2
B-C, 3 C-A); 129 of heat is its energy in joules. F = 255 is the present value, F = 100
+ n that of the n-th last settlement, freeze or purchase; it is found under the same row.

With 63 tariffs of each energy there are 2,300 rows, more than a terminal has room for. So the tables are
text, one line a family of rows, and POINTS, BY_NO, BY_OBIS and BY_ALIAS make the rows that are asked for.
"""

QUALITIES = {0: "measured", 1: "backfilled", 2: "estimated", 3: "manual", 4: "suspect"}

TARIFFS = 64  # total and 63 tariffs, DL/T 645-2007 table A.1
# First numbers of the big families
ENERGY, DEMAND, DEMAND_TIME = 256, 1024, 2048  # + 64 * register (line of _REGISTERS) + tariff
PHASE_ENERGY = 960  # + 3 * (register - 1) + phase
EVENT_COUNT, EVENT_MINUTES = 3000, 3100  # + 4 * event kind + phase; phase 0 when not by phase

# first no|obis|alias|unit|scale|kind|zh|en|members, whose parts stand at {}:
#   p x y z  phases A B C with these OBIS parts     s n  total and phases, OBIS C = n, n + 20, n + 40, n + 60
#   n k      numbers 1..k                           t    total and 63 tariffs
_TABLE = """\
1|1-0:{}.7.0*255|voltage{}_dv|V|-1|voltage|{}电压|Voltage{}|p 32 52 72
4|1-0:{}.7.0*255|current{}_ma|A|-3|current|{}电流|Current{}|p 31 51 71
7|1-0:91.7.0*255|current_n_ma|A|-3|current|零线电流|Neutral current|
8|1-0:{}.7.0*255|power{}_dw|kW|-4|power|{}有功功率|Active power{}|s 16
12|1-0:{}.7.0*255|reactive_power{}_dvar|kvar|-4|power|{}无功功率|Reactive power{}|s 3
16|1-0:{}.7.0*255|apparent_power{}_dva|kVA|-4|power|{}视在功率|Apparent power{}|s 9
20|1-0:{}.7.0*255|power_factor{}_e3||-3|factor|{}功率因数|Power factor{}|s 13
24|1-0:14.7.0*255|frequency_chz|Hz|-2|frequency|电网频率|Frequency|
25|1-0:81.7.{}*255|angle{}_ddeg|deg|-1|angle|{}相角|Phase angle{}|p 4 15 26
28|1-0:{}.7.124*255|thd_voltage{}_cpct|%|-2|percent|{}电压波形失真度|Voltage distortion{}|p 32 52 72
31|1-0:{}.7.124*255|thd_current{}_cpct|%|-2|percent|{}电流波形失真度|Current distortion{}|p 31 51 71
34|1-0:16.14.0*255|power_1min_dw|kW|-4|power|一分钟平均有功功率|Active power, 1 min average|
35|1-0:16.4.0*255|demand_now_dw|kW|-4|demand|当前有功需量|Present active demand|
36|1-0:3.4.0*255|demand_now_dvar|kvar|-4|demand|当前无功需量|Present reactive demand|
37|1-0:9.4.0*255|demand_now_dva|kVA|-4|demand|当前视在需量|Present apparent demand|
38|0-0:96.9.0*255|temperature_ddegc|degC|-1|temperature|表内温度|Meter temperature|
39|0-0:96.6.3*255|clock_battery_cv|V|-2|voltage|时钟电池电压|Clock battery|
40|0-1:96.6.3*255|reading_battery_cv|V|-2|voltage|停电抄表电池电压|Outage reading battery|
41|0-0:96.6.0*255|battery_min|min|0|duration|电池工作时间|Battery use time|
48|0-0:160.0.{}*255|status_word_{}||0|bits|运行状态字{}|Status word {}|n 7
55|0-0:96.3.10*255|relay_state||0|state|继电器状态（1合 0断）|Relay (1 closed, 0 open)|
56|0-0:1.0.0*255|clock|s|0|time|电表时钟|Meter clock|
57|1-0:0.9.2*255|clock_date|s|0|time|电表日期|Meter date|
58|1-0:0.9.1*255|clock_time|s|0|duration|电表时间（当日秒）|Meter time of day|
59|0-0:162.9.0*255|freeze_time|s|0|time|冻结时间|Freeze time|
60|0-0:161.0.0*255|remaining_wh|kWh|-3|energy|剩余电量|Remaining energy|
61|0-0:161.0.1*255|overdrawn_wh|kWh|-3|energy|透支电量|Overdrawn energy|
62|0-0:161.1.0*255|remaining_yuan_e4|yuan|-4|money|剩余金额|Remaining money|
63|0-0:161.1.1*255|overdrawn_yuan_e4|yuan|-4|money|透支金额|Overdrawn money|
64|0-0:161.4.1*255|energy_purchase_time|s|0|time|购电时间|Energy purchase time|
65|0-0:161.4.2*255|energy_purchase_count||0|count|购电次数|Energy purchases|
66|0-0:161.4.3*255|energy_bought_wh|kWh|-3|energy|购电量|Energy bought|
67|0-0:161.4.4*255|energy_before_purchase_wh|kWh|-3|energy|购电前剩余电量|Energy before purchase|
68|0-0:161.4.5*255|energy_after_purchase_wh|kWh|-3|energy|购电后剩余电量|Energy after purchase|
69|0-0:161.4.6*255|energy_bought_total_wh|kWh|-3|energy|累计购电量|Energy bought in all|
70|0-0:161.5.1*255|money_purchase_time|s|0|time|充值时间|Top-up time|
71|0-0:161.5.2*255|money_purchase_count||0|count|充值次数|Top-ups|
72|0-0:161.5.3*255|money_bought_yuan_e4|yuan|-4|money|充值金额|Money topped up|
73|0-0:161.5.4*255|money_before_purchase_yuan_e4|yuan|-4|money|充值前剩余金额|Money before top-up|
74|0-0:161.5.5*255|money_after_purchase_yuan_e4|yuan|-4|money|充值后剩余金额|Money after top-up|
75|0-0:161.5.6*255|money_bought_total_yuan_e4|yuan|-4|money|累计充值金额|Money topped up in all|
76|0-0:161.2.1*255|alarm_1_wh|kWh|-3|energy|报警电量1限值|Energy alarm 1|
77|0-0:161.2.2*255|alarm_2_wh|kWh|-3|energy|报警电量2限值|Energy alarm 2|
78|0-0:161.2.3*255|hoard_limit_wh|kWh|-3|energy|囤积电量限值|Energy hoarding limit|
79|0-0:161.2.4*255|overdraft_limit_wh|kWh|-3|energy|透支电量限值|Energy overdraft limit|
80|0-0:161.3.1*255|alarm_1_yuan_e4|yuan|-4|money|报警金额1限值|Money alarm 1|
81|0-0:161.3.2*255|alarm_2_yuan_e4|yuan|-4|money|报警金额2限值|Money alarm 2|
82|0-0:161.3.3*255|overdraft_limit_yuan_e4|yuan|-4|money|透支金额限值|Money overdraft limit|
83|0-0:161.3.4*255|hoard_limit_yuan_e4|yuan|-4|money|囤积金额限值|Money hoarding limit|
84|0-0:161.3.5*255|close_limit_yuan_e4|yuan|-4|money|合闸允许金额限值|Money needed to close|
86|0-0:162.0.1*255|trip_delay_min|min|0|setting|跳闸延时|Trip delay|
88|1-0:0.8.0*255|demand_period_min|min|0|setting|最大需量周期|Demand period|
89|0-0:162.0.2*255|demand_slide_min|min|0|setting|滑差时间|Demand slide time|
90|0-0:162.1.1*255|year_zones||0|setting|年时区数|Year zones|
91|0-0:162.1.2*255|day_tables||0|setting|日时段表数|Day tables|
92|0-0:162.1.3*255|day_slots||0|setting|日时段数|Day slots|
93|0-0:162.1.4*255|tariffs||0|setting|费率数|Tariffs|
94|0-0:162.1.5*255|holidays||0|setting|公共假日数|Public holidays|
95|0-0:162.1.6*255|harmonics||0|setting|谐波分析次数|Harmonics analysed|
96|0-0:162.1.7*255|steps||0|setting|阶梯数|Steps|
97|1-0:0.4.2*255|ct_ratio||0|ratio|电流互感器变比|CT ratio|
98|1-0:0.4.3*255|pt_ratio||0|ratio|电压互感器变比|PT ratio|
99|1-0:0.3.0*255|active_constant|imp/kWh|0|setting|有功常数|Active constant|
100|1-0:0.3.1*255|reactive_constant|imp/kvarh|0|setting|无功常数|Reactive constant|
101|0-0:162.2.{}*255|settlement_{}_ddhh|ddhh|0|setting|每月第{}结算日|Settlement day {}|n 3
104|0-0:162.3.1*255|limit_import_dw|kW|-4|setting|正向有功功率上限|Import power limit|
105|0-0:162.3.2*255|limit_export_dw|kW|-4|setting|反向有功功率上限|Export power limit|
106|0-0:162.3.3*255|limit_voltage_high_dv|V|-1|setting|电压上限|Upper voltage limit|
107|0-0:162.3.4*255|limit_voltage_low_dv|V|-1|setting|电压下限|Lower voltage limit|
108|0-0:162.4.1*255|weekend_word||0|bits|周休日特征字|Weekend word|
109|0-0:162.4.2*255|weekend_table||0|setting|周休日时段表号|Weekend day table|
110|0-0:96.1.1*255|address||0|text|通信地址|Address|
111|0-0:96.1.0*255|meter_no||0|text|表号|Meter number|
112|0-0:96.1.2*255|asset_no||0|text|资产管理编码|Asset number|
113|1-0:0.6.0*255|rated_voltage||0|text|额定电压|Rated voltage|
114|1-0:0.6.1*255|rated_current||0|text|额定电流|Rated current|
115|1-0:0.6.3*255|max_current||0|text|最大电流|Maximum current|
116|0-0:162.5.1*255|active_class||0|text|有功准确度等级|Active accuracy class|
117|0-0:162.5.2*255|reactive_class||0|text|无功准确度等级|Reactive accuracy class|
118|0-0:96.1.3*255|meter_type||0|text|电表型号|Meter type|
119|0-0:96.1.4*255|production_date||0|text|生产日期|Production date|
120|0-0:162.5.3*255|protocol_version||0|text|协议版本号|Protocol version|
128|1-0:32.7.{}*255|harmonic_voltage_a_{}_cpct|%|-2|percent|A相电压{}次谐波含量|Voltage A, harmonic {}|n 21
149|1-0:52.7.{}*255|harmonic_voltage_b_{}_cpct|%|-2|percent|B相电压{}次谐波含量|Voltage B, harmonic {}|n 21
170|1-0:72.7.{}*255|harmonic_voltage_c_{}_cpct|%|-2|percent|C相电压{}次谐波含量|Voltage C, harmonic {}|n 21
191|1-0:31.7.{}*255|harmonic_current_a_{}_cpct|%|-2|percent|A相电流{}次谐波含量|Current A, harmonic {}|n 21
212|1-0:51.7.{}*255|harmonic_current_b_{}_cpct|%|-2|percent|B相电流{}次谐波含量|Current B, harmonic {}|n 21
233|1-0:71.7.{}*255|harmonic_current_c_{}_cpct|%|-2|percent|C相电流{}次谐波含量|Current C, harmonic {}|n 21
3200|0-0:163.48.1*255|programming_count||0|count|编程次数|Programmings|
3201|0-0:163.48.2*255|meter_clear_count||0|count|电表清零次数|Meter clears|
3202|0-0:163.48.3*255|demand_clear_count||0|count|需量清零次数|Demand clears|
3203|0-0:163.48.4*255|event_clear_count||0|count|事件清零次数|Event clears|
3204|0-0:163.48.5*255|clock_set_count||0|count|校时次数|Clock settings|
3213|0-0:163.48.14*255|cover_open_count||0|count|开表盖次数|Meter cover openings|
3214|0-0:163.48.15*255|terminal_cover_open_count||0|count|开端钮盖次数|Terminal cover openings|
3215|0-0:163.17.0*255|power_down_count||0|count|掉电次数|Power losses|
3216|0-0:163.29.0*255|trip_count||0|count|拉闸次数|Trips|
3217|0-0:163.30.0*255|close_count||0|count|合闸次数|Closings|
3300|8-0:1.0.0*255|water_volume_dl|m3|-4|volume|累积水量|Water volume|
3301|8-0:1.2.0*255|water_settled_dl|m3|-4|volume|结算日累积水量|Water volume at settlement|
3302|8-0:2.0.0*255|water_flow_lh|m3/h|-3|flow|瞬时水流量|Water flow|
3303|9-0:1.0.0*255|hot_water_volume_dl|m3|-4|volume|热水累积量|Hot water volume|
3304|7-0:3.0.0*255|gas_volume_dl|m3|-4|volume|累积气量|Gas volume|
3305|6-0:1.0.0*255|heat_energy_wh|kWh|-3|energy|累积热量|Heat energy|
3306|6-0:129.0.0*255|heat_energy_kj|MJ|-3|energy|累积热量（兆焦）|Heat energy in joules|
3307|5-0:1.0.0*255|cold_energy_wh|kWh|-3|energy|累积冷量|Cooling energy|
3308|6-0:2.0.0*255|heat_volume_dl|m3|-4|volume|热媒累积流量|Heat medium volume|
3309|6-0:8.0.0*255|heat_power_dw|kW|-4|power|热功率|Heat power|
3310|6-0:9.0.0*255|heat_flow_lh|m3/h|-3|flow|热媒流量|Heat medium flow|
3311|6-0:10.0.0*255|heat_supply_cdegc|degC|-2|temperature|供水温度|Flow temperature|
3312|6-0:11.0.0*255|heat_return_cdegc|degC|-2|temperature|回水温度|Return temperature|
3313|6-0:12.0.0*255|heat_difference_ck|K|-2|temperature|供回水温差|Temperature difference|
3320|0-0:96.8.0*255|operating_h|h|0|duration|累计工作时间|Operating time|
3321|0-0:97.97.0*255|error_flags||0|bits|故障标志|Error flags|
3322|0-0:162.6.1*255|valve_state||0|state|阀门状态（1开 0关）|Valve (1 open, 0 closed)|
3323|1-0:165.7.{}*255|voltage_line_{}_dv|V|-1|voltage|线电压{}|Line voltage {}|n 3
3326|0-0:97.97.9*255|error_code||0|text|故障码|Error code as the meter writes it|"""

# Registers in the order of DL/T 645: OBIS C|alias|unit of power|zh|en
_REGISTERS = """\
15|combined|w|组合有功|combined active
1|import|w|正向有功|active import
2|export|w|反向有功|active export
3|reactive1|var|组合无功1|combined reactive 1
4|reactive2|var|组合无功2|combined reactive 2
5|q1|var|第一象限无功|reactive quadrant 1
6|q2|var|第二象限无功|reactive quadrant 2
7|q3|var|第三象限无功|reactive quadrant 3
8|q4|var|第四象限无功|reactive quadrant 4
9|apparent_import|va|正向视在|apparent import
10|apparent_export|va|反向视在|apparent export"""

# Events with count and minutes, DL/T 645 03 01.. 00 00: by phase or not|alias|zh|en
_EVENTS = """\
p|voltage_loss|失压|Voltage loss
p|under_voltage|欠压|Under-voltage
p|over_voltage|过压|Over-voltage
p|phase_loss|断相|Phase loss
|all_voltage_loss|全失压|Loss of all voltages
|aux_supply_loss|辅助电源失电|Auxiliary supply loss
|voltage_sequence|电压逆相序|Voltage reverse sequence
|current_sequence|电流逆相序|Current reverse sequence
|voltage_unbalance|电压不平衡|Voltage unbalance
|current_unbalance|电流不平衡|Current unbalance
p|current_loss|失流|Current loss
p|over_current|过流|Over-current
p|current_break|断流|Current break
p|reverse_flow|潮流反向|Reverse power flow
p|overload|过载|Overload"""

_KILO = {"w": "kW", "var": "kvar", "va": "kVA"}
_TARIFF_ZH = ("", "（尖）", "（峰）", "（平）", "（谷）")
_TARIFF_EN = ("", ", sharp", ", peak", ", flat", ", valley")


def _families():
    """Each family as (first no, obis, alias, unit, scale, kind, zh, en, members), made on the way."""
    for line in _TABLE.split("\n"):
        no, obis, alias, unit, scale, kind, zh, en, members = line.split("|")
        yield int(no), obis, alias, unit, int(scale), kind, zh, en, members
    for k, line in enumerate(_REGISTERS.split("\n")):
        yield from _registers(k, line.split("|"))
    for k, line in enumerate(_EVENTS.split("\n")):
        yield from _events(k, line.split("|"))


def _registers(k, fields):
    """Energy, energy of each phase, maximum demand and its time of register k."""
    c, alias, unit, zh, en = fields
    kilo, c = _KILO[unit], int(c)
    names = zh + "电能{}", "Energy, " + en + "{}"
    energy = ("energy_" + alias + "{}_" + unit + "h", kilo + "h", -3, "energy") + names
    yield (ENERGY + 64 * k, "1-0:%d.8.{}*255" % c) + energy + ("t",)
    if k == 0:
        return
    phases = "p %d %d %d" % (c + 20, c + 40, c + 60)
    yield (PHASE_ENERGY + 3 * (k - 1), "1-0:{}.8.0*255") + energy + (phases,)
    alias, zh, en = "demand_" + alias + "{}_", zh + "最大需量{}", "aximum demand, " + en + "{}"
    yield DEMAND + 64 * k, "1-0:%d.6.{}*255" % c, alias + "d" + unit, kilo, -4, "demand", zh, "M" + en, "t"
    obis = "1-0:%d.6.{}*255" % (128 + c)
    yield DEMAND_TIME + 64 * k, obis, alias + "time", "s", 0, "time", zh + "发生时间", "Time of m" + en, "t"


def _events(k, fields):
    """Count and minutes of event kind k, by phase or not."""
    phases, alias, zh, en = fields
    obis = ".%d.%s*255" % (k + 1, "{}" if phases else "0")
    no, members = 4 * k + len(phases), "p 1 2 3" if phases else ""
    names = "{}" + zh + "次数", en + "{}"
    yield (EVENT_COUNT + no, "0-0:163" + obis, alias + "{}_count", "", 0, "count") + names + (members,)
    names = "{}" + zh + "累计时间", en + " time{}"
    yield (EVENT_MINUTES + no, "0-0:164" + obis, alias + "{}_min", "min", 0, "duration") + names + (members,)


def _count(members) -> int:
    if members[:1] == "n":
        return int(members[2:])
    return {"": 1, "p": 3, "s": 4, "t": TARIFFS}[members[:1]]


def _member(members, i) -> tuple:
    """What stands at {} in (obis, alias, zh, en) of member i."""
    kind = members[:1]
    if kind == "n":
        return (str(i + 1),) * 4
    if kind == "t":
        zh = _TARIFF_ZH[i] if i < 5 else "（费率%d）" % i
        return str(i), "_t%d" % i if i else "", zh, _TARIFF_EN[i] if i < 5 else ", tariff %d" % i
    if kind == "p":
        return (members.split(" ")[i + 1],) + _phase(i + 1)
    if kind == "s":
        return (str(int(members[2:]) + 20 * i),) + (_phase(i) if i else ("", "", ""))
    return "", "", "", ""


def _phase(i) -> tuple:
    return "_" + " abc"[i], " ABC"[i] + "相", ", phase " + " ABC"[i]


def _row(family, i) -> tuple:
    no, obis, alias, unit, scale, kind, zh, en, members = family
    parts = _member(members, i)
    obis, alias = obis.replace("{}", parts[0]), alias.replace("{}", parts[1])
    return no + i, obis, alias, unit, scale, kind, zh.replace("{}", parts[2]), en.replace("{}", parts[3])


def _by_no(no):
    for family in _families():
        if family[0] <= no < family[0] + _count(family[8]):
            return _row(family, no - family[0])
    return None


def _by_text(column, text):
    for family in _families():
        before, _, after = family[column].partition("{}")
        if not (text.startswith(before) and text.endswith(after)):
            continue
        for i in range(_count(family[8])):
            if _row(family, i)[column] == text:
                return BY_NO[family[0] + i]  # one copy of a row, however it was asked for
    return None


def _by_obis(obis):
    code, _, f = obis.partition("*")
    past = f.isdigit() and 100 < int(f) < 200
    return _by_text(1, code + "*255" if past else obis)


class Index:
    """The part of a dict that readers use; keeps the rows that were asked for."""

    def __init__(self, find) -> None:
        self._find = find
        self._rows = {}

    def get(self, key, default=None):
        row = self._rows.get(key)
        if row is None:
            row = self._find(key)
            if row is None:
                return default
            self._rows[key] = row
        return row

    def __getitem__(self, key):
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    def __contains__(self, key) -> bool:
        return self.get(key) is not None


class _Points:
    """All rows, made one by one."""

    def __iter__(self):
        for family in _families():
            for i in range(_count(family[8])):
                yield _row(family, i)


POINTS = _Points()
BY_NO = Index(_by_no)
BY_OBIS = Index(_by_obis)
BY_ALIAS = Index(lambda alias: _by_text(2, alias))


def canonical(row, value, scale):
    """`value` at `scale` -> integer at the row's scale, cut towards zero where that is coarser."""
    if row[5] == "text":
        return value
    shift = scale - row[4]
    if shift >= 0:
        return value * 10**shift
    return value // 10**-shift if value >= 0 else -(-value // 10**-shift)
