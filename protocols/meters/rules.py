"""The anomaly rules of a terminal: numbers, names, units and defaults; `kind` of an event is the number.

For the station and for readers: a device carries only the numbers (firmware/metering/rules.py), and a test
holds the two together. Section RULES of the parameters replaces threshold, recovery and delay of a rule;
delay_s -1 switches it off. An anomaly begins when its value is beyond the threshold for delay_s without a
gap, and ends when it is back behind the recovery.

by: `phase` each phase by itself; `point` the metering point; `window` the point, watched over delay_s;
`terminal` the terminal, over delay_s; `moment` told at once, without an end.
sense: `<` or `>`: on which side of the threshold the anomaly lies.
Ratios are per mille: of the rated voltage Un, current In, apparent power Sn of the metering point's secondary
side, or of the contracted power. Without the rated value a rule judges nothing.

Conditions (in firmware/metering/measures.py):
- 1 only with current above 0.5 % In, 4 only below it; 1, 2 and 4 end when 5 begins.
- 6 only with U > 70 % Un, 7 only with U > 60 % Un, both only with another phase above 5 % In: a customer
  without load has no broken circuit. (Meters judge 7 without that: every night without load is an event.)
- 9 10 17 19 22 only with load (above 5 % In); 12 not with three wires; 20 only if neutral and what the phases
  leave for it differ by more than half of the larger one.
- 24 energy by power while no register moves; 26 not when a register rolls over at 999999.99 kWh.
- 27 28 energy of the registers against that by voltage and current, over the larger of their delays.
- 32 energy of summation group 7 against that of group 8; 44 has its threshold from section METERING.
- 46 is a filter: such values are judged by no rule, and nothing is told.
"""

# number|alias|event code|by|sense|threshold|recovery|delay_s|unit|zh|en
_TABLE = """\
1|voltage_loss|10|phase|<|780|850|60|‰ Un|失压|Voltage loss
2|under_voltage|24|phase|<|780|800|60|‰ Un|欠压|Under-voltage
3|over_voltage|24|phase|>|1200|1180|60|‰ Un|过压|Over-voltage
4|phase_loss|10|phase|<|600|650|60|‰ Un|断相|Phase loss
5|all_voltage_loss|10|point|<|600|650|60|‰ Un|全失压|Loss of all voltages
6|current_loss|9|phase|<|5|30|60|‰ In|失流|Current loss
7|current_break|9|phase|<|5|30|60|‰ In|断流|Current break
8|over_current|25|phase|>|1200|1150|60|‰ In|过流|Over-current
9|current_unbalance|17|point|>|300|250|60|‰|电流不平衡|Current unbalance
10|serious_current_unbalance|17|point|>|900|850|60|‰|电流严重不平衡|Serious current unbalance
11|voltage_unbalance|17|point|>|300|250|60|‰|电压不平衡|Voltage unbalance
12|reverse_power|118|phase|<|-5|-1|60|‰ Un In|潮流反向|Reverse power
13|apparent_power_high|26|point|>|1000|950|900|‰ Sn|视在功率越限|Apparent power over limit
14|overload|119|point|>|1200|1150|1800|‰ Sn|过负荷|Overload
15|contract_power|126|point|>|1000|950|900|‰|超合同容量|Power over contract
16|demand|121|point|>|1050|1000|60|‰|需量超限|Demand over contract
17|power_factor_low|120|point|<|300|350|60|‰|功率因数过低|Power factor low
18|voltage_harmonics|15|phase|>|500|450|60|0.01 %|电压谐波越限|Voltage harmonics over limit
19|current_harmonics|15|phase|>|2000|1800|60|0.01 %|电流谐波越限|Current harmonics over limit
20|neutral_current|122|point|>|200|150|60|‰ In|零火线电流异常|Neutral current does not fit
21|phase_sequence|11|point|>|0|1|60|bits|逆相序|Reverse phase sequence
22|phase_angle|11|phase|>|900|850|60|0.1°|相角异常|Phase angle out of load band
23|meter_clock|12|point|>|300|60|0|s|电能表时钟超差|Meter clock off
24|meter_stop|30|window|>|100|0|900|Wh|电能表停走|Meter stopped
25|meter_stop_current|30|point|>|50|0|86400|‰ In|有电流电能表停走|Meter stopped with current
26|register_decrease|27|moment|>|10|0|0|Wh|电能表示度下降|Register decrease
27|energy_deviation|28|window|>|2000|2000|900|‰|电能量超差|Energy deviation
28|meter_fly_away|29|window|>|4000|4000|900|‰|电能表飞走|Meter fly-away
29|reverse_energy|118|window|>|10|10|86400|‰|反向电量异常|Reverse energy
30|tariff_sum|13|point|>|40|30|60|Wh|费率电量之和不平|Tariffs do not sum up
31|phase_sum|13|point|>|100|80|900|‰|分相功率之和不平|Phases do not sum up
32|group_difference|22|terminal|>|20|20|86400|‰|电能量差动越限|Energy difference of groups
33|meter_battery|13|point|>|0|1|60|bits|电能表电池欠压|Meter battery low
34|status_word|33|moment|>|0|0|0||电能表运行状态字变位|Meter status word changed
35|programming|8|moment|>|0|0|0||电能表编程|Meter programmed
36|meter_clear|8|moment|>|0|0|0||电能表清零|Meter cleared
37|demand_clear|8|moment|>|0|0|0||需量清零|Demand cleared
38|event_clear|8|moment|>|0|0|0||事件清零|Meter events cleared
39|clock_setting|8|moment|>|0|0|0||电能表校时|Meter clock set
40|cover_open|37|moment|>|0|0|0||电能表开表盖|Meter cover open
41|terminal_cover_open|38|moment|>|0|0|0||电能表开端钮盖|Meter terminal cover open
42|input|4|moment|>|0|0|0||状态量变位|Status input changed
43|read_failure|31|point|>|59|10|0|s|抄表失败|Meter read failure
44|traffic|32|terminal|>|0|1|0|KiB|通信流量越限|Traffic over limit
45|authentication|20|moment|>|0|0|0||消息认证错误|Authentication failed
46|implausible|0|moment|>|3000|0|0|‰|数据不可信|Implausible values"""


class Rule:
    """One row of the table, by the names of its columns."""

    def __init__(self, line) -> None:
        no, self.alias, code, self.by, self.sense, threshold, recovery, delay_s, *texts = line.split("|")
        self.no, self.code = int(no), int(code)
        self.threshold, self.recovery, self.delay_s = int(threshold), int(recovery), int(delay_s)
        self.unit, self.zh, self.en = texts


RULES = {rule.no: rule for rule in (Rule(line) for line in _TABLE.split("\n"))}
